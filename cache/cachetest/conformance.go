package cachetest

import (
	"cmp"
	"context"
	"fmt"
	"math/rand/v2"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/mosparo/go-cluster/cache"
	"github.com/mosparo/go-cluster/cache/adapterkit"
)

// Conformance runs the suite on the adapters that open makes, one for each
// subtest. They may all lead to one running server: the suite uses keys of
// its own, and removes what it wrote. An adapter that is a [cache.Clearer] has to
// own the keys of [KeyPatterns], all of which Clear then removes: never run the
// suite on a live cluster.
//
// The rules that wait for lifetimes to end run at the same time, after the
// others; open is called by one goroutine at a time. Under -short the suite waits
// for no more than a few lifetimes of one second.
func Conformance(t *testing.T, open func(t *testing.T) cache.Adapter, opts ...Option) {
	if open == nil {
		panic("cachetest: Conformance: open is nil")
	}
	cfg := newConfig(opts)
	var opening sync.Mutex
	openOne := func(t *testing.T) cache.Adapter {
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
func (r *rule) test(t *testing.T, open func(t *testing.T) cache.Adapter, cfg config) {
	t.Run(r.name, func(t *testing.T) {
		if reason := cfg.skip[r.name]; reason != "" {
			t.Skip(reason)
		}
		a := open(t)
		if a == nil {
			t.Fatal("open returned no adapter")
		}
		r.run(t, a, cfg)
		if err := a.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	})
}

// run checks the rule on one adapter.
func (r *rule) run(tb testing.TB, a cache.Adapter, cfg config) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	tb.Cleanup(cancel)
	r.check(&suite{TB: tb, ctx: ctx, a: a, cfg: cfg, why: r.why, prefix: fmt.Sprintf("mosparoGoTest%08x", rand.Uint32())})
}

// Option tells [Conformance] what to expect of an adapter.
type Option func(*config)

type config struct {
	resolution       time.Duration
	maxKey, maxValue int
	skip             map[string]string
}

func newConfig(opts []Option) config {
	cfg := config{resolution: time.Second, maxKey: 400, maxValue: 900_000}
	for _, o := range opts {
		if o == nil {
			panic("cachetest: Conformance: opts has a nil Option")
		}
		o(&cfg)
	}
	return cfg
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

// suite is one rule being checked on one adapter.
type suite struct {
	testing.TB
	ctx    context.Context
	a      cache.Adapter
	cfg    config
	why    string
	prefix string
}

// key returns a name that no other run uses.
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
		s.broken("Set(%s): %v", brief(adapterkit.Keys(items)...), err)
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
