package cssgen

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"sync/atomic"
	"time"

	"github.com/mosparo/go-cluster/cache"
	"github.com/mosparo/go-cluster/cssstore"
	"github.com/mosparo/go-cluster/cssstore/design"
	"github.com/mosparo/go-cluster/cssstore/internal/option"
	"github.com/mosparo/go-cluster/cssstore/internal/sleep"
	"github.com/mosparo/go-cluster/lock"
)

// Inputs are what a [Generator] makes CSS from.
type Inputs struct {
	// Settings has the design settings of the projects; usually a projectdb.DB.
	Settings Settings
	// LoadBuild returns the base CSS and the version of mosparo; usually it comes from
	// [FromPublic]. It is called often and must be safe for concurrent use.
	LoadBuild func() (Build, error)
}

// Settings returns the stored settings of a project. A projectdb.DB is one.
type Settings interface {
	Rows(ctx context.Context, project cssstore.UUID) ([]design.Row, error)
}

// HashSaver replaces the hash of a project in mosparo's database. A projectdb.DB is one,
// and only changes an existing row.
type HashSaver interface {
	SaveHash(ctx context.Context, p cssstore.Project, hash cssstore.Hash) error
}

// Generator prepares and stores CSS. It is a csshttp.Generator. It is safe for concurrent
// use. Make one with [New], and start [Generator.Run].
type Generator struct {
	store    cssstore.Store
	settings Settings
	pool     *cache.Pool
	locker   *lock.Locker
	load     func() (Build, error)
	saver    HashSaver
	name     string
	logger   *slog.Logger

	build atomic.Pointer[Build] // what was last loaded
	// lost is when this node last found the entry, or its element, missing.
	lost      atomic.Pointer[time.Time]
	published bool // at least once; used by Run only
}

// Option changes a default of [New].
type Option func(*Generator)

// WithSaveHash replaces the hash of a project in mosparo's database when CSS of another
// design was prepared. By default, and with nil, the database is not changed: PHP nodes
// then first redirect to the earlier hash.
func WithSaveHash(s HashSaver) Option { return func(g *Generator) { g.saver = s } }

// WithName sets the name under which this node publishes its build. It must be unique in
// the cluster. The default, also for the empty name, is the name of the host with a
// random part.
func WithName(name string) Option { return func(g *Generator) { g.name = name } }

// WithLogger logs each project that was prepared, and errors of publishing the build and
// of saving a hash. The default, and nil, log nothing.
func WithLogger(l *slog.Logger) Option {
	return func(g *Generator) {
		if g.logger = l; l == nil {
			g.logger = slog.New(slog.DiscardHandler)
		}
	}
}

// New returns a generator that stores CSS in the store. Nodes publish their builds in the
// pool, which is the shared cache, and take turns with the locker, which has to be that
// of the whole cluster. New starts nothing. It panics if an argument, a field of the
// inputs or an option is nil.
func New(store cssstore.Store, pool *cache.Pool, locker *lock.Locker, in Inputs, opts ...Option) *Generator {
	switch {
	case store == nil:
		panic("cssgen: New: store is nil")
	case pool == nil:
		panic("cssgen: New: pool is nil")
	case locker == nil:
		panic("cssgen: New: locker is nil")
	case in.Settings == nil:
		panic("cssgen: New: in.Settings is nil")
	case in.LoadBuild == nil:
		panic("cssgen: New: in.LoadBuild is nil")
	}
	g := &Generator{store: store, settings: in.Settings, pool: pool, locker: locker, load: in.LoadBuild, logger: slog.New(slog.DiscardHandler)}
	option.Apply("cssgen: New", g, opts)
	if g.name == "" {
		host, _ := os.Hostname() // a help for people
		g.name = host + "-" + rand.Text()[:8]
	}
	return g
}

// Run publishes the build of this node until the context ends, and returns its cause.
// While it does not run, the error of [Generator.Generate] is [ErrDisagreement].
func (g *Generator) Run(ctx context.Context) error {
	failing := false
	for {
		b, err := g.load()
		if err == nil {
			g.build.Store(&b)
			err = g.publish(ctx, &b)
		}
		if ended := context.Cause(ctx); ended != nil {
			g.withdraw(ctx)
			return ended
		}
		if err != nil && !failing {
			g.logger.WarnContext(ctx, "css build cannot be published; no css is prepared", slog.Any("error", err))
		}
		failing = err != nil
		_ = sleep.For(ctx, publishEvery) // if the context has ended, the node withdraws
	}
}

// withdraw removes the published build of this node.
func (g *Generator) withdraw(ctx context.Context) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 2*time.Second)
	defer cancel()
	if err := g.publish(ctx, nil); err != nil {
		g.logger.WarnContext(ctx, "css build cannot be withdrawn; it counts for two minutes", slog.Any("error", err))
	}
}

// Outdated reports whether r was made by an older version of mosparo than this node's,
// from other base CSS.
func (g *Generator) Outdated(r cssstore.Resource) bool {
	b := g.build.Load()
	return b != nil && r.Source.Base != "" && r.Source.Base != b.Base.Digest && isOlder(r.Source.Version, b.Version)
}

// Generate makes the CSS of a project's current design, and stores it if the store has
// other CSS or none. It returns what is then in the store. It holds the lock
// mosparo/cssgen.{uuid}, for which it waits up to 5 s. Errors: [ErrDisagreement],
// [ErrNotOlder], those of store, settings, design and lock.
func (g *Generator) Generate(ctx context.Context, p cssstore.Project) (cssstore.Resource, error) {
	return g.withLock(ctx, p, true)
}

// Warm is [Generator.Generate] for an operator's program, which does not publish a build
// with [Generator.Run]. While running nodes have another build, its error is
// [ErrDisagreement], too. Unlike Generate it replaces CSS of the same design whose
// source is unknown, such as that of PHP nodes and files: the operator knows which
// nodes were updated.
func (g *Generator) Warm(ctx context.Context, p cssstore.Project) (cssstore.Resource, error) {
	return g.withLock(ctx, p, false)
}

// lockWait is how long a node waits for another one that prepares the same project.
const lockWait = 5 * time.Second

func (g *Generator) withLock(ctx context.Context, p cssstore.Project, runs bool) (r cssstore.Resource, err error) {
	b, err := g.load()
	if err != nil {
		return r, fmt.Errorf("cssgen: project %v: %w", p.UUID, err)
	}
	g.build.Store(&b)
	err = g.locker.Do(ctx, lock.ReservedPrefix+"cssgen."+p.UUID.String(), func(ctx context.Context) error {
		r, err = g.generate(ctx, p, &b, runs)
		return err
	}, lock.WithWait(lockWait), lock.WithLabel("prepare css"))
	if errors.Is(err, ErrDisagreement) || errors.Is(err, ErrNotOlder) {
		err = refusal{err}
	}
	if err != nil {
		return cssstore.Resource{}, fmt.Errorf("cssgen: project %v: %w", p.UUID, err)
	}
	return r, nil
}

func (g *Generator) generate(ctx context.Context, p cssstore.Project, b *Build, runs bool) (cssstore.Resource, error) {
	if err := g.checkAgreement(ctx, b.source(), runs); err != nil {
		return cssstore.Resource{}, err
	}
	have, err := cssstore.GetSettled(ctx, g.store, p.UUID)
	found := err == nil
	if !found && !errors.Is(err, cssstore.ErrNotFound) {
		return cssstore.Resource{}, err
	}
	// The settings are read last: a design may be saved in the second that reading the
	// stored version may take.
	rows, err := g.settings.Rows(ctx, p.UUID)
	if err != nil {
		return cssstore.Resource{}, err
	}
	r, err := design.Prepare(p.UUID, rows, b.Base.CSS)
	if err != nil {
		return cssstore.Resource{}, err
	}
	r.Source = b.source()
	switch {
	case !found:
	case have.Hash == r.Hash && bytes.Equal(have.CSS, r.CSS):
		g.saveHash(ctx, p, r.Hash)
		return have, nil
	default:
		if err := checkNotNewer(&have, &r); err != nil && (runs || have.Source.Base != "") {
			return cssstore.Resource{}, err
		}
	}
	// A node with another build may have started in the meantime.
	if err := g.checkAgreement(ctx, r.Source, runs); err != nil {
		return cssstore.Resource{}, err
	}
	if err := g.store.Put(ctx, r); err != nil {
		return cssstore.Resource{}, err
	}
	g.logger.InfoContext(ctx, "css prepared", slog.String("project", p.UUID.String()), slog.String("hash", r.Hash.String()))
	g.saveHash(ctx, p, r.Hash)
	return r, nil
}

// checkNotNewer returns [ErrNotOlder] unless the stored version was made from the same
// base CSS, or by an older version of mosparo, or, if its source is unknown, for another
// design.
func checkNotNewer(have, with *cssstore.Resource) error {
	switch s := have.Source; {
	case s.Base == "" && have.Hash != with.Hash, s.Base == with.Source.Base, isOlder(s.Version, with.Source.Version):
		return nil
	case s.Base == "":
		return fmt.Errorf("%w: it has the same hash, other bytes, and does not say what it was made from", ErrNotOlder)
	default:
		return fmt.Errorf("%w: it was made by mosparo %.20q, this node has %.20q", ErrNotOlder, s.Version, with.Source.Version)
	}
}

// saveHash replaces the hash in the database, if there is a HashSaver. An error only goes
// to the log, since the CSS can be served without.
func (g *Generator) saveHash(ctx context.Context, p cssstore.Project, hash cssstore.Hash) {
	if g.saver == nil || p.Hash.IsZero() || p.Hash == hash {
		return
	}
	if err := g.saver.SaveHash(ctx, p, hash); err != nil {
		g.logger.WarnContext(ctx, "the hash of prepared css cannot be saved", slog.String("project", p.UUID.String()), slog.Any("error", err))
	}
}
