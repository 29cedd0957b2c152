package locktest

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/mosparo/go-cluster/lock"
)

// Conformance runs the suite against fresh backends. Every test uses names of
// its own, so that open may return one backend again and again. A backend that
// implements [lock.Describer] is held to what it promises. It panics if open is
// nil.
func Conformance(t *testing.T, open func(t *testing.T) lock.Backend) {
	t.Helper()
	if open == nil {
		panic("locktest.Conformance: open is nil")
	}
	for _, c := range []struct {
		name string
		run  func(*suite)
	}{
		{"a name has one holder", (*suite).exclusive},
		{"only the whole token opens a lock", (*suite).tokens},
		{"the same token is granted again", (*suite).again},
		{"a renewal moves the expiry", (*suite).renew},
		{"a lock expires", (*suite).expiry},
		{"the holder is known", (*suite).holder},
		{"fences rise", (*suite).fences},
		{"a claim without a fence draws none", (*suite).unfenced},
		{"names may be anything", (*suite).names},
		{"an ended context asks nobody", (*suite).contexts},
		{"held locks are listed", (*suite).list},
		{"a lock can be broken", (*suite).breaks},
		{"one of many wins", (*suite).contention},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := &suite{T: t, b: open(t), ttl: time.Second, prefix: string(NewToken()) + "."}
			if d, ok := s.b.(lock.Describer); ok {
				s.p = d.Properties()
				s.ttl = max(s.ttl, 2*s.p.MinTTL)
			}
			c.run(s)
		})
	}
}

// NewToken makes a token as a Locker does.
func NewToken() lock.Token {
	var b [16]byte
	rand.Read(b[:]) // never fails
	return lock.Token(base64.RawURLEncoding.EncodeToString(b[:]))
}

type suite struct {
	*testing.T
	b      lock.Backend
	p      lock.Properties
	ttl    time.Duration
	prefix string
}

func claim(token lock.Token) lock.Claim {
	return lock.Claim{Token: token, Owner: lock.Owner{Host: "host.example", PID: 4711, Label: "a \"label\" {}", Since: time.Now()}}
}

func (s *suite) name(n string) string { return s.prefix + n }

func (s *suite) must(err error, rule string) {
	s.Helper()
	if err != nil {
		s.Fatalf("%s: %v", rule, err)
	}
}

func (s *suite) is(err, want error, rule string) {
	s.Helper()
	if !errors.Is(err, want) {
		s.Fatalf("%s: want an error that is %q, got %v", rule, want, err)
	}
}

func (s *suite) acquire(name string, token lock.Token) uint64 {
	s.Helper()
	f, err := s.b.Acquire(s.Context(), name, claim(token), s.ttl)
	s.must(err, "Acquire of a free name")
	return f
}

func (s *suite) exclusive() {
	n, a, b := s.name("x"), NewToken(), NewToken()
	s.acquire(n, a)
	_, err := s.b.Acquire(s.Context(), n, claim(b), s.ttl)
	var held *lock.HeldError
	if !errors.As(err, &held) {
		s.Fatalf("Acquire of a held name returns *lock.HeldError, since waiting callers and people want to know; got %v", err)
	}
	s.is(s.b.Renew(s.Context(), n, b, s.ttl), lock.ErrLost, "Renew by somebody else")
	s.is(s.b.Release(s.Context(), n, b), lock.ErrLost, "Release by somebody else")
	s.must(s.b.Renew(s.Context(), n, a, s.ttl), "a stranger's Release must not free the lock: Renew by the holder")
	s.must(s.b.Release(s.Context(), n, a), "Release by the holder")
	s.acquire(n, b)
	s.is(s.b.Release(s.Context(), n, a), lock.ErrLost, "a second Release must not free the next holder's lock")
	s.must(s.b.Release(s.Context(), n, b), "Release by the next holder")
}

// tokens: backends that compare the beginning only take node-1 for node-10.
func (s *suite) tokens() {
	n, token := s.name("prefix"), NewToken()
	s.acquire(n, token)
	for _, wrong := range []lock.Token{"", token[:1], token[:len(token)-1], token + "x", lock.Token(strings.ToLower(string(token))) + "x"} {
		s.is(s.b.Release(s.Context(), n, wrong), lock.ErrLost, fmt.Sprintf("Release with a token that only resembles the holder's (%d characters)", len(wrong)))
		s.is(s.b.Renew(s.Context(), n, wrong, s.ttl), lock.ErrLost, "Renew with a token that only resembles the holder's")
	}
	for _, wrong := range []lock.Token{"", token[:1], token[:len(token)-1], token + "x"} {
		if _, err := s.b.Acquire(s.Context(), n, claim(wrong), s.ttl); err == nil {
			s.Fatalf("Acquire of a held name with a token that only resembles the holder's (%d characters) was granted", len(wrong))
		}
	}
	s.must(s.b.Release(s.Context(), n, token), "Release by the holder")
}

func (s *suite) again() {
	n, token := s.name("again"), NewToken()
	first := s.acquire(n, token)
	second := s.acquire(n, token)
	if first != second {
		s.Fatalf("a request that is sent twice gets the same fence twice: got %d and %d", first, second)
	}
	s.must(s.b.Release(s.Context(), n, token), "Release")
	s.is(s.b.Release(s.Context(), n, token), lock.ErrLost, "one Release frees a name however often it was acquired")
}

func (s *suite) renew() {
	n, token := s.name("renew"), NewToken()
	s.acquire(n, token)
	s.must(s.b.Renew(s.Context(), n, token, time.Hour), "Renew")
	h, err := s.b.Holder(s.Context(), n)
	s.must(err, "Holder")
	if h.TTL != 0 && h.TTL < 59*time.Minute {
		s.Fatalf("Renew sets the lifetime that is left; it is %v", h.TTL)
	}
	s.must(s.b.Release(s.Context(), n, token), "Release")
	s.is(s.b.Renew(s.Context(), n, token, s.ttl), lock.ErrLost, "Renew after Release")
}

// expiry waits in real or in bubble time; a lock may live a little longer than
// it was asked to, but for as long as it was asked to less the margin.
func (s *suite) expiry() {
	n, token := s.name("expiry"), NewToken()
	ttl := max(s.p.MinTTL, 300*time.Millisecond) + s.p.Margin
	began := time.Now()
	_, err := s.b.Acquire(s.Context(), n, claim(token), ttl)
	s.must(err, "Acquire")
	for {
		_, err := s.b.Acquire(s.Context(), n, claim(NewToken()), s.ttl)
		since := time.Since(began)
		if err == nil {
			if since < ttl-s.p.Margin {
				s.Fatalf("the lock was given away after %v of %v", since, ttl)
			}
			break
		}
		s.is(err, lock.ErrHeld, "Acquire before the expiry")
		if since > ttl+5*time.Second {
			s.Fatalf("the lock is still held %v after its expiry", since-ttl)
		}
		time.Sleep(10 * time.Millisecond)
	}
	s.is(s.b.Renew(s.Context(), n, token, s.ttl), lock.ErrLost, "Renew after somebody else took the expired lock")
	s.is(s.b.Release(s.Context(), n, token), lock.ErrLost, "Release after somebody else took the expired lock")
}

func (s *suite) holder() {
	n, token := s.name("holder"), NewToken()
	_, err := s.b.Holder(s.Context(), n)
	s.is(err, lock.ErrNotHeld, "Holder of a free name")
	c := claim(token)
	fence, err := s.b.Acquire(s.Context(), n, c, s.ttl)
	s.must(err, "Acquire")
	h, err := s.b.Holder(s.Context(), n)
	s.must(err, "Holder")
	if h.Name != n || h.Token != token || h.Fence != fence || h.Owner.Host != c.Owner.Host || h.Owner.PID != c.Owner.PID || h.Owner.Label != c.Owner.Label || !h.Owner.Since.Equal(c.Owner.Since) {
		s.Fatalf("Holder tells what the holder told, with its fence %d: got %+v", fence, h)
	}
	_, err = s.b.Acquire(s.Context(), n, claim(NewToken()), s.ttl)
	var held *lock.HeldError
	if errors.As(err, &held) && held.Owner.Host != "" && held.Owner.Host != c.Owner.Host {
		s.Fatalf("HeldError names the holder: got %+v", held)
	}
	s.must(s.b.Release(s.Context(), n, token), "Release")
}

func (s *suite) fences() {
	if !s.p.Fencing {
		s.Skip("this backend promises no fencing tokens")
	}
	n := s.name("fences")
	var last uint64
	for i := range 20 {
		token := NewToken()
		f := s.acquire(n, token)
		if f <= last {
			s.Fatalf("fence %d after %d: a store could not tell the new holder from the old one", f, last)
		}
		last = f
		if i%2 == 0 {
			s.must(s.b.Release(s.Context(), n, token), "Release")
		} else if b, ok := s.b.(lock.Breaker); ok {
			s.must(b.Break(s.Context(), n), "Break")
		} else {
			s.must(s.b.Release(s.Context(), n, token), "Release")
		}
	}
}

// unfenced: a used slot is kept for its retention, and nothing of it longer.
func (s *suite) unfenced() {
	n, token := s.name("unfenced"), NewToken()
	for range 2 {
		c := claim(token)
		c.Unfenced = true
		fence, err := s.b.Acquire(s.Context(), n, c, s.ttl)
		s.must(err, "Acquire of a free name without a fence, and again with the same token")
		if fence != 0 {
			s.Fatalf("a claim without a fence draws none, since it would have to be remembered: got %d", fence)
		}
	}
	h, err := s.b.Holder(s.Context(), n)
	s.must(err, "Holder of a name without a fence")
	if h.Token != token || h.Fence != 0 || h.Owner.Host != claim(token).Owner.Host {
		s.Fatalf("Holder tells what the holder told: got %+v", h)
	}
	_, err = s.b.Acquire(s.Context(), n, claim(NewToken()), s.ttl)
	s.is(err, lock.ErrHeld, "Acquire of a name that is held without a fence")
	s.must(s.b.Release(s.Context(), n, token), "Release")
	_, err = s.b.Holder(s.Context(), n)
	s.is(err, lock.ErrNotHeld, "Holder after Release")
}

func (s *suite) names() {
	all := []string{"a", "A", "a b", "{a}", "}{", "a%62", "ab", "..", ".", "a/../b", "\x00\xff\n", "🔒", "*?[]", strings.Repeat("{", lock.MaxName-len(s.prefix)), strings.Repeat("\xff", lock.MaxName-len(s.prefix))}
	tokens := map[string]lock.Token{}
	for _, n := range all {
		n = s.prefix + n
		tokens[n] = NewToken()
		s.acquire(n, tokens[n]) // names that share a record would be held here
	}
	for n, token := range tokens {
		h, err := s.b.Holder(s.Context(), n)
		s.must(err, fmt.Sprintf("Holder of %q", n))
		if h.Token != token {
			s.Fatalf("names %q and another share a lock", n)
		}
		s.must(s.b.Release(s.Context(), n, token), fmt.Sprintf("Release of %q", n))
	}
}

func (s *suite) contexts() {
	n, token := s.name("context"), NewToken()
	ended, cancel := context.WithCancel(s.Context())
	cancel()
	if _, err := s.b.Acquire(ended, n, claim(token), s.ttl); err == nil {
		s.Fatal("Acquire with an ended context succeeded")
	}
	_, err := s.b.Holder(s.Context(), n)
	s.is(err, lock.ErrNotHeld, "Acquire with an ended context takes nothing")
}

func (s *suite) list() {
	b, ok := s.b.(lock.Lister)
	if !ok {
		s.Skip("this backend cannot list")
	}
	want := map[string]lock.Token{s.name("one"): NewToken(), s.name("{two}"): NewToken()}
	for n, token := range want {
		s.acquire(n, token)
	}
	for h, err := range b.Holders(s.Context()) {
		s.must(err, "Holders")
		if want[h.Name] == h.Token {
			delete(want, h.Name)
		}
	}
	if len(want) > 0 {
		s.Fatalf("Holders yields all held names; it left out %v", want)
	}
}

func (s *suite) breaks() {
	b, ok := s.b.(lock.Breaker)
	if !ok {
		s.Skip("this backend cannot break a lock")
	}
	n, token := s.name("break"), NewToken()
	s.is(b.Break(s.Context(), n), lock.ErrNotHeld, "Break of a free name")
	s.acquire(n, token)
	s.must(b.Break(s.Context(), n), "Break")
	s.is(s.b.Renew(s.Context(), n, token, s.ttl), lock.ErrLost, "the old holder notices at its next renewal")
	s.acquire(n, NewToken())
}

func (s *suite) contention() {
	if !s.p.Exclusive {
		s.Skip("this backend promises no exclusion")
	}
	n := s.name("many")
	for range 20 {
		var all sync.WaitGroup
		var mu sync.Mutex
		var winners []lock.Token
		for range 8 {
			all.Go(func() {
				token := NewToken()
				_, err := s.b.Acquire(s.Context(), n, claim(token), time.Minute)
				if err == nil {
					mu.Lock()
					winners = append(winners, token)
					mu.Unlock()
				} else if !errors.Is(err, lock.ErrHeld) {
					s.Errorf("Acquire beside others: %v", err)
				}
			})
		}
		all.Wait()
		if len(winners) != 1 {
			s.Fatalf("%d of 8 got the lock at the same time", len(winners))
		}
		s.must(s.b.Release(s.Context(), n, winners[0]), "Release")
	}
}
