package connect

import (
	"fmt"
	"net"
	"slices"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/maintnotifications"

	"github.com/mosparo/go-cluster/envconfig"
)

// Redis returns a client for the DSN: for one server, for the master that
// Sentinel names, or for a cluster. Nothing is sent. The client obeys the
// deadlines of contexts, and fails at a value of more than 64 MiB before it
// takes memory for it. A DSN that this module cannot use gives an error
// that unwraps to [envconfig.ErrNotSupported]; certificates that cannot be
// read give an error as well.
func Redis(d *envconfig.RedisDSN, opts ...Option) (redis.UniversalClient, error) {
	return openRedis(d, newOptions(opts), cacheRetries)
}

// Reads of a cache are repeated once when nothing was heard of the first; writes
// and the commands of a lock are not, since a repeated one could meet its own
// effect, or undo that of another node.
const (
	cacheRetries = 1
	lockRetries  = -1
)

func openRedis(d *envconfig.RedisDSN, o options, retries int) (redis.UniversalClient, error) {
	if err := d.Supported(); err != nil {
		return nil, fmt.Errorf("connect: %w", err)
	}
	dialer, err := redisDialer(d, o)
	if err != nil {
		return nil, fmt.Errorf("connect: TLS to Redis: %w", err)
	}
	addrs := make([]string, len(d.Hosts))
	for i, h := range d.Hosts {
		_, addrs[i] = h.Network()
	}
	reply := shortest(o.timeout, d.ReadTimeout)
	switch {
	case d.Sentinel != "":
		return redis.NewFailoverClient(&redis.FailoverOptions{
			MasterName: d.Sentinel, SentinelAddrs: addrs,
			SentinelUsername: d.SentinelUser, SentinelPassword: d.SentinelPassword.Reveal(),
			Username: d.User, Password: d.Password.Reveal(), DB: d.Database,
			Dialer: dialer.dial, DialTimeout: dialer.net.Timeout, DialerRetries: 1,
			ReadTimeout: reply, WriteTimeout: reply, PoolTimeout: o.timeout, MaxRetries: retries,
			ContextTimeoutEnabled: true, DisableIdentity: true,
		}), nil
	case d.Cluster:
		return redis.NewClusterClient(&redis.ClusterOptions{
			Addrs: addrs, Username: d.User, Password: d.Password.Reveal(),
			Dialer: dialer.dial, DialTimeout: dialer.net.Timeout, DialerRetries: 1,
			ReadTimeout: reply, WriteTimeout: reply, PoolTimeout: o.timeout,
			ContextTimeoutEnabled: true, DisableIdentity: true, MaintNotificationsConfig: noMaintenance(),
		}), nil
	}
	network, addr := d.Hosts[0].Network()
	return redis.NewClient(&redis.Options{
		Network: network, Addr: addr, Username: d.User, Password: d.Password.Reveal(), DB: d.Database,
		Dialer: dialer.dial, DialTimeout: dialer.net.Timeout, DialerRetries: 1,
		ReadTimeout: reply, WriteTimeout: reply, PoolTimeout: o.timeout, MaxRetries: retries,
		ContextTimeoutEnabled: true, DisableIdentity: true, MaintNotificationsConfig: noMaintenance(),
	}), nil
}

// noMaintenance saves every connection a command that Redis itself does not
// know.
func noMaintenance() *maintnotifications.Config {
	return &maintnotifications.Config{Mode: maintnotifications.ModeDisabled}
}

// redisDialer uses TLS as PHP does: with Sentinel for the sentinels of the DSN
// alone.
func redisDialer(d *envconfig.RedisDSN, o options) (*dialer, error) {
	dialer := newDialer(shortest(o.timeout, d.Timeout), d.KeepAlive)
	if _, addr := d.Hosts[0].Network(); d.Cluster {
		// A node of a cluster that has met no other does not know its own
		// address: it means the one at which it was asked.
		dialer.self, _, _ = net.SplitHostPort(addr)
	}
	if !d.TLS {
		return dialer, nil
	}
	secure := func(string) bool { return true }
	if d.Sentinel != "" {
		secure = func(addr string) bool {
			return slices.ContainsFunc(d.Hosts, func(h envconfig.Host) bool {
				_, a := h.Network()
				return a == addr
			})
		}
	}
	return dialer, dialer.withTLS(d.SSL, secure)
}

// shortest is the DSN's time if it is set and shorter.
func shortest(ours, dsn time.Duration) time.Duration {
	if dsn > 0 && dsn < ours {
		return dsn
	}
	return ours
}
