package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/mosparo/go-cluster/cache"
	"github.com/mosparo/go-cluster/cache/fileadapter"
	"github.com/mosparo/go-cluster/cache/sharedfiles"
	"github.com/mosparo/go-cluster/cleanup"
	"github.com/mosparo/go-cluster/cleanup/sqlcleaner"
	"github.com/mosparo/go-cluster/cleanup/sqlcleaner/schema"
	"github.com/mosparo/go-cluster/cssstore/csshttp"
	"github.com/mosparo/go-cluster/envconfig"
	"github.com/mosparo/go-cluster/envconfig/connect"
	"github.com/mosparo/go-cluster/examples/internal/metrics"
	"github.com/mosparo/go-cluster/examples/node/page"
	"github.com/mosparo/go-cluster/lock"
	"github.com/mosparo/go-cluster/lock/filelocker"
	"github.com/mosparo/go-cluster/lock/memorylocker"
)

// demoPoll is how often a demonstration reads the schedule. The default of a minute would
// make people wait.
const demoPoll = time.Second

// errDemoOnCluster prevents a demonstration from writing its schedule and CSS to the cache
// of a cluster.
var errDemoOnCluster error = usageError{"--demo: the settings also name a cluster; unset mosparo's variables and omit --dir"}

// demoSettings are the settings of a mosparo with its CSS in the shared cache.
var demoSettings = []string{"mosparo_installed=1", "mosparo_installed_version=1.5.4", "MOSPARO_PREPARE_CSS_FILES_IN_SHARED_CACHE=1"}

// demonstrate creates a cluster with generated data, in a temporary directory that is
// removed at the end or in a directory that several nodes share.
func demonstrate(ctx context.Context, o options, environ []string, log *slog.Logger, registry *metrics.Registry, opts []connect.Option) (_ *node, err error) {
	n := &node{demo: true, metrics: registry}
	defer func() {
		if err != nil {
			n.close(log)
		}
	}()
	s, err := envconfig.FromEnviron(slices.Concat(environ, demoSettings))
	if err != nil {
		return nil, err
	}
	dir, err := n.demoDirectory(o)
	if err != nil {
		return nil, err
	}
	adapter, err := fileadapter.New(filepath.Join(dir, demoCache))
	if err != nil {
		return nil, err
	}
	n.onClose(adapter.Close)
	backend, err := demoLocks(dir, n.shared)
	if err != nil {
		return nil, err
	}
	// Of nodes that start at the same time one generates the data.
	locker := lock.New(backend, lock.WithLogger(log))
	err = locker.Do(ctx, lock.ReservedPrefix+"demo", func(ctx context.Context) error {
		return makeDemo(ctx, dir, cache.NewPool(adapter))
	}, lock.WithWait(-1))
	locker.Close()
	if err != nil {
		return nil, fmt.Errorf("demo data: %w", err)
	}
	db, err := openDemo(filepath.Join(dir, demoDatabase))
	if err != nil {
		return nil, err
	}
	n.onClose(db.Close)
	if n.public, err = demoPublic(); err != nil {
		return nil, err
	}
	n.Node, err = connect.Open(ctx, s, append(opts, connect.WithMode(cleanup.ModeClean),
		connect.WithCache(adapter), connect.WithLock(backend), connect.WithSQL(db, sqlcleaner.SQLite),
		connect.WithCSSOptions(csshttp.WithPublic(n.public)), connect.WithSchedulerOptions(cleanup.WithPoll(demoPoll), cleanup.WithObserver(n.cleanAgainSoon(db, log))))...)
	if err != nil {
		return nil, err
	}
	log.InfoContext(ctx, "demonstration: a cluster with generated data", slog.String("dir", dir), slog.Bool("shared", n.shared))
	return n, nil
}

// onClose adds a function that close calls after it has closed the node.
func (n *node) onClose(f func() error) { n.closers = append(n.closers, f) }

// demoRoutes returns the public handler of a demonstration, which includes the status
// page.
func (n *node) demoRoutes(log *slog.Logger) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/", n.Handler())
	n.addPage(mux, page.WithLogger(log))
	mux.Handle("GET /build/", http.FileServerFS(n.public)) // a web server's work in a cluster
	return mux
}

// introduction explains the demonstration to people who do not know mosparo.
func (n *node) introduction() []string {
	where := "in a temporary directory"
	if n.shared {
		where = "in a directory that other nodes may share"
	}
	return []string{
		"A demonstration with generated data, " + where + ", which cleans every minute.",
		"mosparo is open-source spam protection for forms: websites ask it about each submission, and it keeps these in its database for some days. " +
			"A node is one of several servers that run mosparo together, with one database and one shared cache; this one is written in Go, and works beside those in PHP. " +
			"A cleanup deletes submissions and submit tokens whose retention period is over: one node at a time does it, every few hours in a cluster, every minute here.",
	}
}

// The entries of the directory of a demonstration.
const (
	demoCache    = "cache"
	demoDatabase = "demo.sqlite"
)

// demoDirectory returns the directory of --demo-dir, if it contains nothing but a
// demonstration, or a temporary directory.
func (n *node) demoDirectory(o options) (string, error) {
	if o.demoDir == "" {
		dir, err := os.MkdirTemp("", "mosparo-demo-")
		if err == nil {
			n.onClose(func() error { return os.RemoveAll(dir) })
		}
		return dir, err
	}
	n.shared = true
	if err := os.MkdirAll(o.demoDir, 0o777); err != nil {
		return "", err
	}
	entries, err := os.ReadDir(o.demoDir)
	if err != nil {
		return "", err
	}
	for _, e := range entries {
		// Another node may be creating the cache.
		if e.Name() != demoCache && !strings.HasPrefix(e.Name(), demoDatabase) && !sharedfiles.LooksTemporary(e.Name()) {
			return "", fmt.Errorf("--demo-dir: %s is not the directory of a demonstration: it contains %s", o.demoDir, e.Name())
		}
	}
	return o.demoDir, nil
}

// demoLocks returns the locks of the directory. On a system without file locks a node on
// its own uses locks in memory.
func demoLocks(dir string, shared bool) (lock.Backend, error) {
	b, err := filelocker.New(filepath.Join(dir, demoCache, lock.KeyPrefix))
	if errors.Is(err, errors.ErrUnsupported) && !shared {
		return memorylocker.New(), nil
	}
	return b, err
}

// makeDemo creates database and schedule unless they exist. The database gets its name
// when it is complete.
func makeDemo(ctx context.Context, dir string, pool *cache.Pool) error {
	file := filepath.Join(dir, demoDatabase)
	if _, err := os.Stat(file); err == nil {
		return nil
	}
	unfinished := file + ".new"
	if err := os.Remove(unfinished); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	db, err := openDemo(unfinished)
	if err != nil {
		return err
	}
	err = schema.Create(ctx, db, sqlcleaner.SQLite)
	if err == nil {
		err = generate(ctx, db, time.Now().UTC())
	}
	if err == nil {
		err = makeDemoCSS(ctx, db, pool)
	}
	if err := errors.Join(err, db.Close()); err != nil {
		return err
	}
	// The next cleanup is due, as if the last one had run hours ago.
	if err := cleanup.NextCleanup.Set(ctx, pool, time.Now().Add(-time.Minute), 0); err != nil {
		return err
	}
	return os.Rename(unfinished, file)
}

func openDemo(file string) (*sql.DB, error) {
	return sql.Open("sqlite", "file:"+filepath.ToSlash(file)+"?_pragma=busy_timeout(5000)&_pragma=journal_mode(WAL)&_txlock=immediate")
}
