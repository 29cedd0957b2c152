package cachetest

import (
	"cmp"
	"context"
	"fmt"
	"math/rand/v2"
	"strconv"
	"testing"
	"time"

	"github.com/mosparo/go-cluster/cache"
)

// Conformance runs the suite on the adapters that open makes, one for each
// subtest. They may all lead to one running server: the suite uses keys of
// its own, and removes what it wrote. It also runs [cache.Clearer.Clear],
// which removes mosparo's own keys: never run it on a live cluster.
//
// Under -short it waits for no more than a few lifetimes of one second.
func Conformance(t *testing.T, open func(t *testing.T) cache.Adapter, opts ...Option) {
	if open == nil {
		panic("cachetest: Conformance: open is nil")
	}
	cfg := config{resolution: time.Second, maxKey: 400, maxValue: 900_000}
	for _, o := range opts {
		o(&cfg)
	}
	for _, r := range rules {
		t.Run(r.name, func(t *testing.T) {
			if reason := cfg.skip[r.name]; reason != "" {
				t.Skip(reason)
			}
			a := open(t)
			if a == nil {
				t.Fatal("open returned no adapter")
			}
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			t.Cleanup(cancel)
			r.check(&suite{T: t, ctx: ctx, a: a, cfg: cfg, why: r.why, prefix: fmt.Sprintf("mosparoGoTest%08x", rand.Uint32())})
			if err := a.Close(); err != nil {
				t.Errorf("Close: %v", err)
			}
		})
	}
}

// Option tells [Conformance] what to expect of an adapter.
type Option func(*config)

type config struct {
	resolution       time.Duration
	maxKey, maxValue int
	skip             map[string]string
}

// WithResolution is the step to which the backend rounds lifetimes up, one
// second by default. A negative one panics.
func WithResolution(d time.Duration) Option {
	if d < 0 {
		panic("cachetest: WithResolution: d is negative")
	}
	return func(c *config) { c.resolution = cmp.Or(d, c.resolution) }
}

// WithMaxKeyLength is the longest key in bytes that is tried, 400 by default
// (Symfony has no limit, its adapters hash what their server cannot take). A
// negative one panics.
func WithMaxKeyLength(n int) Option {
	if n < 0 {
		panic("cachetest: WithMaxKeyLength: n is negative")
	}
	return func(c *config) { c.maxKey = cmp.Or(n, c.maxKey) }
}

// WithMaxValueSize is the largest value in bytes that is tried, 900,000 by
// default, what fits into a memcached server as it is delivered. A negative one
// panics.
func WithMaxValueSize(n int) Option {
	if n < 0 {
		panic("cachetest: WithMaxValueSize: n is negative")
	}
	return func(c *config) { c.maxValue = cmp.Or(n, c.maxValue) }
}

// WithoutRule skips one rule, named as the subtest is, and logs the reason.
func WithoutRule(name, reason string) Option {
	return func(c *config) {
		if c.skip == nil {
			c.skip = map[string]string{}
		}
		c.skip[name] = reason
	}
}

// rule is one thing that portable code relies on.
type rule struct {
	name  string
	why   string
	check func(*suite)
}

var rules = []rule{
	{"ReadsBackWhatWasWritten", "opaque bytes in, the same bytes out", (*suite).roundTrip},
	{"AbsentIsNil", "an absent key is no error: callers of several keys need the others", (*suite).absent},
	{"AnswersByPosition", "callers pair keys and values by index", (*suite).positions},
	{"RepeatedKeysAreAnsweredAtEachPosition", "two parts of a program may ask for one key in one request", (*suite).repeatedKeys},
	{"NoKeysAskNobody", "generic code calls with what is left of a list", (*suite).noKeys},
	{"KeysAreBytes", "PSR-6 allows every byte but {}()/\\@: in a key; two keys that differ in one byte are two entries", (*suite).oddKeys},
	{"KeysMayBeLong", "Symfony accepts keys of any length and hashes those that its server cannot take", (*suite).longKeys},
	{"ValuesAreBinary", "igbinary values contain NUL, line breaks and invalid UTF-8", (*suite).oddValues},
	{"ValuesMayBeLarge", "the prepared CSS of a project has tens of kilobytes, rule items more", (*suite).largeValues},
	{"EmptyCountsAsAbsent", "Symfony writes no empty value and takes one for a miss", (*suite).emptyValue},
	{"SetReplacesValueAndLifetime", "a schedule written without lifetime must not inherit the earlier one's", (*suite).overwrite},
	{"TheLastOfEqualKeysWins", "a Set of several items is as if they were set one after the other", (*suite).repeatedItems},
	{"LifetimesEnd", "an entry that outlives its lifetime misleads every node", (*suite).lifetimes},
	{"ShortLifetimesAreRoundedUp", "int(0.5) is 0, which means no expiry to every server", (*suite).shortLifetime},
	{"NegativeLifetimesAreRefused", "servers disagree about them: deleted, for ever, an error", (*suite).negativeLifetime},
	{"TooLargeLeavesTheOldValue", "some servers drop the old value when they refuse the new one", (*suite).tooLarge},
	{"DeleteRemoves", "and an absent key is no error: the state asked for is reached", (*suite).remove},
	{"TheCallerOwnsTheBytes", "callers change what they got and reuse what they gave", (*suite).ownership},
	{"CancelledContextsDoNothing", "a request that nobody waits for must not write", (*suite).cancelled},
	{"DeadlinesAreErrors", "callers tell their own deadline from a failure with errors.Is", (*suite).deadline},
	{"ConcurrentUse", "one adapter serves all goroutines of a node, and no reader sees half a value", (*suite).concurrent},
	{"CloseIsFinal", "a use after Close is a bug of the caller that must show; closing twice is not", (*suite).closing},
	{"Ping", "health checks ask an adapter that can tell", (*suite).ping},
	{"Expirer", "a copy in front of the cache must not outlive the entry", (*suite).expirer},
	{"Lister", "operators look for keys by their beginning", (*suite).list},
	{"Clearer", "it removes what cache.Owned names, and nothing of anyone else on the server", (*suite).clear},
	{"Pruner", "it removes expired entries and no others", (*suite).prune},
}

// suite is one rule being checked on one adapter.
type suite struct {
	*testing.T
	ctx    context.Context
	a      cache.Adapter
	cfg    config
	why    string
	prefix string
}

// key is a name that no other run uses.
func (s *suite) key(name string) string {
	k := s.prefix + name
	s.Cleanup(func() { _ = s.a.Delete(context.Background(), k) })
	return k
}

func (s *suite) keys(n int) []string {
	keys := make([]string, n)
	for i := range keys {
		keys[i] = s.key("key" + strconv.Itoa(i))
	}
	return keys
}

// broken reports that the rule is broken, and why the rule is there.
func (s *suite) broken(format string, args ...any) {
	s.Helper()
	s.Fatalf("%s\nThe rule is there because: %s.", fmt.Sprintf(format, args...), s.why)
}

func (s *suite) set(items ...cache.Item) {
	s.Helper()
	if err := s.a.Set(s.ctx, items...); err != nil {
		s.broken("Set(%s): %v", brief(cache.ItemKeys(items)...), err)
	}
}

func (s *suite) get(keys ...string) [][]byte {
	s.Helper()
	values, err := s.a.Get(s.ctx, keys...)
	if err != nil {
		s.broken("Get(%s): %v", brief(keys...), err)
	}
	if len(values) != len(keys) {
		s.broken("Get(%s) gave %d values for %d keys", brief(keys...), len(values), len(keys))
	}
	return values
}

func (s *suite) want(key, value string) {
	s.Helper()
	got := s.get(key)[0]
	switch {
	case got == nil && value != "":
		s.broken("Get(%s) gave nil, want %s", brief(key), brief(value))
	case got != nil && value == "":
		s.broken("Get(%s) gave %s, want nil (absent)", brief(key), brief(string(got)))
	case string(got) != value:
		s.broken("Get(%s) gave %s, want %s", brief(key), brief(string(got)), brief(value))
	}
}

// brief quotes texts without flooding the log.
func brief(texts ...string) string {
	out := ""
	for i, s := range texts {
		if i == 4 {
			return out + fmt.Sprintf(" and %d more", len(texts)-i)
		}
		if i > 0 {
			out += " "
		}
		if len(s) > 60 {
			out += fmt.Sprintf("%q… (%d bytes)", s[:60], len(s))
		} else {
			out += strconv.Quote(s)
		}
	}
	return out
}
