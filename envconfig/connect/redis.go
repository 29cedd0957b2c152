package connect

import (
	"fmt"
	"net"
	"slices"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/maintnotifications"

	"github.com/mosparo/go-cluster/cache/redisadapter"
	"github.com/mosparo/go-cluster/envconfig/dsn"
)

// Redis returns a client for the DSN: for one server, for the master that Sentinel names,
// or for a cluster. Nothing is sent. The client obeys the deadlines of contexts. Like PHP
// it allocates memory for any size of a value that the server announces, and does not
// send HELLO, which proxies such as twemproxy do not know.
//
// The error for a DSN that this module cannot use unwraps to [errors.ErrUnsupported];
// certificate files that cannot be read are an error, too.
func Redis(d *dsn.Redis, opts ...Option) (redis.UniversalClient, error) {
	panicIfNil(d == nil, "Redis", "d")
	return openRedis(d, newOptions(opts), cacheRetries)
}

// A read of the cache is retried once after a lost reply. Writes and the commands of a
// lock are not: a retry could meet its own effect or undo that of another node.
const (
	cacheRetries = 1
	lockRetries  = -1
)

func openRedis(d *dsn.Redis, o options, retries int) (redis.UniversalClient, error) {
	if err := d.Supported(); err != nil {
		return nil, fmt.Errorf("connect: %w", err)
	}
	dialer, err := redisDialer(d, o)
	if err != nil {
		return nil, fmt.Errorf("connect: TLS to Redis: %w", err)
	}
	switch {
	case d.Sentinel != "":
		client := redis.NewFailoverClient(failoverOptions(d, o, dialer, retries))
		client.AddHook(redisadapter.SkipHello{})
		return client, nil
	case d.Cluster:
		cluster := redis.NewClusterClient(clusterOptions(d, o, dialer))
		cluster.OnNewNode(func(node *redis.Client) { node.AddHook(redisadapter.SkipHello{}) })
		return cluster, nil
	}
	client := redis.NewClient(serverOptions(d, o, dialer, retries))
	client.AddHook(redisadapter.SkipHello{})
	return client, nil
}

// serverOptions returns the options for a DSN with one server.
func serverOptions(d *dsn.Redis, o options, dialer *dialer, retries int) *redis.Options {
	network, addr := d.Hosts[0].Network()
	reply := shortest(o.timeout, d.ReadTimeout)
	return &redis.Options{
		Network: network, Addr: addr, Username: d.User, Password: d.Password.Reveal(), DB: d.Database, Protocol: protocol,
		Dialer: dialer.dial, DialTimeout: dialer.net.Timeout, DialerRetries: 1,
		ReadTimeout: reply, WriteTimeout: reply, PoolTimeout: o.timeout, ConnMaxIdleTime: maxIdleTime,
		MaxRetries: retries, MinRetryBackoff: minBackoff, MaxRetryBackoff: maxBackoff,
		ContextTimeoutEnabled: true, DisableIdentity: true, PipelinePoolSize: noPipelinePool, MaintNotificationsConfig: noMaintenance(),
	}
}

// failoverOptions returns the options for the sentinels and the master that they name.
func failoverOptions(d *dsn.Redis, o options, dialer *dialer, retries int) *redis.FailoverOptions {
	reply := shortest(o.timeout, d.ReadTimeout)
	return &redis.FailoverOptions{
		MasterName: d.Sentinel, SentinelAddrs: addresses(d),
		SentinelUsername: d.SentinelUser, SentinelPassword: d.SentinelPassword.Reveal(),
		Username: d.User, Password: d.Password.Reveal(), DB: d.Database, Protocol: protocol,
		Dialer: dialer.dial, DialTimeout: dialer.net.Timeout, DialerRetries: 1,
		ReadTimeout: reply, WriteTimeout: reply, PoolTimeout: o.timeout, ConnMaxIdleTime: maxIdleTime,
		MaxRetries: retries, MinRetryBackoff: minBackoff, MaxRetryBackoff: maxBackoff,
		ContextTimeoutEnabled: true, DisableIdentity: true, PipelinePoolSize: noPipelinePool,
	}
}

// clusterOptions returns the options for a cluster. Its only retries are redirections.
func clusterOptions(d *dsn.Redis, o options, dialer *dialer) *redis.ClusterOptions {
	reply := shortest(o.timeout, d.ReadTimeout)
	return &redis.ClusterOptions{
		Addrs: addresses(d), Username: d.User, Password: d.Password.Reveal(), Protocol: protocol,
		Dialer: dialer.dial, DialTimeout: dialer.net.Timeout, DialerRetries: 1,
		ReadTimeout: reply, WriteTimeout: reply, PoolTimeout: o.timeout, ConnMaxIdleTime: maxIdleTime,
		MaxRetries: -1, MaxRedirects: maxRedirects, MinRetryBackoff: minBackoff, MaxRetryBackoff: maxBackoff,
		ClusterStateReloadInterval: mapReload,
		ContextTimeoutEnabled:      true, DisableIdentity: true, PipelinePoolSize: noPipelinePool, MaintNotificationsConfig: noMaintenance(),
	}
}

func addresses(d *dsn.Redis) []string {
	addrs := make([]string, len(d.Hosts))
	for i, h := range d.Hosts {
		_, addrs[i] = h.Network()
	}
	return addrs
}

// The defaults of go-redis differ from what PHP does, or change from release to release.
const (
	// protocol is RESP 2, which PHP speaks, and which needs no HELLO.
	protocol = 2
	// mapReload is the interval at which a cluster's map is read: while a master is
	// down only the map tells which server has its slots, and a lease lasts seconds.
	mapReload = 3 * time.Second
	// maxRedirects is how often a request to a cluster is sent again.
	maxRedirects = 3
	// minBackoff and maxBackoff limit the wait between two attempts.
	minBackoff, maxBackoff = 10 * time.Millisecond, 100 * time.Millisecond
	// maxIdleTime is shorter than the time after which firewalls and load balancers
	// silently drop a connection.
	maxIdleTime = 5 * time.Minute
	// noPipelinePool prevents a second pool of connections.
	noPipelinePool = -1
)

// noMaintenance turns off maintenance notifications: they cost every connection a command
// that open-source Redis does not know.
func noMaintenance() *maintnotifications.Config {
	return &maintnotifications.Config{Mode: maintnotifications.ModeDisabled}
}

// redisDialer returns a dialer that uses TLS as PHP does: with Sentinel only for the
// sentinels of the DSN.
func redisDialer(d *dsn.Redis, o options) (*dialer, error) {
	dialer := newDialer(shortest(o.timeout, d.Timeout), d.KeepAlive)
	if _, addr := d.Hosts[0].Network(); d.Cluster {
		// A server of a cluster that has not met another one does not know its own
		// address, and means the one at which it was asked.
		dialer.self, _, _ = net.SplitHostPort(addr)
	}
	if d.TLS == nil {
		return dialer, nil
	}
	secure := func(string) bool { return true }
	if d.Sentinel != "" {
		secure = func(addr string) bool {
			return slices.ContainsFunc(d.Hosts, func(h dsn.Host) bool {
				_, a := h.Network()
				return a == addr
			})
		}
	}
	return dialer, dialer.withTLS(*d.TLS, secure)
}

// shortest returns the time of the DSN if it is set and shorter than ours.
func shortest(ours, dsn time.Duration) time.Duration {
	if dsn > 0 && dsn < ours {
		return dsn
	}
	return ours
}
