package csshttp

import (
	"context"
	"errors"
	"time"

	"github.com/mosparo/go-cluster/cssstore"
)

// missFor is for how long the store is not called again for what it does not have, or
// after an error.
const missFor = time.Second

// freshness returns the age up to which a state is served without reading the store again,
// and the age from which requests wait for that.
func (s *state) freshness(recheck time.Duration) (fresh, wait time.Duration) {
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

// get returns the state of a key, from memory or from the store; never nil. The project
// is known. Without keep, an entry that the store does not have is removed from memory
// immediately. While the store is down, a request waits for it only if there is nothing
// in memory, and only now and then.
func (h *Handler) get(ctx context.Context, k key, p cssstore.Project, keep bool) *state {
	now := time.Now()
	down := h.health.isDown(now)
	if down && !h.tier.has(k) && !h.health.mayProbe(now) {
		return &state{err: errDown}
	}
	e := h.tier.entry(k, now.Unix())
	s := e.state.Load()
	wait := waitTimeout
	if h.mode == ModeFiles && h.tier.latestOf(k.project) != nil {
		wait = shortWaitTimeout
	}
	if s != nil {
		age := now.Sub(s.tried)
		fresh, until := s.freshness(h.recheck)
		switch {
		case age < fresh:
			return s
		case s.version != nil && age < until:
			wait = 0
		case s.version != nil:
			wait = shortWaitTimeout
		}
	}
	if down {
		if s != nil && !h.health.mayProbe(now) {
			return s
		}
		wait = shortWaitTimeout
		if s != nil && s.version != nil {
			wait = 0
		}
		defer h.health.noteProbe()
	}
	fetching := h.startFetch(ctx, e, p, s, keep)
	if wait == 0 {
		return s
	}
	fetching.await(ctx, wait)
	if now := e.state.Load(); now != nil {
		return now
	}
	return &state{err: context.DeadlineExceeded}
}

// renew returns the state of a key as read at the given time or later, and true; or the
// one in memory, if the store cannot be read now.
func (h *Handler) renew(ctx context.Context, k key, p cssstore.Project, s *state, at time.Time) (*state, bool) {
	pause := renewEvery
	if s.err != nil {
		pause = missFor
	}
	if s.begun.Before(at) && time.Since(s.tried) >= pause && !h.health.isDown(time.Now()) {
		e := h.tier.entry(k, at.Unix())
		h.startFetch(ctx, e, p, e.state.Load(), true).await(ctx, shortWaitTimeout)
		if now := e.state.Load(); now != nil {
			s = now
		}
	}
	return s, s.isSince(at)
}

// stored returns what the store has of a project.
func (h *Handler) stored(ctx context.Context, p cssstore.Project) *state {
	if h.mode == ModeSharedCache {
		return h.get(ctx, key{project: p.UUID}, p, true)
	}
	var s *state
	if !p.Hash.IsZero() {
		s = h.get(ctx, key{p.UUID, p.Hash}, p, true)
		if s.version != nil {
			return s
		}
		if !errors.Is(s.err, cssstore.ErrNotFound) {
			return h.inMemory(p.UUID, s)
		}
	}
	// PHP removes the earlier file before the database has the new hash.
	return h.get(ctx, key{project: p.UUID}, p, true)
}

// inMemory returns what the memory has of a project whose directory cannot be read, or the
// failed state if it has nothing.
func (h *Handler) inMemory(project cssstore.UUID, failed *state) *state {
	s := h.tier.latestOf(project)
	if s == nil {
		return failed
	}
	last := *s
	last.err = failed.err
	return &last
}

// startFetch reads the store in the background, unless that was done since the caller
// loaded the state.
func (h *Handler) startFetch(ctx context.Context, e *entry, p cssstore.Project, seen *state, keep bool) *call {
	return h.do(ctx, &e.flight, func(ctx context.Context) {
		if e.state.Load() == seen {
			h.fetch(ctx, e, p, keep)
		}
	})
}

// fetch reads the store, calls the generator if that is needed, and stores the state.
func (h *Handler) fetch(ctx context.Context, e *entry, p cssstore.Project, keep bool) {
	old := e.state.Load()
	if old == nil {
		old = &state{}
	}
	s := &state{begun: time.Now(), asked: old.asked}
	if old.made.instead == p.Hash {
		s.made = old.made
	}
	r, err := h.readStore(ctx, e.key)
	if begin := time.Now(); h.generator != nil && keep && !h.isNewest(e.key, p) && begin.Sub(s.asked) >= generateEvery {
		made, asked, failed := h.generate(ctx, p, &r, err)
		if asked || failed != nil {
			s.asked = begin
			h.failing.generator.note(ctx, h.logger, "css cannot be prepared", failed)
			h.observeGenerator(ctx, p.UUID, begin, failed)
		}
		if asked && failed == nil {
			r, err = made, nil
			s.made = replacement{instead: p.Hash, hash: made.Hash}
		}
	}
	s.tried, s.err = time.Now(), err
	missing := errors.Is(err, cssstore.ErrNotFound)
	if missing || errors.Is(err, cssstore.ErrUnsettled) {
		h.failing.store.note(ctx, h.logger, "", nil)
	} else {
		h.failing.store.note(ctx, h.logger, "stored css cannot be read", err)
	}
	switch {
	case err == nil:
		s.version = h.newVersion(&r, old.version)
		s.version.read = s.begun
	case !missing || h.mode == ModeSharedCache || old.version.isOther(e.key):
		s.version = old.version // the last good one
	}
	h.tier.change(e, s, keep || s.version != nil)
}

// isNewest reports whether a key stands for the newest file of a project whose file with
// the hash in the list is missing.
func (h *Handler) isNewest(k key, p cssstore.Project) bool {
	return h.mode == ModeFiles && k.hash.IsZero() && !p.Hash.IsZero()
}

// readStore reads the store.
func (h *Handler) readStore(ctx context.Context, k key) (r cssstore.Resource, err error) {
	h.health.noteCall()
	defer func() { h.health.noteResult(err) }()
	defer recoverTo(&err)
	select {
	case h.storeCalls <- struct{}{}:
		defer func() { <-h.storeCalls }()
	case <-ctx.Done():
		return r, context.Cause(ctx)
	}
	if k.hash.IsZero() {
		return h.store.Get(ctx, k.project)
	}
	return cssstore.Version(ctx, h.store, k.project, k.hash)
}

// newVersion makes a version. It reuses the content of the old one if the bytes are the
// same.
func (h *Handler) newVersion(r *cssstore.Resource, old *version) *version {
	v := &version{hash: r.Hash, alias: r.Alias, settled: r.Settled, modified: r.Modified}
	if old != nil {
		if v.replaced = old.replaced; old.hash != r.Hash {
			v.replaced = time.Now()
		}
	}
	if old != nil && string(old.plain.body) == string(r.CSS) {
		v.content = old.content
	} else {
		v.content = h.newContent(r.CSS)
	}
	return v
}
