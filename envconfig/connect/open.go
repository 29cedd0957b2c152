package connect

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"slices"

	"github.com/mosparo/go-cluster/cache"
	"github.com/mosparo/go-cluster/cleanup"
	"github.com/mosparo/go-cluster/cleanup/sqlcleaner"
	"github.com/mosparo/go-cluster/envconfig"
	"github.com/mosparo/go-cluster/envconfig/connect/nodes"
	"github.com/mosparo/go-cluster/lock"
)

// Open assembles a node of the cluster that the settings name: pool, locker,
// scheduler, CSS handler and health checks. It sends nothing and starts nothing;
// [Node.Serve] and [Node.Run] do. [Node.Close] closes what Open has opened. Parts that
// an option provides, such as [WithCache], stay open.
//
// A node that cleans also keeps a record of itself in the shared cache, by which the other
// nodes see it and learn whether its files and settings differ; see package nodes.
//
// The node observes by default. It cleans if [WithMode] says so and this module knows
// mosparo's version; if it does not, the node observes until it is opened again, see
// [Node].WhyObserve. Before each run it re-reads the settings and checks mosparo's version.
// Settings stay as at Open: if mosparo's files have other settings of cleanup, database or
// shared cache since, the node does not clean until it is opened again. Changes of logins
// and timeouts do not count.
//
// It serves prepared CSS from the shared cache, or from mosparo's directory if
// MOSPARO_PREPARE_CSS_FILES_IN_SHARED_CACHE is off. A node that cleans and knows
// mosparo's directory also prepares CSS that is missing in the shared cache.
//
// The error joins a [*SettingError] for each setting that cannot be used. Settings that
// were returned with an error ([envconfig.Settings.Err]) are refused with all of that
// error, also if no part of the node uses what is wrong. If the program does not import
// the driver of its database, the error names the import. Settings without a database are
// an error unless [WithDatabase] or [WithSQL] provides one: the node would schedule
// cleanups that it cannot run.
func Open(ctx context.Context, s *envconfig.Settings, opts ...Option) (*Node, error) {
	panicIfNil(s == nil, "Open", "s")
	if err := context.Cause(ctx); err != nil {
		return nil, err
	}
	if s.Err() != nil { // a default in place of a value would be another cluster's
		return nil, unusableSettings(s)
	}
	b := &builder{options: newOptions(opts), opts: opts, settings: s}
	b.n = &Node{Settings: s, CSSSource: CSSNone, logger: b.logger, drain: b.node.drain}
	b.logWarnings()
	parts := b.openParts()
	if err := errors.Join(b.errs...); err != nil {
		return nil, errors.Join(err, b.n.Close())
	}
	b.assemble(parts) //nolint:contextcheck // closing has a time limit of its own
	return b.n, nil
}

// builder is the state of Open.
type builder struct {
	options
	opts     []Option
	settings *envconfig.Settings
	n        *Node
	errs     []error
}

// parts are the parts that the settings or the options provide.
type parts struct {
	adapter cache.Adapter
	backend lock.Backend
	db      *sql.DB // nil if no part needs it
	dialect sqlcleaner.Dialect
}

// fail adds the errors of settings. Cache and locks share theirs, which are added once.
func (b *builder) fail(setting string, err error) {
	for _, e := range settingErrors(b.settings, setting, err) {
		if !slices.ContainsFunc(b.errs, func(other error) bool { return other.Error() == e.Error() }) {
			b.errs = append(b.errs, e)
		}
	}
}

// logWarnings logs the warnings of the settings, but for that of the cache's address if
// [Cache] logs it or nothing uses it.
func (b *builder) logWarnings() {
	locksUseIt := b.node.backend == nil && b.lockURL == ""
	for w := range b.settings.Warnings() {
		if w.Name != cacheSetting(b.settings) || b.node.adapter != nil && locksUseIt {
			logWarning(b.options, w.Name, w.Warning)
		}
	}
}

func (b *builder) openParts() parts {
	p := parts{adapter: b.node.adapter, backend: b.node.backend, db: b.node.sql, dialect: b.node.dialect}
	b.openDatabase(&p)
	if p.adapter == nil {
		if a, err := Cache(b.settings, b.opts...); err != nil {
			b.fail(cacheSetting(b.settings), err)
		} else {
			p.adapter = a
			b.n.onClose(a.Close)
		}
	}
	if p.backend == nil {
		backend, closer, err := Lock(b.settings, b.opts...) //nolint:contextcheck // go-redis asks for a context where it only makes a client
		if err != nil {
			b.fail(b.lockSetting(), err)
		} else {
			p.backend = backend
			b.n.onClose(closer.Close)
		}
	}
	return p
}

// cacheSetting returns the variable with the address of the shared cache.
func cacheSetting(s *envconfig.Settings) string {
	switch s.Cache.Adapter {
	case envconfig.AdapterRedis:
		return "REDIS_URL"
	case envconfig.AdapterMemcached:
		return "MEMCACHED_URL"
	case envconfig.AdapterFilesystem:
		return "FILESYSTEM_CACHE_PATH"
	}
	return "MOSPARO_CACHE_ADAPTER"
}

func (b *builder) lockSetting() string {
	if b.lockURL != "" {
		return "WithLockURL"
	}
	return cacheSetting(b.settings)
}

// openDatabase opens mosparo's database, unless it is given or no part needs it.
func (b *builder) openDatabase(p *parts) {
	needless := b.node.database != nil && (b.node.projects != nil || b.settings.Database == nil)
	if p.db != nil || needless {
		return
	}
	db, driver, err := Database(b.settings, nil, b.opts...)
	if errors.Is(err, envconfig.ErrNotConfigured) {
		err = fmt.Errorf("a node does not use the cache of a cluster without the cluster's own database: %w", err)
	}
	if err != nil {
		b.fail("database_driver", err)
		return
	}
	b.n.onClose(db.Close)
	if p.dialect, err = sqlcleaner.DialectOf(driver); err != nil {
		b.fail("database_driver", err)
	}
	p.db = db
}

// assemble creates the node from its parts.
func (b *builder) assemble(p parts) {
	n, o, log := b.n, b.node, b.logger
	b.chooseMode()
	n.loaded = loadedAgain(n.Settings)
	n.opened.cache, n.opened.database = o.adapter == nil, o.database == nil && o.sql == nil
	n.Pool = cache.NewPool(p.adapter, append([]cache.Option{cache.WithLogger(log)}, o.poolOptions...)...)
	n.Locker = lock.New(p.backend, append([]lock.Option{lock.WithLogger(log)}, o.lockerOptions...)...)
	n.onClose(func() error { n.Locker.Close(); return nil })
	if n.Database = o.database; n.Database == nil {
		n.Database = sqlcleaner.New(p.db, p.dialect, sqlcleaner.WithZone(o.zone), sqlcleaner.WithLogger(log), sqlcleaner.WithObserver(o.databaseObserver))
	}
	n.Scheduler = cleanup.New(n.Pool, n.Locker, n.Database, append([]cleanup.Option{
		cleanup.WithMode(n.Mode), cleanup.WithPolicy(CleanupPolicy(n.Settings)), cleanup.WithLogger(log),
		cleanup.WithCheck(n.checkSettings),
	}, o.schedulerOptions...)...)
	if !o.withoutNodes {
		n.Nodes = nodes.New(n.Pool, n.Locker, n.Settings,
			append([]nodes.Option{nodes.WithMode(n.Mode), nodes.WithLogger(log)}, o.nodesOptions...)...)
	}
	b.serveCSS(p)
	b.checkHealth()
}

// chooseMode sets [cleanup.ModeClean] if that was asked for and mosparo's version is
// known, and otherwise says why the node observes.
func (b *builder) chooseMode() {
	n := b.n
	refused := checkVersion(n.Settings)
	switch {
	case b.node.mode != cleanup.ModeClean:
		n.WhyObserve = "it was not told to clean"
	case refused != nil:
		n.WhyObserve = refused.Error()
	default:
		n.Mode = cleanup.ModeClean
		return
	}
	b.logger.Info("this node only observes", slog.String("reason", n.WhyObserve))
}
