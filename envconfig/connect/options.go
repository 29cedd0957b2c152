package connect

import (
	"cmp"
	"crypto/tls"
	"log/slog"
	"net/url"
	"time"

	"github.com/mosparo/go-cluster/envconfig/dsn"
	"github.com/mosparo/go-cluster/lock/redislocker"
)

// Option changes a default of [Open], [Cache], [Lock], [Database], [Redis],
// [Memcached] or [DescribeDSN]. A function ignores options that are not for it, so that
// a program can give the same options to all. All options are for Open; these are for
// the other functions, too:
//
//	WithTimeout             Cache, Lock, Redis, Memcached, DescribeDSN
//	WithLogger              Cache, Lock, Database
//	WithLockURL             Lock
//	WithLockReplicas        Lock
//	WithDatabaseParameters  Database
//	WithMySQLTLS            Database
//	WithMemcachedTLS        Cache, Lock, Memcached
//	WithMemcachedLogin      Cache, Lock, Memcached
type Option func(*options)

type options struct {
	timeout time.Duration
	logger  *slog.Logger
	lockURL string

	lockReplicas redislocker.Option // nil: none are waited for

	databaseParams url.Values
	mysqlTLS       func(name string, config *tls.Config) error // nil: none

	memcachedTLS      *tls.Config
	memcachedUser     string
	memcachedPassword dsn.Secret

	node nodeOptions
}

// DefaultTimeout is the default of [WithTimeout].
const DefaultTimeout = 2 * time.Second

func newOptions(opts []Option) options {
	o := options{timeout: DefaultTimeout, logger: slog.New(slog.DiscardHandler), node: defaultNodeOptions()}
	for _, f := range opts {
		if f == nil {
			panic("connect: opts has a nil Option")
		}
		f(&o)
	}
	return o
}

// WithTimeout limits the time for connecting to a server and for each reply. A shorter
// timeout in the DSN wins, and on Redis, whose client supports contexts, also an earlier
// deadline. The default, also for 0, is [DefaultTimeout]. It panics if d is negative.
func WithTimeout(d time.Duration) Option {
	panicIfNegative(d, "WithTimeout", "d")
	return func(o *options) { o.timeout = cmp.Or(d, DefaultTimeout) }
}

// WithLogger logs the warnings of settings and DSNs, and in a node of [Open] what its
// parts log, with the ids of [NewLogHandler]. At level Debug that includes each request of
// [Node.Serve]. The default, and nil, log nothing.
func WithLogger(l *slog.Logger) Option {
	if l == nil {
		l = slog.New(slog.DiscardHandler)
	}
	l = slog.New(NewLogHandler(l.Handler()))
	return func(o *options) { o.logger = l }
}

// WithLockURL sets the server of the locks, a Redis or memcached DSN. The default, also
// for the empty text, is the server of the shared cache.
func WithLockURL(dsn string) Option {
	return func(o *options) { o.lockURL = dsn }
}

// WithLockReplicas makes a lease on Redis count only if n replicas acknowledge it within
// the timeout, so that a failover to one of them loses no lease; see
// [redislocker.WithReplicas]. The timeout must be well below [WithTimeout] and the call
// timeout of the Locker. On another server [Lock] fails. The default is none. It panics
// if n or timeout is negative.
func WithLockReplicas(n int, timeout time.Duration) Option {
	panicIfNegative(n, "WithLockReplicas", "n")
	panicIfNegative(timeout, "WithLockReplicas", "timeout")
	return func(o *options) { o.lockReplicas = redislocker.WithReplicas(n, timeout) }
}

// WithDatabaseParameters adds parameters of the driver to the data source name of
// [Database], such as sslmode for pgx or readTimeout for MySQL. They win over the
// parameters of this module. The pragmas of SQLite (_pragma) are added to those of this
// module, and win where both set the same. The default is none.
func WithDatabaseParameters(params url.Values) Option {
	return func(o *options) { o.databaseParams = params }
}

// WithMemcachedTLS encrypts the connections to memcached, except those to Unix sockets.
// A DSN cannot ask for it, since PHP's extension cannot do it. The default, and nil, is
// none.
func WithMemcachedTLS(c *tls.Config) Option {
	return func(o *options) { o.memcachedTLS = c }
}

// WithMemcachedLogin sets user and password for servers with ASCII authentication
// (memcached -Y). A DSN cannot ask for it: its user and password are for SASL, which
// needs memcached's binary protocol and is not supported here. The default is none.
func WithMemcachedLogin(user string, password dsn.Secret) Option {
	return func(o *options) { o.memcachedUser, o.memcachedPassword = user, password }
}
