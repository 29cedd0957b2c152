package csshttp

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/mosparo/go-cluster/cssstore"
)

// key names an entry of the memory tier: in the mode SharedCache a project, in
// the mode Files a version.
type key struct {
	project cssstore.UUID
	hash    cssstore.Hash
}

// entry is what is known about a key.
type entry struct {
	key    key
	state  atomic.Pointer[state]
	used   atomic.Int64 // Unix time in seconds
	flight flight
	// path is one under which it was served, size what it takes of the
	// memory, in bytes; the lock of the tier guards both.
	path string
	size int
}

// state is the outcome of the last look into the store. It does not change.
type state struct {
	// version is nil if there is none; with an error it is the last good one.
	version *version
	err     error
	tried   time.Time
	// asked is when the generator was last asked.
	asked time.Time
}

// version is a stored version with its content.
type version struct {
	hash, alias cssstore.Hash
	settled     bool
	modified    time.Time
	*content
}

const (
	// missFor is how long the store is not asked again for what it does not
	// have, or after it failed.
	missFor = time.Second
	// askEvery is how often a generator is asked for a project at most.
	askEvery = 10 * time.Second
)

// rest says how long a state is left alone, and after what time requests wait
// for the next.
func (s *state) rest(recheck time.Duration) (leave, wait time.Duration) {
	switch {
	case s.version == nil:
		return missFor, missFor
	case s.err != nil:
		return missFor, 1 << 62
	case !s.version.settled:
		return min(cssstore.SettleTime, recheck), recheck
	}
	return recheck * 2 / 3, recheck
}

// get returns what is known about a key of a known project, from memory or
// from the store; never nil. Unless keep, what the store does not give is
// forgotten at once.
func (h *Handler) get(ctx context.Context, k key, p cssstore.Project, keep bool) *state {
	now := time.Now()
	e := h.tier.entry(k, now.Unix())
	s := e.state.Load()
	wait := true
	if s != nil {
		age := now.Sub(s.tried)
		leave, until := s.rest(h.recheck)
		if age < leave {
			return s
		}
		wait = age >= until
	}
	fetching := h.fly(&e.flight, func(ctx context.Context) { h.fetch(ctx, e, p, keep) }) //nolint:contextcheck // what one request begins, others wait for
	if !wait {
		return s
	}
	fetching.await(ctx)
	if now := e.state.Load(); now != nil {
		return now
	}
	return &state{err: context.DeadlineExceeded}
}

// fetch looks into the store, and asks the generator.
func (h *Handler) fetch(ctx context.Context, e *entry, p cssstore.Project, keep bool) {
	old := e.state.Load()
	if old == nil {
		old = &state{}
	} else if leave, _ := old.rest(h.recheck); time.Since(old.tried) < leave {
		return // somebody else has just been here
	}
	r, err := h.look(ctx, e.key)
	s := &state{asked: old.asked}
	if begin := time.Now(); h.generator != nil && keep && begin.Sub(s.asked) >= askEvery {
		made, asked, failed := h.generate(ctx, p, &r, err)
		if asked || failed != nil {
			s.asked = begin
			h.failing.generator.note(h.logger, "css cannot be prepared", failed)
		}
		if asked && failed == nil {
			r, err = made, nil
		}
	}
	s.tried, s.err = time.Now(), err
	missing := errors.Is(err, cssstore.ErrNotFound)
	if missing || errors.Is(err, cssstore.ErrUnsettled) {
		h.failing.store.note(h.logger, "", nil)
	} else {
		h.failing.store.note(h.logger, "stored css cannot be read", err)
	}
	switch {
	case err == nil:
		s.version = h.newVersion(&r, old.version)
	case !missing || h.mode == SharedCache || old.version.isOther(e.key):
		s.version = old.version // the last good one
	}
	h.tier.change(e, s, keep || s.version != nil)
}

// generate asks the generator for what the store lacks.
func (h *Handler) generate(ctx context.Context, p cssstore.Project, r *cssstore.Resource, err error) (made cssstore.Resource, asked bool, failed error) {
	defer recovered(&failed)
	if !h.lacks(p, r, err) {
		return made, false, nil
	}
	asked = true
	made, failed = h.generator.Generate(ctx, p)
	return made, asked, failed
}

// look asks the store.
func (h *Handler) look(ctx context.Context, k key) (r cssstore.Resource, err error) {
	defer recovered(&err)
	select {
	case h.looking <- struct{}{}:
		defer func() { <-h.looking }()
	case <-ctx.Done():
		return r, context.Cause(ctx)
	}
	switch {
	case h.mode == SharedCache:
		return h.store.Get(ctx, k.project)
	case k.hash.IsZero():
		return cssstore.Resource{}, cssstore.ErrNotFound
	}
	return cssstore.Version(ctx, h.store, k.project, k.hash)
}

// lacks reports whether a generator is to be asked.
func (h *Handler) lacks(p cssstore.Project, r *cssstore.Resource, err error) bool {
	if err != nil {
		return errors.Is(err, cssstore.ErrNotFound)
	}
	return r.Hash != p.Hash && r.Settled || h.generator.Outdated(*r)
}

// newVersion takes the content of the earlier one if the bytes are the same.
func (h *Handler) newVersion(r *cssstore.Resource, old *version) *version {
	v := &version{hash: r.Hash, alias: r.Alias, settled: r.Settled, modified: r.Modified}
	if old != nil && string(old.plain.body) == string(r.CSS) {
		v.content = old.content
	} else {
		v.content = h.newContent(r.CSS)
	}
	return v
}

// isOther reports whether it is what was prepared instead of a version that is
// not there.
func (v *version) isOther(k key) bool { return v != nil && v.hash != k.hash }

func (v *version) bytes() int {
	if v == nil {
		return 0
	}
	return v.size()
}

// tier is the memory.
type tier struct {
	limit   int
	mu      sync.RWMutex
	entries map[key]*entry
	paths   map[string]again // those that have one
	size    int
}

// has reports whether an entry is there.
func (t *tier) has(k key) bool {
	t.mu.RLock()
	defer t.mu.RUnlock()
	return t.entries[k] != nil
}

// entry finds or makes one.
func (t *tier) entry(k key, now int64) *entry {
	t.mu.RLock()
	e := t.entries[k]
	t.mu.RUnlock()
	if e == nil {
		t.mu.Lock()
		if e = t.entries[k]; e == nil {
			e = &entry{key: k}
			t.entries[k] = e
		}
		t.mu.Unlock()
	}
	if e.used.Load() != now {
		e.used.Store(now)
	}
	return e
}

// change gives an entry a new state, accounts for it, and makes room.
func (t *tier) change(e *entry, now *state, keep bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	e.state.Store(now)
	if t.entries[e.key] != e {
		return // removed meanwhile
	}
	t.size -= e.size
	e.size = now.version.bytes()
	t.size += e.size
	if !keep {
		t.remove(e)
	}
	if t.size <= t.limit {
		return
	}
	all := make([]*entry, 0, len(t.entries))
	for _, e := range t.entries {
		all = append(all, e)
	}
	slices.SortFunc(all, func(a, b *entry) int { return cmp.Compare(a.used.Load(), b.used.Load()) })
	for _, e := range all {
		if t.size <= t.limit*9/10 {
			return
		}
		t.remove(e)
	}
}

// remove takes an entry out; the lock is held.
func (t *tier) remove(e *entry) {
	delete(t.entries, e.key)
	delete(t.paths, e.path)
	t.size -= e.size
}

// keepOnly forgets what belongs to other projects.
func (t *tier) keepOnly(known map[cssstore.UUID]cssstore.Hash) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for k, e := range t.entries {
		if _, ok := known[k.project]; !ok {
			t.remove(e)
		}
	}
}
