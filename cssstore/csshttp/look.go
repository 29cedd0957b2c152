package csshttp

import (
	"context"
	"errors"
	"time"

	"github.com/mosparo/go-cluster/cssstore"
)

const (
	// missFor is how long the store is not asked again for what it does not
	// have, or after it failed.
	missFor = time.Second
	// askEvery is how often a generator is asked for a project at most.
	askEvery = 10 * time.Second
)

// rest returns how long a state is not renewed, and after what time requests wait
// for the next one.
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
// forgotten immediately. While the store is down only a request that has nothing to
// answer with waits for it, and of those few.
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
		leave, until := s.rest(h.recheck)
		switch {
		case age < leave:
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
	fetching := h.fetcher(e, p, s, keep) //nolint:contextcheck // what one request begins, others wait for
	if wait == 0 {
		return s
	}
	fetching.await(ctx, wait)
	if now := e.state.Load(); now != nil {
		return now
	}
	return &state{err: context.DeadlineExceeded}
}

// renew returns what the store has of a key at the given time or later, and
// true, or what is known, if that cannot be had now.
func (h *Handler) renew(ctx context.Context, k key, p cssstore.Project, s *state, at time.Time) (*state, bool) {
	rests := anewEvery
	if s.err != nil {
		rests = missFor
	}
	if s.begun.Before(at) && time.Since(s.tried) >= rests && !h.health.isDown(time.Now()) {
		e := h.tier.entry(k, at.Unix())
		h.fetcher(e, p, e.state.Load(), true).await(ctx, shortWaitTimeout) //nolint:contextcheck // as above
		if now := e.state.Load(); now != nil {
			s = now
		}
	}
	return s, s.isSince(at)
}

// fetcher looks into the store in the background, unless another goroutine has
// since the caller saw the state.
func (h *Handler) fetcher(e *entry, p cssstore.Project, seen *state, keep bool) *call {
	return h.do(&e.flight, func(ctx context.Context) {
		if e.state.Load() == seen {
			h.fetch(ctx, e, p, keep)
		}
	})
}

// fetch reads the store, and calls the generator.
func (h *Handler) fetch(ctx context.Context, e *entry, p cssstore.Project, keep bool) {
	old := e.state.Load()
	if old == nil {
		old = &state{}
	}
	s := &state{begun: time.Now(), asked: old.asked}
	if old.made.instead == p.Hash {
		s.made = old.made
	}
	r, err := h.look(ctx, e.key)
	if begin := time.Now(); h.generator != nil && keep && !h.isNewest(e.key, p) && begin.Sub(s.asked) >= askEvery {
		made, asked, failed := h.generate(ctx, p, &r, err)
		if asked || failed != nil {
			s.asked = begin
			h.failing.generator.note(h.logger, "css cannot be prepared", failed)
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
		h.failing.store.note(h.logger, "", nil)
	} else {
		h.failing.store.note(h.logger, "stored css cannot be read", err)
	}
	switch {
	case err == nil:
		s.version = h.newVersion(&r, old.version)
	case !missing || h.mode == ModeSharedCache || old.version.isOther(e.key):
		s.version = old.version // the last good one
	}
	h.tier.change(e, s, keep || s.version != nil)
}

// isNewest reports whether a key stands for the newest file of a project that
// lacks the one of its hash.
func (h *Handler) isNewest(k key, p cssstore.Project) bool {
	return h.mode == ModeFiles && k.hash.IsZero() && !p.Hash.IsZero()
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
	h.health.ask()
	defer func() { h.health.answer(err) }()
	defer recovered(&err)
	select {
	case h.looking <- struct{}{}:
		defer func() { <-h.looking }()
	case <-ctx.Done():
		return r, context.Cause(ctx)
	}
	if k.hash.IsZero() {
		return h.store.Get(ctx, k.project)
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
