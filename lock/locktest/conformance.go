package locktest

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/mosparo/go-cluster/lock"
)

// Conformance runs the suite on the backends that open makes, one for each
// subtest. Every rule uses names of its own, so that open may return one backend
// again and again. A backend is checked against its own [lock.Properties]. The
// rules that wait for lifetimes to end run at the same time, after the others; open
// is called by one goroutine at a time. It panics if open or an option is nil.
func Conformance(t *testing.T, open func(t *testing.T) lock.Backend, opts ...Option) {
	t.Helper()
	if open == nil {
		panic("locktest.Conformance: open is nil")
	}
	var cfg config
	for _, o := range opts {
		if o == nil {
			panic("locktest.Conformance: opts has a nil Option")
		}
		o(&cfg)
	}
	var opening sync.Mutex
	openOne := func(t *testing.T) lock.Backend {
		opening.Lock()
		defer opening.Unlock()
		return open(t)
	}
	for _, r := range rules {
		r.test(t, openOne, cfg)
	}
	var waiting sync.WaitGroup
	for _, r := range waitingRules {
		waiting.Go(func() { r.test(t, openOne, cfg) })
	}
	waiting.Wait()
}

// test runs the rule as a subtest.
func (r *rule) test(t *testing.T, open func(t *testing.T) lock.Backend, cfg config) {
	t.Run(r.name, func(t *testing.T) {
		if reason, ok := cfg.skip[r.name]; ok {
			t.Skip(reason)
		}
		b := open(t)
		if b == nil {
			t.Fatal("open returned no backend")
		}
		r.run(t, b)
	})
}

// Option tells [Conformance] what to expect of a backend.
type Option func(*config)

type config struct{ skip map[string]string }

// WithoutRule skips one rule, named as the subtest is, and logs the reason.
func WithoutRule(name, reason string) Option {
	return func(c *config) {
		if c.skip == nil {
			c.skip = map[string]string{}
		}
		c.skip[name] = reason
	}
}

// NewToken makes a token as a Locker does.
func NewToken() lock.Token {
	var b [16]byte
	rand.Read(b[:]) // never fails
	return lock.Token(base64.RawURLEncoding.EncodeToString(b[:]))
}

// rule is one thing that a Locker and its users rely on.
type rule struct {
	name  string
	why   string
	check func(*suite)
}

var rules = []rule{
	{"OneHolder", "two holders of one name are what a lock is there to prevent", (*suite).oneHolder},
	{"OneOfManyWins", "a backend that reads before it writes gives a name to all who ask at the same time", (*suite).oneOfMany},
	{"GuardsACounter", "what nodes read and write in two steps under a lock must be exact in the end", (*suite).counter},
	{"OnlyTheWholeTokenOpens", "a backend that compares the beginning only takes node-1 for node-10", (*suite).wholeToken},
	{"TheSameTokenIsGrantedAgain", "a Locker whose reply was lost asks again with its token", (*suite).sameToken},
	{"ReleaseFreesOnce", "a second Release, sent since the reply to the first was lost, must not free the next holder's lock", (*suite).releaseOnce},
	{"HeldErrorsNameTheHolder", "waiting callers and people want to know who holds the name, and for how long", (*suite).heldError},
	{"HolderTellsWhatWasStored", "operators look for the process that holds a name", (*suite).holder},
	{"FencesRise", "a store tells the new holder from the old one by nothing else", (*suite).fences},
	{"UnfencedDrawsNoFence", "a used slot is kept for its retention, and nothing of it longer", (*suite).unfenced},
	{"NamesAreBytes", "names come from people; two names that differ in one byte are two locks", (*suite).names},
	{"EndedContextsTakeNothing", "a lock that is taken for a caller that has gone is held by no one until it expires", (*suite).endedContext},
	{"Lister", "operators look for locks whose names they do not know", (*suite).list},
	{"Breaker", "operators free a name whose holder hangs, and the holder must learn of it", (*suite).breaks},
}

// waitingRules wait for lifetimes to end.
var waitingRules = []rule{
	{"RenewSetsTheLifetime", "a holder counts on the whole TTL from its last renewal", (*suite).renew},
	{"LocksExpire", "a holder that died must not keep its name, and one that lives counts on its TTL", (*suite).expire},
	{"ExpiredIsLost", "a holder that comes back late must learn that others may have had the name meanwhile, also if none has it now", (*suite).expiredIsLost},
	{"ExpiredHasNoHolder", "an operator must not look for a process that holds nothing", (*suite).expiredHasNoHolder},
}

// run checks the rule on one backend.
func (r *rule) run(tb testing.TB, b lock.Backend) {
	p := b.Properties()
	r.check(&suite{TB: tb, b: b, p: p, why: r.why, ttl: max(time.Second, 2*p.MinTTL), prefix: string(NewToken()) + "."})
}

// suite is one rule being checked on one backend.
type suite struct {
	testing.TB
	b      lock.Backend
	p      lock.Properties
	why    string
	ttl    time.Duration
	prefix string
}

// broken reports that the rule is broken, and why the rule is there.
func (s *suite) broken(format string, args ...any) {
	s.Helper()
	s.Fatalf("%s\nThe rule is there because: %s.", fmt.Sprintf(format, args...), s.why)
}

// must reports a call that failed and must not.
func (s *suite) must(err error, call string) {
	s.Helper()
	if err != nil {
		s.broken("%s: %v", call, err)
	}
}

// is reports a call that did not fail with want.
func (s *suite) is(err, want error, call string) {
	s.Helper()
	if !errors.Is(err, want) {
		s.broken("%s: want an error that is %q, got %v", call, want, err)
	}
}

// name returns a name that no other run uses.
func (s *suite) name(n string) string { return s.prefix + n }

func claim(token lock.Token) lock.Claim {
	return lock.Claim{Token: token, Owner: lock.Owner{Host: "host.example", PID: 4711, Label: "a \"label\" {}", Since: time.Now()}}
}

// acquire takes a free name.
func (s *suite) acquire(name string, token lock.Token) (fence uint64) {
	s.Helper()
	fence, err := s.b.Acquire(s.Context(), name, claim(token), s.ttl)
	s.must(err, "Acquire of a free name")
	return fence
}

// isHeld checks that another token does not get the name.
func (s *suite) isHeld(name, when string) {
	s.Helper()
	_, err := s.b.Acquire(s.Context(), name, claim(NewToken()), s.ttl)
	s.is(err, lock.ErrHeld, "Acquire "+when)
}

func (s *suite) renewErr(name string, token lock.Token) error {
	return s.b.Renew(s.Context(), name, token, s.ttl)
}

func (s *suite) releaseErr(name string, token lock.Token) error {
	return s.b.Release(s.Context(), name, token)
}

func (s *suite) holderErr(ctx context.Context, name string) error {
	_, err := s.b.Holder(ctx, name)
	return err
}
