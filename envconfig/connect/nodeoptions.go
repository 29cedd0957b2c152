package connect

import (
	"crypto/tls"
	"database/sql"
	"time"

	"github.com/mosparo/go-cluster/cache"
	"github.com/mosparo/go-cluster/cleanup"
	"github.com/mosparo/go-cluster/cleanup/sqlcleaner"
	"github.com/mosparo/go-cluster/cssstore"
	"github.com/mosparo/go-cluster/cssstore/csshttp"
	"github.com/mosparo/go-cluster/envconfig/connect/nodes"
	"github.com/mosparo/go-cluster/envconfig/health"
	"github.com/mosparo/go-cluster/lock"
)

// DefaultDrain is the default of [WithDrain].
const DefaultDrain = 8 * time.Second

// nodeOptions are the options that only [Open] uses.
type nodeOptions struct {
	mode  cleanup.Mode
	drain time.Duration
	zone  *time.Location

	// The parts that options provide; nil for those of the settings.
	adapter  cache.Adapter
	backend  lock.Backend
	database cleanup.Database
	sql      *sql.DB
	dialect  sqlcleaner.Dialect
	projects csshttp.Projects
	store    cssstore.Store

	databaseObserver sqlcleaner.Observer // nil: none

	poolOptions      []cache.Option
	lockerOptions    []lock.Option
	schedulerOptions []cleanup.Option
	cssOptions       []csshttp.Option
	healthOptions    []health.Option
	nodesOptions     []nodes.Option
	withoutNodes     bool
}

func defaultNodeOptions() nodeOptions { return nodeOptions{drain: DefaultDrain, zone: time.UTC} }

// WithMode sets the mode of the node of [Open]. With [cleanup.ModeClean] it takes part
// in the work of the cluster: it runs the cleanup and prepares CSS. The default is
// [cleanup.ModeObserve]: it serves, reads and logs, and writes nothing.
func WithMode(m cleanup.Mode) Option { return func(o *options) { o.node.mode = m } }

// WithDrain sets how long [Node.Serve] goes on serving when its context has ended, so
// that balancers notice that the node is not ready and send their requests elsewhere. It
// should be at least the balancer's interval × its failures + 1 s. The default is
// [DefaultDrain]; 0 does not wait. It panics if d is negative.
func WithDrain(d time.Duration) Option {
	panicIfNegative(d, "WithDrain", "d")
	return func(o *options) { o.node.drain = d }
}

// WithZone sets the zone in which mosparo stores times; see [sqlcleaner.WithZone].
// The default is UTC, which is also that of PHP. It panics if zone is nil.
func WithZone(zone *time.Location) Option {
	panicIfNil(zone == nil, "WithZone", "zone")
	return func(o *options) { o.node.zone = zone }
}

// WithMySQLTLS lets [Open] and [Database] connect to MySQL or MariaDB with the TLS
// of the settings:
//
//	connect.WithMySQLTLS(mysql.RegisterTLSConfig) // github.com/go-sql-driver/mysql
//
// The driver keeps the configuration under one name for the whole process. Without
// this option, settings that ask for TLS are a [*SettingError]. It panics if register
// is nil.
func WithMySQLTLS(register func(name string, config *tls.Config) error) Option {
	panicIfNil(register == nil, "WithMySQLTLS", "register")
	return func(o *options) { o.mysqlTLS = register }
}

// WithCache replaces the shared cache of the settings in [Open]. It panics if a is nil.
func WithCache(a cache.Adapter) Option {
	panicIfNil(a == nil, "WithCache", "a")
	return func(o *options) { o.node.adapter = a }
}

// WithLock replaces the lock backend of the settings in [Open]. It panics if b is nil.
func WithLock(b lock.Backend) Option {
	panicIfNil(b == nil, "WithLock", "b")
	return func(o *options) { o.node.backend = b }
}

// WithSQL replaces the database of the settings in [Open]; it has mosparo's tables. It
// panics if db is nil or the dialect is none of the constants.
func WithSQL(db *sql.DB, dialect sqlcleaner.Dialect) Option {
	panicIfNil(db == nil, "WithSQL", "db")
	if dialect < sqlcleaner.SQLite || dialect > sqlcleaner.PostgreSQL {
		panic("connect.WithSQL: dialect is none of the constants")
	}
	return func(o *options) { o.node.sql, o.node.dialect = db, dialect }
}

// WithDatabase replaces the database that the node of [Open] cleans, which is
// mosparo's by default. It panics if db is nil.
func WithDatabase(db cleanup.Database) Option {
	panicIfNil(db == nil, "WithDatabase", "db")
	return func(o *options) { o.node.database = db }
}

// WithProjects replaces the list of the projects whose CSS the node of [Open] serves,
// which it reads from mosparo's tables by default. A list that is also a
// [cssgen.Settings] lets it prepare CSS. It panics if p is nil.
func WithProjects(p csshttp.Projects) Option {
	panicIfNil(p == nil, "WithProjects", "p")
	return func(o *options) { o.node.projects = p }
}

// WithStore replaces the store of prepared CSS in [Open], which is the shared cache or
// mosparo's folder public/resources by default. It panics if store is nil.
func WithStore(store cssstore.Store) Option {
	panicIfNil(store == nil, "WithStore", "store")
	return func(o *options) { o.node.store = store }
}

// WithPoolOptions adds options of the node's pool, such as an observer. They win over
// those of [Open].
func WithPoolOptions(opts ...cache.Option) Option {
	return func(o *options) { o.node.poolOptions = append(o.node.poolOptions, opts...) }
}

// WithDatabaseObserver sets a function that is called for every request of the node to
// mosparo's database: those of the cleanup and of the health check, and those for projects
// and their designs. It sees no requests of what [WithDatabase] and [WithProjects] provide.
// The default, and nil, is none.
func WithDatabaseObserver(f sqlcleaner.Observer) Option {
	return func(o *options) { o.node.databaseObserver = f }
}

// WithLockerOptions adds options of the node's locker; see [WithPoolOptions].
func WithLockerOptions(opts ...lock.Option) Option {
	return func(o *options) { o.node.lockerOptions = append(o.node.lockerOptions, opts...) }
}

// WithSchedulerOptions adds options of the node's scheduler; see [WithPoolOptions].
// Set the mode with [WithMode], which checks mosparo's version.
func WithSchedulerOptions(opts ...cleanup.Option) Option {
	return func(o *options) { o.node.schedulerOptions = append(o.node.schedulerOptions, opts...) }
}

// WithCSSOptions adds options of the node's CSS handler, such as the limit of its
// memory; see [WithPoolOptions].
func WithCSSOptions(opts ...csshttp.Option) Option {
	return func(o *options) { o.node.cssOptions = append(o.node.cssOptions, opts...) }
}

// WithHealthOptions adds options of the node's health checks, such as checks of an
// application's own; see [WithPoolOptions].
func WithHealthOptions(opts ...health.Option) Option {
	return func(o *options) { o.node.healthOptions = append(o.node.healthOptions, opts...) }
}

// WithNodesOptions adds options of the node's registry, such as the name under which the
// other nodes see it; see [WithPoolOptions]. Set the mode with [WithMode].
func WithNodesOptions(opts ...nodes.Option) Option {
	return func(o *options) { o.node.nodesOptions = append(o.node.nodesOptions, opts...) }
}

// WithoutNodes leaves the registry out: the node neither writes a record of itself to the
// shared cache nor sees the other nodes.
func WithoutNodes() Option { return func(o *options) { o.node.withoutNodes = true } }
