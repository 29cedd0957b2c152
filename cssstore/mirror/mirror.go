package cssstore

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"
)

// Mirror keeps a store of this node, usually [Files] on its own disk, like the
// one that all nodes share, usually [Cached]: one node stores a version there,
// and a web server on every node finds the file a few seconds later. It copies
// only what is settled. A project that the shared store has lost keeps its last
// version here; one that is not in the list of projects any more is removed.
//
// Make one with [NewMirror]. Its methods are safe for concurrent use.
type Mirror struct {
	from, to Store
	projects func(context.Context) ([]UUID, error)
	interval time.Duration
	compare  time.Duration
	logger   *slog.Logger

	mu sync.Mutex // never held across a wait
	// compared is when the bytes of a project were last found equal.
	compared map[UUID]time.Time
	// failed are the projects whose last Put failed, maybe halfway.
	failed map[UUID]bool
}

// MirrorOption changes a default of [NewMirror].
type MirrorOption func(*Mirror)

// Defaults of a [Mirror].
const (
	DefaultMirrorInterval  = 2 * time.Second
	DefaultCompareInterval = 10 * time.Second
)

// WithInterval is how often [Mirror.Run] looks at the hashes; the default is
// [DefaultMirrorInterval], also for 0. It panics if d is below zero.
func WithInterval(d time.Duration) MirrorOption {
	d = orDefault("WithInterval", d, DefaultMirrorInterval)
	return func(m *Mirror) { m.interval = d }
}

// WithCompareInterval is how often the bytes are compared although the hash is
// the same, as it is after an update of mosparo; the default is
// [DefaultCompareInterval], also for 0. It panics if d is below zero.
func WithCompareInterval(d time.Duration) MirrorOption {
	d = orDefault("WithCompareInterval", d, DefaultCompareInterval)
	return func(m *Mirror) { m.compare = d }
}

func orDefault(option string, d, byDefault time.Duration) time.Duration {
	if d < 0 {
		panic("cssstore: negative duration for " + option)
	}
	return cmp.Or(d, byDefault)
}

// WithMirrorLogger logs what was copied and removed, and once each when it
// begins and ceases to fail. The default, and nil, log nothing.
func WithMirrorLogger(l *slog.Logger) MirrorOption {
	if l == nil {
		l = slog.New(slog.DiscardHandler)
	}
	return func(m *Mirror) { m.logger = l }
}

// NewMirror returns a mirror of one store in another, for the projects that
// the function lists. It starts nothing. It panics if a store or the function
// is nil.
func NewMirror(from, to Store, projects func(context.Context) ([]UUID, error), opts ...MirrorOption) *Mirror {
	switch {
	case from == nil:
		panic("cssstore: nil from for NewMirror")
	case to == nil:
		panic("cssstore: nil to for NewMirror")
	case projects == nil:
		panic("cssstore: nil projects for NewMirror")
	}
	if c, ok := from.(*Cached); ok {
		from = hasty{c} // of many projects each would have to wait for the one before
	}
	m := &Mirror{
		from: from, to: to, projects: projects, interval: DefaultMirrorInterval, compare: DefaultCompareInterval,
		logger: slog.New(slog.DiscardHandler), compared: map[UUID]time.Time{}, failed: map[UUID]bool{},
	}
	for _, o := range opts {
		o(m)
	}
	return m
}

// DriftKind says how a project differs between two stores.
type DriftKind string

// The kinds of drift.
const (
	// DriftMissing is a project that the mirror lacks.
	DriftMissing DriftKind = "missing"
	// DriftStale is one whose hash or bytes are others.
	DriftStale DriftKind = "stale"
	// DriftOrphaned is something in the mirror that belongs to no project.
	DriftOrphaned DriftKind = "orphaned"
	// DriftUnsettled is one that cannot be compared yet.
	DriftUnsettled DriftKind = "unsettled"
	// DriftLost is one that the mirror has and the shared store has not.
	DriftLost DriftKind = "lost"
)

// Drift is one difference.
type Drift struct {
	Project UUID
	Kind    DriftKind
	// Want is the hash in the shared store, Have that in the mirror; zero for
	// none.
	Want, Have Hash
}

// Drift compares all projects, bytes included, and changes nothing. What it
// cannot read is in the error, and does not keep it from the rest. It waits until
// what PHP stored is settled, as [GetSettled] does, for all projects at the same
// time; if the context ends before, they are [DriftUnsettled].
func (m *Mirror) Drift(ctx context.Context) ([]Drift, error) {
	p := pass{Mirror: m, bytesToo: true, waits: true}
	return p.run(ctx)
}

// Sync makes the mirror like the shared store, and returns the differences that
// it found: those of a kind that can be repaired are repaired, unless the error
// says otherwise. It looks at hashes, and at bytes only if they have not been
// compared for a while. It waits as [Mirror.Drift] does. A project whose lock
// another writer has does not keep it from the rest: it is tried again until the
// lock is free, for ten seconds.
func (m *Mirror) Sync(ctx context.Context) ([]Drift, error) {
	p := pass{Mirror: m, repairs: true, waits: true}
	return p.run(ctx)
}

// Run is Sync, again and again until the context ends, whose cause it returns.
// It waits for no project: one that is not settled, or whose lock another writer
// has, is looked at again with the next pass. If the mirror is a [Pruner] it is
// pruned every minute.
func (m *Mirror) Run(ctx context.Context) error {
	failing, pruned := false, time.Now()
	for {
		p := pass{Mirror: m, repairs: true}
		_, err := p.run(ctx)
		if p, ok := m.to.(Pruner); ok && time.Since(pruned) >= time.Minute {
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
		if err := pause(ctx, m.interval); err != nil {
			return err
		}
	}
}

// look compares one project; nil means no difference.
func (m *Mirror) look(ctx context.Context, p UUID, bytesToo bool) (*Drift, *Resource, error) {
	want, err := m.from.Hash(ctx, p)
	if errors.Is(err, ErrNotFound) {
		return m.lost(ctx, p)
	}
	if errors.Is(err, ErrUnsettled) {
		return &Drift{Project: p, Kind: DriftUnsettled}, nil, nil
	}
	if err != nil {
		return nil, nil, err
	}
	have, err := hashOrZero(ctx, m.to, p)
	if err != nil {
		return nil, nil, err
	}
	if want == have && !bytesToo && m.fresh(p) && !m.hasFailed(p) {
		return nil, nil, nil
	}
	return m.compareBytes(ctx, p, bytesToo)
}

func (m *Mirror) lost(ctx context.Context, p UUID) (*Drift, *Resource, error) {
	have, err := hashOrZero(ctx, m.to, p)
	if err != nil || have.IsZero() {
		return nil, nil, err
	}
	return &Drift{Project: p, Kind: DriftLost, Have: have}, nil, nil
}

func (m *Mirror) compareBytes(ctx context.Context, p UUID, bytesToo bool) (*Drift, *Resource, error) {
	r, err := m.from.Get(ctx, p)
	switch {
	case errors.Is(err, ErrNotFound):
		return m.lost(ctx, p)
	case errors.Is(err, ErrUnsettled), err == nil && !r.Settled:
		return &Drift{Project: p, Kind: DriftUnsettled, Want: r.Hash}, nil, nil
	case err != nil:
		return nil, nil, err
	}
	local, err := m.to.Get(ctx, p)
	switch {
	case errors.Is(err, ErrNotFound):
		return &Drift{Project: p, Kind: DriftMissing, Want: r.Hash}, &r, nil
	case err != nil:
		return nil, nil, err
	case local.Hash != r.Hash || !bytes.Equal(local.CSS, r.CSS) || !bytesToo && m.hasFailed(p):
		return &Drift{Project: p, Kind: DriftStale, Want: r.Hash, Have: local.Hash}, &r, nil
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.compared[p] = time.Now()
	return nil, nil, nil
}

// forget frees the memory of a project that is gone.
func (m *Mirror) forget(p UUID) {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.compared, p)
	delete(m.failed, p)
}

// noteFailure remembers whether the last Put of a project failed.
func (m *Mirror) noteFailure(p UUID, failed bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if failed {
		m.failed[p] = true
	} else {
		delete(m.failed, p)
	}
}

func (m *Mirror) hasFailed(p UUID) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.failed[p]
}

// fresh reports whether the bytes were compared a short while ago.
func (m *Mirror) fresh(p UUID) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	at, ok := m.compared[p]
	if ok && time.Since(at) >= m.compare {
		delete(m.compared, p)
		return false
	}
	return ok
}

func hashOrZero(ctx context.Context, s Store, p UUID) (Hash, error) {
	h, err := s.Hash(ctx, p)
	if errors.Is(err, ErrNotFound) {
		return Hash{}, nil
	}
	return h, err
}
