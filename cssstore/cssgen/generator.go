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
	"github.com/mosparo/go-cluster/cssstore/internal/sleep"
	"github.com/mosparo/go-cluster/lock"
)

// Inputs are what CSS is made from.
type Inputs struct {
	// Settings has the design settings of the projects; usually a projectdb.DB.
	Settings Settings
	// LoadBuild returns the base CSS and the version of mosparo, usually as
	// [FromPublic] does. It is called often, from several goroutines.
	LoadBuild func() (Build, error)
}

// Settings reads the stored settings of a project. A projectdb.DB does.
type Settings interface {
	Rows(ctx context.Context, project cssstore.UUID) ([]design.Row, error)
}

// HashSaver stores the hash of a design in mosparo's database. A projectdb.DB
// does, and changes nothing but a row that is there.
type HashSaver interface {
	SaveHash(ctx context.Context, p cssstore.Project, hash cssstore.Hash) error
}

// Generator prepares and stores CSS, for one project at a time in the whole
// cluster. It is a csshttp.Generator. Make one with [New], and let it [Generator.Run].
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
	// lost is when this node last found nothing published, or not itself.
	lost      atomic.Pointer[time.Time]
	published bool // by Run
}

// Option changes a default of [New].
type Option func(*Generator)

// WithSaveHash also stores the hash of what was prepared in mosparo's database,
// in place of the one that the project had there. By default, as with nil, the
// database stays as it is: PHP nodes then redirect to the earlier hash first.
func WithSaveHash(s HashSaver) Option { return func(g *Generator) { g.saver = s } }

// WithName sets the name under which this node publishes its build. The default,
// also for the empty name, is the host's name with a random part.
func WithName(name string) Option { return func(g *Generator) { g.name = name } }

// WithLogger logs what is prepared, and why not. The default, and nil, log
// nothing.
func WithLogger(l *slog.Logger) Option {
	return func(g *Generator) {
		if g.logger = l; l == nil {
			g.logger = slog.New(slog.DiscardHandler)
		}
	}
}

// New returns a generator that stores what it prepares in the store. The pool is
// the shared cache in which the nodes publish their builds, the locker that of
// the cluster. It starts nothing. It panics if one of these, or a field of the
// inputs, is nil.
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
	for _, o := range opts {
		o(g)
	}
	if g.name == "" {
		host, _ := os.Hostname() // a help for people
		g.name = host + "-" + rand.Text()[:8]
	}
	return g
}

// Run publishes the build of this node until the context ends, whose cause it
// returns. Without it [Generator.Generate] is an [ErrDisagreement].
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
			g.logger.Warn("what css is made from cannot be published; none is prepared", "error", err)
		}
		failing = err != nil
		_ = sleep.For(ctx, publishEvery) // if the context has ended, the node withdraws
	}
}

// withdraw removes what this node has published, so that it does not count any
// more.
func (g *Generator) withdraw(ctx context.Context) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 2*time.Second)
	defer cancel()
	if err := g.publish(ctx, nil); err != nil {
		g.logger.Warn("this node's css build stays published for two minutes", "error", err)
	}
}

// Outdated reports whether r was made by an older version of mosparo than that
// of this node, from another base CSS.
func (g *Generator) Outdated(r cssstore.Resource) bool {
	b := g.build.Load()
	return b != nil && r.Source.Base != "" && r.Source.Base != b.Base.Digest && older(r.Source.Version, b.Version)
}

// Generate returns the CSS of the project's design as it is now. What is
// stored is returned if it is that already. Errors: [ErrDisagreement],
// [ErrNotOlder], those of store, settings, design and lock; then nothing was
// stored.
func (g *Generator) Generate(ctx context.Context, p cssstore.Project) (cssstore.Resource, error) {
	return g.exclusively(ctx, p, true)
}

// Warm is Generate for an operator's program, which publishes nothing. It is an
// [ErrDisagreement] as well while a running node has another build, but it
// replaces CSS of the same design that does not say what it was made from, as
// that of PHP nodes and files does not: the operator knows what was updated.
func (g *Generator) Warm(ctx context.Context, p cssstore.Project) (cssstore.Resource, error) {
	return g.exclusively(ctx, p, false)
}

// lockWait is how long a node waits for another one that prepares the same.
const lockWait = 5 * time.Second

func (g *Generator) exclusively(ctx context.Context, p cssstore.Project, runs bool) (r cssstore.Resource, err error) {
	b, err := g.load()
	if err != nil {
		return r, fmt.Errorf("cssgen: project %v: %w", p.UUID, err)
	}
	g.build.Store(&b)
	err = g.locker.Do(ctx, lock.ReservedPrefix+"cssgen."+p.UUID.String(), func(ctx context.Context) error {
		r, err = g.generate(ctx, p, &b, runs)
		return err
	}, lock.WithWait(lockWait), lock.WithLabel("prepare css"))
	if err != nil {
		return cssstore.Resource{}, fmt.Errorf("cssgen: project %v: %w", p.UUID, err)
	}
	return r, nil
}

func (g *Generator) generate(ctx context.Context, p cssstore.Project, b *Build, runs bool) (cssstore.Resource, error) {
	if err := g.agree(ctx, b.source(), runs); err != nil {
		return cssstore.Resource{}, err
	}
	have, err := cssstore.GetSettled(ctx, g.store, p.UUID)
	found := err == nil
	if !found && !errors.Is(err, cssstore.ErrNotFound) {
		return cssstore.Resource{}, err
	}
	// The settings last: reading what is stored may take a second, in which a
	// design may be saved.
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
		if err := mayReplace(&have, &r); err != nil && (runs || have.Source.Base != "") {
			return cssstore.Resource{}, err
		}
	}
	// A node with another build may have started since.
	if err := g.agree(ctx, r.Source, runs); err != nil {
		return cssstore.Resource{}, err
	}
	if err := g.store.Put(ctx, r); err != nil {
		return cssstore.Resource{}, err
	}
	g.logger.Info("css prepared", "project", p.UUID, "hash", r.Hash)
	g.saveHash(ctx, p, r.Hash)
	return r, nil
}

// mayReplace returns [ErrNotOlder] unless what is stored was made from the same
// base, by an older version, or, if it does not say from what, for another
// design.
func mayReplace(have, with *cssstore.Resource) error {
	switch s := have.Source; {
	case s.Base == "" && have.Hash != with.Hash, s.Base == with.Source.Base, older(s.Version, with.Source.Version):
		return nil
	case s.Base == "":
		return fmt.Errorf("%w: it has the same hash, other bytes, and does not say what it was made from", ErrNotOlder)
	default:
		return fmt.Errorf("%w: it was made by mosparo %.20q, this node has %.20q", ErrNotOlder, s.Version, with.Source.Version)
	}
}

// saveHash stores the hash, if that is wanted. An error only goes to the log: the
// CSS can be served.
func (g *Generator) saveHash(ctx context.Context, p cssstore.Project, hash cssstore.Hash) {
	if g.saver == nil || p.Hash.IsZero() || p.Hash == hash {
		return
	}
	if err := g.saver.SaveHash(ctx, p, hash); err != nil {
		g.logger.Warn("the hash of prepared css cannot be saved", "project", p.UUID, "error", err)
	}
}
