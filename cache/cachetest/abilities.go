package cachetest

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/mosparo/go-cluster/cache"
	"github.com/mosparo/go-cluster/cache/adapterkit"
)

func (s *suite) ping() {
	p, ok := s.a.(cache.Pinger)
	if !ok {
		s.Skip("the adapter is no cache.Pinger")
	}
	if err := p.Ping(s.ctx); err != nil {
		s.broken("Ping of a cache that works: %v", err)
	}
	ctx, cancel := context.WithCancel(s.ctx)
	cancel()
	if err := p.Ping(ctx); !errors.Is(err, context.Canceled) {
		s.broken("Ping with a cancelled context gave %v", err)
	}
}

func (s *suite) list() {
	l, ok := s.a.(cache.Lister)
	if !ok {
		s.Skip("the adapter is no cache.Lister")
	}
	// Characters of the patterns of SCAN stand for themselves.
	under := []string{s.key("list*a"), s.key("list*b"), s.key("list*[x]?"), s.key("list*Grüezi \x00\n%")}
	items := []cache.Item{{Key: s.key("listXa"), Value: []byte("x")}, {Key: s.key("other"), Value: []byte("x")}}
	for _, k := range under {
		items = append(items, cache.Item{Key: k, Value: []byte("x")})
	}
	s.set(items...)
	got := s.listAll(l, s.prefix+"list*")
	for _, k := range under {
		if got[k] != 1 {
			s.broken("List yields %s %d times, want once", brief(k), got[k])
		}
		delete(got, k)
	}
	for k := range got {
		s.broken("List of a prefix yields %s", brief(k))
	}
	if n := len(s.listAll(l, s.prefix)); n != len(items) {
		s.broken("List of a shorter prefix yields %d keys, want %d", n, len(items))
	}
	for _, err := range l.List(s.ctx, s.prefix) {
		if err != nil {
			s.broken("List gave %v", err)
		}
		break // a consumer may stop early
	}
	ctx, cancel := context.WithCancel(s.ctx)
	cancel()
	var last error
	for _, err := range l.List(ctx, s.prefix) {
		last = err
	}
	if !errors.Is(last, context.Canceled) {
		s.broken("List with a cancelled context ended with %v", last)
	}
}

func (s *suite) listAll(l cache.Lister, prefix string) map[string]int {
	s.Helper()
	got := map[string]int{}
	for k, err := range l.List(s.ctx, prefix) {
		if err != nil {
			s.broken("List(%s): %v", brief(prefix), err)
		}
		if !strings.HasPrefix(k, prefix) {
			s.broken("List(%s) yields %s", brief(prefix), brief(k))
		}
		got[k]++
	}
	return got
}

// KeyPatterns returns the patterns that an adapter under test has to own, with
// its WithOwned or the like, for [Conformance] to check its Clear.
func KeyPatterns() cache.KeyPatterns {
	return cache.KeyPatterns{
		"mosparo{any}", "design_{uuid}_content", "design_{uuid}_hash", "p{int}rc_{hex32}", "{not}mosparoGoLock{any}",
	}
}

func (s *suite) clear() {
	c, ok := s.a.(cache.Clearer)
	if !ok {
		s.Skip("the adapter is no cache.Clearer")
	}
	const uuid = "0b0e7ab6-2b1c-4c1e-9a44-0123456789ab"
	owned := []string{
		"mosparoNextCleanup", "mosparoAdditionalCleanup", "mosparoCleanupStartedAt", "mosparoGoTest",
		"design_" + uuid + "_content", "design_" + uuid + "_hash", "p1rc_b5e9c1ad071b3e7fc779cfaa5e523818",
	}
	foreign := []string{
		"foreign", "Mosparo", "design_x_content", "design_" + uuid, "p1rc_", "prc_b5e9c1ad071b3e7fc779cfaa5e523818",
		"mosparoGoLockTest", "sess_" + uuid,
	}
	var items []cache.Item
	for _, k := range append(append([]string{}, owned...), foreign...) {
		items = append(items, cache.Item{Key: k, Value: []byte("x"), TTL: time.Minute})
	}
	s.Cleanup(func() { _ = s.a.Delete(context.Background(), adapterkit.Keys(items)...) })
	s.set(items...)
	n, err := c.Clear(s.ctx)
	if errors.Is(err, errors.ErrUnsupported) {
		s.Skip("the adapter cannot clear, or does not own the keys of cachetest.KeyPatterns")
	}
	if err != nil {
		s.broken("Clear: %v", err)
	}
	if n >= 0 && n < len(owned) {
		s.broken("Clear says that it removed %d entries, there were at least %d", n, len(owned))
	}
	for i, v := range s.get(owned...) {
		if v != nil {
			s.broken("%s is there after Clear", brief(owned[i]))
		}
	}
	for i, v := range s.get(foreign...) {
		if v == nil {
			s.broken("Clear removed %s, which does not match its patterns", brief(foreign[i]))
		}
	}
	if err := s.a.Delete(s.ctx, foreign...); err != nil {
		s.broken("Delete: %v", err)
	}
}

func (s *suite) prune() {
	p, ok := s.a.(cache.Pruner)
	if !ok {
		s.Skip("the adapter is no cache.Pruner")
	}
	keys := s.keys(3)
	s.set(
		cache.Item{Key: keys[0], Value: []byte("x"), TTL: time.Nanosecond},
		cache.Item{Key: keys[1], Value: []byte("x"), TTL: time.Hour},
		cache.Item{Key: keys[2], Value: []byte("x")},
	)
	start, n := time.Now(), 0
	for n == 0 {
		after := time.Since(start)
		var err error
		if n, err = p.Prune(s.ctx); err != nil {
			s.broken("Prune: %v", err)
		}
		if n == 0 && after > 2*s.cfg.resolution+slack {
			s.broken("Prune finds no expired entry, though one was written")
		}
		time.Sleep(min(20*time.Millisecond, s.cfg.resolution/4+1))
	}
	if n != 1 {
		s.broken("Prune says that it removed %d entries, there was 1", n)
	}
	s.want(keys[0], "")
	s.want(keys[1], "x")
	s.want(keys[2], "x")
}
