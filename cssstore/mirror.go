package cssstore

import (
	"bytes"
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
}

// MirrorOption changes a default of [NewMirror].
type MirrorOption func(*Mirror)

// Defaults of a [Mirror].
const (
	DefaultMirrorInterval  = 2 * time.Second
	DefaultCompareInterval = 10 * time.Second
)

// WithInterval is how often [Mirror.Run] looks at the hashes; the default is
// [DefaultMirrorInterval].
func WithInterval(d time.Duration) MirrorOption { return func(m *Mirror) { m.interval = d } }

// WithCompareInterval is how often the bytes are compared although the hash is
// the same, as it is after an update of mosparo; the default is
// [DefaultCompareInterval].
func WithCompareInterval(d time.Duration) MirrorOption { return func(m *Mirror) { m.compare = d } }

// WithMirrorLogger logs what was copied and removed, and once each when it
// begins and ceases to fail. The default logs nothing.
func WithMirrorLogger(l *slog.Logger) MirrorOption { return func(m *Mirror) { m.logger = l } }

// NewMirror returns a mirror of one store in another, for the projects that
// the function lists. It starts nothing.
func NewMirror(from, to Store, projects func(context.Context) ([]UUID, error), opts ...MirrorOption) *Mirror {
	if c, ok := from.(*Cached); ok {
		from = hasty{c} // of many projects each would have to wait for the one before
	}
	m := &Mirror{
		from: from, to: to, projects: projects, interval: DefaultMirrorInterval, compare: DefaultCompareInterval,
		logger: slog.New(slog.DiscardHandler), compared: map[UUID]time.Time{},
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
// cannot read is in the error, and does not keep it from the rest.
func (m *Mirror) Drift(ctx context.Context) ([]Drift, error) {
	return m.pass(ctx, true, func(context.Context, Drift, *Resource) error { return nil })
}

// Sync makes the mirror like the shared store, and returns the differences that
// it found: those of a kind that can be repaired are repaired, unless the error
// says otherwise. It looks at hashes, and at bytes only if they have not been
// compared for a while.
func (m *Mirror) Sync(ctx context.Context) ([]Drift, error) {
	return m.pass(ctx, false, func(ctx context.Context, d Drift, r *Resource) error {
		var err error
		switch d.Kind {
		case DriftMissing, DriftStale:
			err = m.to.Put(ctx, *r)
		case DriftOrphaned:
			err = m.to.Delete(ctx, d.Project)
		default:
			return nil
		}
		if err == nil {
			m.logger.Info("css mirrored", "project", d.Project, "was", string(d.Kind), "hash", d.Want)
		}
		return err
	})
}

// Run is Sync, again and again until the context ends, whose cause it returns.
// If the mirror is a [Pruner] it is pruned every minute.
func (m *Mirror) Run(ctx context.Context) error {
	failing, pruned := false, time.Now()
	for {
		_, err := m.Sync(ctx)
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

// pass looks at every project and at what belongs to none.
func (m *Mirror) pass(ctx context.Context, bytesToo bool, repair func(context.Context, Drift, *Resource) error) ([]Drift, error) {
	projects, err := m.projects(ctx)
	if err != nil {
		return nil, err
	}
	var found []Drift
	var errs []error
	note := func(d Drift, r *Resource) {
		found = append(found, d)
		if err := repair(ctx, d, r); err != nil {
			errs = append(errs, err)
		}
	}
	for _, p := range projects {
		if err := context.Cause(ctx); err != nil {
			return found, err
		}
		d, r, err := m.look(ctx, p, bytesToo)
		if err != nil {
			errs = append(errs, err)
		} else if d != nil {
			note(*d, r)
		}
	}
	if len(projects) == 0 {
		// Rather a mistake than the truth.
		return found, errors.Join(errs...)
	}
	orphans, err := sureOrphans(ctx, m.to, projects, m.projects)
	if err != nil && !errors.Is(err, errors.ErrUnsupported) {
		errs = append(errs, err)
	}
	for _, p := range orphans {
		m.forget(p)
		have, _ := m.to.Hash(ctx, p) // for the report
		note(Drift{Project: p, Kind: DriftOrphaned, Have: have}, nil)
	}
	return found, errors.Join(errs...)
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
	if want == have && !bytesToo && m.fresh(p) {
		return nil, nil, nil
	}
	return m.compareBytes(ctx, p)
}

func (m *Mirror) lost(ctx context.Context, p UUID) (*Drift, *Resource, error) {
	have, err := hashOrZero(ctx, m.to, p)
	if err != nil || have.IsZero() {
		return nil, nil, err
	}
	return &Drift{Project: p, Kind: DriftLost, Have: have}, nil, nil
}

func (m *Mirror) compareBytes(ctx context.Context, p UUID) (*Drift, *Resource, error) {
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
	case local.Hash != r.Hash || !bytes.Equal(local.CSS, r.CSS):
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
