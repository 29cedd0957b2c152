package main

import (
	"context"
	"database/sql"
	"fmt"
	"io/fs"
	"log/slog"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib" // driver pgx
	_ "modernc.org/sqlite"             // driver sqlite

	"github.com/mosparo/go-cluster/cache"
	"github.com/mosparo/go-cluster/cleanup"
	"github.com/mosparo/go-cluster/cleanup/sqlcleaner"
	"github.com/mosparo/go-cluster/cssstore/csshttp"
	"github.com/mosparo/go-cluster/cssstore/projectdb"
	"github.com/mosparo/go-cluster/envconfig"
	"github.com/mosparo/go-cluster/envconfig/connect"
	"github.com/mosparo/go-cluster/envconfig/connect/mysqlconnector"
	"github.com/mosparo/go-cluster/envconfig/health"
	"github.com/mosparo/go-cluster/lock"
)

// node is what main has put together.
type node struct {
	demo      bool
	shared    bool // the demonstration, with other nodes
	mode      cleanup.Mode
	why       string // why it only observes
	settings  *envconfig.Settings
	scheduler *cleanup.Scheduler
	db        *sqlcleaner.DB
	sql       *sql.DB
	// installation is the state of mosparo's; nil for the demonstration.
	installation func(context.Context) health.Installation
	projects     *projectdb.DB    // nil if no CSS is served
	css          *csshttp.Handler // likewise
	public       fs.FS            // the demonstration's folder public
	closers      []func() error
}

func (n *node) onClose(f func() error) { n.closers = append(n.closers, f) }

// close ends everything in the reverse order.
func (n *node) close(log *slog.Logger) {
	for i := len(n.closers) - 1; i >= 0; i-- {
		if err := n.closers[i](); err != nil {
			log.Warn("closing", slog.Any("error", err))
		}
	}
}

// errNoDatabase: half a cluster is named. Planning a cleanup in a cluster's
// cache without cleaning its database would stop the cleanup of that cluster.
var errNoDatabase error = usageError{"a shared cache is set, but no database: this node does not touch a cluster's cache without the cluster's own database; name mosparo's directory with --dir"}

// errNothingNamed: a node that served a demonstration instead would answer the
// health check of a balancer.
var errNothingNamed error = usageError{"no cluster is named: give mosparo's directory with --dir or set mosparo's environment variables, or run a demonstration with --demo"}

// errDemoOnCluster: the demonstration writes schedule and CSS of its own.
var errDemoOnCluster error = usageError{"--demo: the settings name a cluster as well; unset mosparo's variables and leave out --dir, since the demonstration has its own"}

// assemble decides between demonstration and cluster.
func assemble(ctx context.Context, o options, environ []string, log *slog.Logger) (*node, error) {
	zone, err := time.LoadLocation(o.zone)
	if err != nil {
		return nil, usageError{"--zone: " + err.Error()}
	}
	if o.demo && o.dir != "" {
		return nil, errDemoOnCluster
	}
	s, err := load(o, environ)
	if err != nil {
		return nil, err
	}
	named := s.Variable("MOSPARO_CACHE_ADAPTER").IsSet() || s.Cache.FilesystemPath != "" || s.Variable("REDIS_URL").IsSet() || s.Variable("MEMCACHED_URL").IsSet()
	configured := s.Database != nil || o.dir != ""
	switch {
	case o.demo && (configured || named):
		return nil, errDemoOnCluster
	case o.demo:
		return demonstrate(ctx, o, s, log)
	case configured:
		return join(ctx, o, environ, s, zone, log)
	case named:
		return nil, errNoDatabase
	default:
		return nil, errNothingNamed
	}
}

// load reads the settings.
func load(o options, environ []string) (*envconfig.Settings, error) {
	if o.dir == "" {
		return envconfig.FromEnviron(environ)
	}
	return envconfig.Load(o.dir, environ)
}

// join makes this a node of an existing cluster.
func join(ctx context.Context, o options, environ []string, s *envconfig.Settings, zone *time.Location, log *slog.Logger) (_ *node, err error) {
	refused := checkVersion(s)
	n := &node{settings: s, mode: cleanup.ModeObserve, installation: installation(s, o, environ)}
	defer func() {
		if err != nil {
			n.close(log)
		}
	}()
	for w := range s.Warnings() {
		log.Warn("a setting needs attention", slog.String("name", w.Name), slog.String("warning", w.Warning))
	}
	db, driver, err := connect.Database(s, mysqlconnector.New, connect.WithLogger(log))
	if err != nil {
		return nil, err
	}
	n.onClose(db.Close)
	adapter, err := connect.Cache(s, connect.WithLogger(log))
	if err != nil {
		return nil, err
	}
	n.onClose(adapter.Close)
	backend, closer, err := connect.Lock(s, connect.WithLogger(log)) //nolint:contextcheck // go-redis asks for a context where it only makes a client
	if err != nil {
		return nil, err
	}
	n.onClose(closer.Close)

	switch {
	case !o.clean:
		n.why = "--clean was not given"
	case refused != nil:
		n.why = refused.Error()
	default:
		n.mode = cleanup.ModeClean
	}
	if n.mode == cleanup.ModeObserve {
		log.Info("this node only observes", slog.String("why", n.why))
	}
	dialect, err := sqlcleaner.DialectOf(driver)
	if err != nil {
		return nil, err
	}
	n.db = sqlcleaner.New(db, dialect, sqlcleaner.WithZone(zone), sqlcleaner.WithLogger(log))
	locker := lock.New(backend, lock.WithLogger(log))
	n.onClose(func() error { locker.Close(); return nil })
	pool := cache.NewPool(adapter, cache.WithLogger(log))
	n.sql = db
	n.clusterCSS(o, pool, locker, dialect, log)
	n.scheduler = cleanup.New(pool, locker, n.db, cleanup.WithMode(n.mode), cleanup.WithPolicy(connect.CleanupPolicy(s)),
		cleanup.WithLogger(log), cleanup.WithCheck(checkVersionAgain(o, environ)))
	return n, nil
}

// checkVersionAgain reads the settings again before every run: mosparo may be
// updated while this node runs.
func checkVersionAgain(o options, environ []string) func(context.Context, cleanup.Snapshot) error {
	return func(context.Context, cleanup.Snapshot) error {
		s, err := load(o, environ)
		if err != nil {
			return fmt.Errorf("mosparo's version is unknown: %w", err)
		}
		return checkVersion(s)
	}
}

func checkVersion(s *envconfig.Settings) error {
	return cleanup.CheckVersion(s.Installed, s.InstalledVersion)
}
