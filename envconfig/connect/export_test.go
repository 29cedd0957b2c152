package connect

import (
	"context"
	"errors"

	"github.com/redis/go-redis/v9"

	"github.com/mosparo/go-cluster/cleanup"
	"github.com/mosparo/go-cluster/envconfig"
	"github.com/mosparo/go-cluster/envconfig/dsn"
)

// SentinelOptions returns what the clients for a DSN with redis_sentinel are made
// of: that which follows the master, and that of [DescribeDSN].
func SentinelOptions(d *dsn.Redis) (*redis.FailoverOptions, *redis.Options, error) {
	o := newOptions(nil)
	dialer, err := redisDialer(d, o)
	if err != nil {
		return nil, nil, err
	}
	return failoverOptions(d, o, dialer, cacheRetries), sentinelOptions(d, o, dialer, "localhost:6379"), nil
}

// SettingErrors returns what Open adds to its error for a setting that fails.
func SettingErrors(s *envconfig.Settings, setting string, err error) error {
	b := builder{settings: s}
	b.fail(setting, err)
	return errors.Join(b.errs...)
}

// CheckSettings is a check of the scheduler.
func (n *Node) CheckSettings(ctx context.Context) error {
	return n.checkSettings(ctx, cleanup.Snapshot{})
}
