package mirror

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/mosparo/go-cluster/cssstore"
	"github.com/mosparo/go-cluster/cssstore/internal/sleep"
)

// Mirror copies the CSS of all projects from one store to another. Make one with
// [New]. Its methods are safe for concurrent use.
type Mirror struct {
	source, target cssstore.Store
	projects       func(context.Context) ([]cssstore.UUID, error)
	interval       time.Duration
	compare        time.Duration
	logger         *slog.Logger
	memory         memory
}

// Stores are the two stores of a [Mirror]. The fields have to be named: nothing
// else tells the two apart.
type Stores struct {
	_ struct{} // no literal without names

	// Source is the store that all nodes share. It is only read; where it is a
	// [cssstore.NonBlocker] through that.
	Source cssstore.Store
	// Target is the store of this node. It is changed to be like the source.
	Target cssstore.Store
}

// Option changes a default of [New].
type Option func(*Mirror)

// Defaults of a [Mirror].
const (
	DefaultInterval        = 2 * time.Second
	DefaultCompareInterval = 10 * time.Second
)

// WithInterval sets the pause between two passes of [Mirror.Run]. The default,
// also for 0, is [DefaultInterval]. It panics if d is negative.
func WithInterval(d time.Duration) Option {
	if d < 0 {
		panic("mirror: WithInterval: d is negative")
	}
	return func(m *Mirror) { m.interval = cmp.Or(d, DefaultInterval) }
}

// WithCompareInterval sets how often the bytes are compared although the hash is
// the same, as it is after an update of mosparo. The default, also for 0, is
// [DefaultCompareInterval]. It panics if d is negative.
func WithCompareInterval(d time.Duration) Option {
	if d < 0 {
		panic("mirror: WithCompareInterval: d is negative")
	}
	return func(m *Mirror) { m.compare = cmp.Or(d, DefaultCompareInterval) }
}

// WithLogger logs what was copied and removed, and the begin and the end of an
// outage. The default, and nil, log nothing.
func WithLogger(l *slog.Logger) Option {
	if l == nil {
		l = slog.New(slog.DiscardHandler)
	}
	return func(m *Mirror) { m.logger = l }
}

// New returns a mirror of one store in another, for the projects that the
// function lists; an error of it ends a pass. It starts nothing. It panics if a
// store or the function is nil.
func New(s Stores, projects func(context.Context) ([]cssstore.UUID, error), opts ...Option) *Mirror {
	switch {
	case s.Source == nil:
		panic("mirror: New: s.Source is nil")
	case s.Target == nil:
		panic("mirror: New: s.Target is nil")
	case projects == nil:
		panic("mirror: New: projects is nil")
	}
	if n, ok := s.Source.(cssstore.NonBlocker); ok {
		s.Source = n.NonBlocking() // of many projects each would wait for the one before
	}
	m := &Mirror{
		source: s.Source, target: s.Target, projects: projects,
		interval: DefaultInterval, compare: DefaultCompareInterval, logger: slog.New(slog.DiscardHandler),
	}
	for _, o := range opts {
		o(m)
	}
	return m
}

// Check compares all projects, bytes included, and changes nothing. It waits
// until what PHP stored is settled, as [cssstore.GetSettled] does, for all
// projects at the same time; if the context ends before, they are [Unsettled].
//
// A project that cannot be read is in the error, and the others are still
// compared, until requests that ended in cache.ErrUnavailable have taken two
// seconds: then a server hangs, and each further request would take a timeout,
// too. The next pass begins where this one stopped.
func (m *Mirror) Check(ctx context.Context) ([]Drift, error) {
	p := pass{Mirror: m, bytesToo: true, waits: true}
	return p.run(ctx)
}

// Sync makes the target like the source, and returns the differences that it
// found: those of a kind that can be repaired are repaired, unless the error says
// otherwise. It compares hashes, and bytes only if they have not been compared
// for a while. It waits and stops as [Mirror.Check] does. A project whose lock
// another writer has does not keep it from the rest: it is tried again until the
// lock is free, for ten seconds.
func (m *Mirror) Sync(ctx context.Context) ([]Drift, error) {
	p := pass{Mirror: m, repairs: true, waits: true}
	return p.run(ctx)
}

// Run is Sync, again and again until the context ends, whose cause it returns.
// It waits for no project: one that is not settled, or whose lock another writer
// has, is compared again with the next pass. A target that is a
// [cssstore.Pruner] is pruned every minute.
func (m *Mirror) Run(ctx context.Context) error {
	failing, pruned := false, time.Now()
	for {
		p := pass{Mirror: m, repairs: true}
		_, err := p.run(ctx)
		if p, ok := m.target.(cssstore.Pruner); ok && time.Since(pruned) >= time.Minute {
			_, pruneErr := p.Prune(ctx)
			err, pruned = errors.Join(err, pruneErr), time.Now()
		}
		if ended := context.Cause(ctx); ended != nil {
			return ended
		}
		switch {
		case err != nil && !failing:
			m.logger.Warn("css cannot be mirrored", "error", err)
		case err == nil && failing:
			m.logger.Info("css is mirrored again")
		}
		failing = err != nil
		if err := sleep.For(ctx, m.interval); err != nil {
			return err
		}
	}
}
