package connect

import (
	"context"
	"errors"
	"fmt"
	"net"

	"github.com/redis/go-redis/v9"

	"github.com/mosparo/go-cluster/envconfig/dsn"
)

// DescribeDSN is [dsn.Describe], and adds the address of the master for a DSN with
// redis_sentinel. For that it asks the sentinels one after the other, as PHP does, and
// fails if none of them knows the master; it asks no other server. ctx and [WithTimeout]
// limit the wait for each sentinel.
func DescribeDSN(ctx context.Context, address string, opts ...Option) (*dsn.Description, error) {
	description, err := dsn.Describe(address)
	if err != nil || description.Sentinel == "" {
		return description, err
	}
	d, err := dsn.ParseRedis(address)
	if err != nil {
		return nil, err
	}
	description.Master, err = master(ctx, d, newOptions(opts))
	if err != nil {
		return nil, fmt.Errorf("connect: redis_sentinel is supported, but no sentinel names the master %q: %w", d.Sentinel, err)
	}
	return description, nil
}

// master asks the sentinels for the address of the master.
func master(ctx context.Context, d *dsn.Redis, o options) (string, error) {
	dialer, err := redisDialer(d, o)
	if err != nil {
		return "", err
	}
	var errs []error
	for _, h := range d.Hosts {
		_, addr := h.Network()
		sentinel := redis.NewSentinelClient(sentinelOptions(d, o, dialer, addr))
		answer, err := sentinel.GetMasterAddrByName(ctx, d.Sentinel).Result()
		_ = sentinel.Close()
		switch {
		case err == nil && len(answer) == 2:
			return net.JoinHostPort(answer[0], answer[1]), nil
		case errors.Is(err, redis.Nil):
			err = errors.New("no such master")
		}
		errs = append(errs, fmt.Errorf("%s: %w", addr, err))
	}
	return "", errors.Join(errs...)
}

// sentinelOptions are the options of a client for one request to a sentinel.
func sentinelOptions(d *dsn.Redis, o options, dialer *dialer, addr string) *redis.Options {
	return &redis.Options{
		Addr: addr, Username: d.SentinelUser, Password: d.SentinelPassword.Reveal(), Protocol: protocol,
		Dialer: dialer.dial, DialTimeout: dialer.net.Timeout, DialerRetries: 1,
		ReadTimeout: o.timeout, WriteTimeout: o.timeout, PoolTimeout: o.timeout, ConnMaxIdleTime: maxIdleTime,
		MaxRetries: -1, MinRetryBackoff: minBackoff, MaxRetryBackoff: maxBackoff,
		ContextTimeoutEnabled: true, DisableIdentity: true, PipelinePoolSize: noPipelinePool, MaintNotificationsConfig: noMaintenance(),
	}
}
