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
// [Memcached] or [DescribeDSN].
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

// DefaultTimeout bounds connecting and each reply, unless the DSN names a
// shorter time.
const DefaultTimeout = 2 * time.Second

func newOptions(opts []Option) options {
	o := options{timeout: DefaultTimeout, logger: slog.New(slog.DiscardHandler), node: defaultNodeOptions()}
	for _, f := range opts {
		needed(f == nil, "Option", "it")
		f(&o)
	}
	return o
}

// WithTimeout bounds connecting to a server and waiting for each reply. A
// context with an earlier deadline ends a request earlier, where the client
// library knows contexts (Redis). The default, and 0, is [DefaultTimeout]; a
// timeout in the DSN counts if it is shorter. It panics for d below zero.
func WithTimeout(d time.Duration) Option {
	notNegative(d, "WithTimeout", "d")
	return func(o *options) { o.timeout = cmp.Or(d, DefaultTimeout) }
}

// WithLogger logs what an operator should know of the settings, such as the
// warnings of a DSN. The default, and nil, log nothing.
func WithLogger(l *slog.Logger) Option {
	return func(o *options) {
		if o.logger = l; l == nil {
			o.logger = slog.New(slog.DiscardHandler)
		}
	}
}

// WithLockURL lets [Lock] use another server than the shared cache: a Redis or
// memcached DSN.
func WithLockURL(dsn string) Option {
	return func(o *options) { o.lockURL = dsn }
}

// WithLockReplicas lets [Lock] on Redis count a lease only when n replicas
// have it within the timeout, so that a failover to one of them loses
// none; see [redislocker.WithReplicas]. The timeout has to be well below
// [WithTimeout] and the call timeout of the Locker. On another server Lock
// fails. It panics for numbers below zero.
func WithLockReplicas(n int, timeout time.Duration) Option {
	notNegative(n, "WithLockReplicas", "n")
	notNegative(timeout, "WithLockReplicas", "timeout")
	return func(o *options) { o.lockReplicas = redislocker.WithReplicas(n, timeout) }
}

// WithDatabaseParameters adds parameters of the driver to the data source name
// with which [Database] opens, such as sslmode for pgx or readTimeout for MySQL.
// They win over those of this module: only an operator knows them. SQLite's
// _pragma adds to the pragmas of this module, and wins where both set the same.
// The default is none.
func WithDatabaseParameters(params url.Values) Option {
	return func(o *options) { o.databaseParams = params }
}

// WithMemcachedTLS encrypts connections to memcached, other than those to Unix
// sockets. No DSN can ask for it, since PHP's extension cannot do it.
func WithMemcachedTLS(c *tls.Config) Option {
	return func(o *options) { o.memcachedTLS = c }
}

// WithMemcachedLogin is for servers with ASCII authentication (memcached -Y).
// No DSN can ask for it: user and password of a DSN are for SASL, which needs
// memcached's binary protocol and is not supported here.
func WithMemcachedLogin(user string, password dsn.Secret) Option {
	return func(o *options) { o.memcachedUser, o.memcachedPassword = user, password }
}
