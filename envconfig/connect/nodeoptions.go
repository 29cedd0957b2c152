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
	"github.com/mosparo/go-cluster/envconfig/health"
	"github.com/mosparo/go-cluster/lock"
)

// DefaultDrain is how long a node serves after the end of its context, unless
// [WithDrain] says otherwise.
const DefaultDrain = 8 * time.Second

// nodeOptions are those of [Open] alone.
type nodeOptions struct {
	mode  cleanup.Mode
	drain time.Duration
	zone  *time.Location

	// Parts that are given, nil for those of the settings.
	adapter  cache.Adapter
	backend  lock.Backend
	database cleanup.Database
	sql      *sql.DB
	dialect  sqlcleaner.Dialect
	projects csshttp.Projects
	store    cssstore.Store

	poolOptions      []cache.Option
	lockerOptions    []lock.Option
	schedulerOptions []cleanup.Option
	cssOptions       []csshttp.Option
	healthOptions    []health.Option
}

func defaultNodeOptions() nodeOptions { return nodeOptions{drain: DefaultDrain, zone: time.UTC} }

// WithMode lets the node of [Open] take part in the work of the cluster, with
// [cleanup.ModeClean]. The default is [cleanup.ModeObserve]: the node serves, reads
// and logs, and writes nothing.
func WithMode(m cleanup.Mode) Option { return func(o *options) { o.node.mode = m } }

// WithDrain sets how long a node that is about to stop still serves, so that
// balancers notice that it is not ready and send their requests elsewhere: at least
// the balancer's interval × its failures + 1 s. The default is [DefaultDrain]; 0
// does not wait. It panics if d is negative.
func WithDrain(d time.Duration) Option {
	notNegative(d, "WithDrain", "d")
	return func(o *options) { o.node.drain = d }
}

// WithZone sets the zone in which mosparo stores times; see [sqlcleaner.WithZone].
// The default is UTC, as PHP's. It panics if zone is nil.
func WithZone(zone *time.Location) Option {
	needed(zone == nil, "WithZone", "zone")
	return func(o *options) { o.node.zone = zone }
}

// WithMySQLTLS lets [Open] and [Database] connect to MySQL or MariaDB with the TLS
// of the settings:
//
//	connect.WithMySQLTLS(mysql.RegisterTLSConfig) // github.com/go-sql-driver/mysql
//
// The driver keeps the configuration under one name for the whole process. The
// default is none, and TLS in the settings an error. It panics if register is nil.
func WithMySQLTLS(register func(name string, config *tls.Config) error) Option {
	needed(register == nil, "WithMySQLTLS", "register")
	return func(o *options) { o.mysqlTLS = register }
}

// WithCache gives [Open] the shared cache, in place of that of the settings. It
// panics if a is nil.
func WithCache(a cache.Adapter) Option {
	needed(a == nil, "WithCache", "a")
	return func(o *options) { o.node.adapter = a }
}

// WithLock gives [Open] the backend of the locks, in place of that of the settings.
// It panics if b is nil.
func WithLock(b lock.Backend) Option {
	needed(b == nil, "WithLock", "b")
	return func(o *options) { o.node.backend = b }
}

// WithSQL gives [Open] mosparo's database, in place of that of the settings. It
// panics if db is nil or the dialect is none of the constants.
func WithSQL(db *sql.DB, dialect sqlcleaner.Dialect) Option {
	needed(db == nil, "WithSQL", "db")
	if dialect < sqlcleaner.SQLite || dialect > sqlcleaner.PostgreSQL {
		panic("connect.WithSQL: dialect is none of the constants")
	}
	return func(o *options) { o.node.sql, o.node.dialect = db, dialect }
}

// WithDatabase gives [Open] what is cleaned, in place of mosparo's tables. It
// panics if db is nil.
func WithDatabase(db cleanup.Database) Option {
	needed(db == nil, "WithDatabase", "db")
	return func(o *options) { o.node.database = db }
}

// WithProjects gives [Open] the list of the projects whose CSS is served, in place
// of mosparo's tables. It panics if p is nil.
func WithProjects(p csshttp.Projects) Option {
	needed(p == nil, "WithProjects", "p")
	return func(o *options) { o.node.projects = p }
}

// WithStore gives [Open] the store of the prepared CSS, in place of the shared cache
// or mosparo's folder public/resources. It panics if store is nil.
func WithStore(store cssstore.Store) Option {
	needed(store == nil, "WithStore", "store")
	return func(o *options) { o.node.store = store }
}

// WithPoolOptions adds options of the node's pool, such as an observer. They follow
// those of [Open] and win.
func WithPoolOptions(opts ...cache.Option) Option {
	return func(o *options) { o.node.poolOptions = append(o.node.poolOptions, opts...) }
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
