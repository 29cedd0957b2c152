package mirror

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/mosparo/go-cluster/cssstore"
	"github.com/mosparo/go-cluster/cssstore/internal/option"
	"github.com/mosparo/go-cluster/cssstore/internal/sleep"
)

// Mirror copies the CSS of all projects from one store to another. [Mirror.Sync] and
// [Mirror.Check] make one pass over all projects, [Mirror.Run] one after the other. Make
// one with [New]. It is safe for concurrent use.
type Mirror struct {
	source, target cssstore.Store
	projects       func(context.Context) ([]cssstore.UUID, error)
	interval       time.Duration
	compare        time.Duration
	logger         *slog.Logger
	memory         memory
}

// Stores are the two stores of a [Mirror]. A literal needs the names of the fields, so
// that the two are not confused.
type Stores struct {
	_ struct{} // no literal without names

	// Source is the store to copy from, usually shared by all nodes. It is only read,
	// without blocking if it is a [cssstore.NonBlocker].
	Source cssstore.Store
	// Target is the store to copy to, usually on this node.
	Target cssstore.Store
}

// Option changes a default of [New].
type Option func(*Mirror)

// Defaults of [WithInterval] and [WithCompareInterval].
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

// WithCompareInterval sets how often [Mirror.Sync] and [Mirror.Run] compare the bytes of
// a project whose hash is the same in both stores: after an update of mosparo other
// bytes have the same hash. The default, also for 0, is [DefaultCompareInterval]. It
// panics if d is negative.
func WithCompareInterval(d time.Duration) Option {
	if d < 0 {
		panic("mirror: WithCompareInterval: d is negative")
	}
	return func(m *Mirror) { m.compare = cmp.Or(d, DefaultCompareInterval) }
}

// WithLogger logs each project that was copied or removed, and the begin and end of an
// outage. The default, and nil, log nothing.
func WithLogger(l *slog.Logger) Option {
	if l == nil {
		l = slog.New(slog.DiscardHandler)
	}
	return func(m *Mirror) { m.logger = l }
}

// New returns a mirror for the projects that the function lists, such as the method
// UUIDs of a projectdb.DB. The function is called in every pass, and its error ends
// the pass. New starts nothing: call [Mirror.Run]. It panics if a store, the function
// or an option is nil.
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
		s.Source = n.NonBlocking() // or many projects would wait one after the other
	}
	m := &Mirror{
		source: s.Source, target: s.Target, projects: projects,
		interval: DefaultInterval, compare: DefaultCompareInterval, logger: slog.New(slog.DiscardHandler),
	}
	option.Apply("mirror: New", m, opts)
	return m
}

// Check compares source and target in all projects, including the bytes, and changes
// nothing; the function [Check] compares a store with the database. It repeats the
// comparison of versions that are not settled, in parallel, until they settle. If the
// context ends before, they are [Unsettled].
//
// A project that cannot be read is in the error, and the others are still compared,
// until failed requests have used two seconds in total (those that ended in
// cache.ErrUnavailable): a server that hangs would cost a timeout for each project.
// Then Check stops, also
// before it looks for orphaned projects, and the next pass begins with the project at
// which this one stopped.
func (m *Mirror) Check(ctx context.Context) ([]Drift, error) {
	p := pass{Mirror: m, bytesToo: true, waits: true}
	return p.run(ctx)
}

// Sync makes the target like the source. It returns the differences that it found: it
// has repaired those that are [Missing], [Stale] or [Orphaned], unless the error says
// otherwise. Sync compares hashes, and the bytes of a project once in a while
// ([WithCompareInterval]). It waits for what is not settled, and stops in an outage,
// as [Mirror.Check] does.
//
// If another writer has the lock of a project, Sync goes on with the others and tries
// that one again, for up to ten seconds.
func (m *Mirror) Sync(ctx context.Context) ([]Drift, error) {
	p := pass{Mirror: m, repairs: true, waits: true}
	return p.run(ctx)
}

// Run calls Sync until the context ends, with a pause between ([WithInterval]), and
// returns the cause of the context. A project that is not settled, or whose lock
// another writer has, is left for the next pass. A target that is a [cssstore.Pruner]
// is pruned every minute. Errors go to the log ([WithLogger]) and do not end Run.
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
			m.logger.WarnContext(ctx, "css cannot be mirrored", slog.Any("error", err))
		case err == nil && failing:
			m.logger.InfoContext(ctx, "css is mirrored again")
		}
		failing = err != nil
		if err := sleep.For(ctx, m.interval); err != nil {
			return err
		}
	}
}
