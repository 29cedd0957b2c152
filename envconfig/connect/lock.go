package connect

import (
	"fmt"
	"io"
	"strings"

	"github.com/redis/go-redis/v9"

	"github.com/mosparo/go-cluster/envconfig"
	"github.com/mosparo/go-cluster/lock"
	"github.com/mosparo/go-cluster/lock/memorylocker"
	"github.com/mosparo/go-cluster/lock/redislocker"
)

// LockBackend is a backend that closes what was opened for it.
type LockBackend interface {
	lock.Backend
	lock.Describer
	io.Closer
}

// Lock opens the lock server that goes with the shared cache: the same Redis,
// or the one of [WithLockURL]. A filesystem or memcached cache has none yet:
// then the backend locks inside this process only, which its Properties say
// (Shared is false) and a warning is logged.
func Lock(s *envconfig.Settings, opts ...Option) (LockBackend, error) {
	o := newOptions(opts)
	if o.lockURL != "" {
		if !strings.HasPrefix(o.lockURL, "redis") {
			return nil, fmt.Errorf("connect: a lock server other than Redis: %w", envconfig.ErrNotSupported)
		}
		dsn, err := envconfig.ParseRedisDSN(o.lockURL)
		if err != nil {
			return nil, fmt.Errorf("connect: lock server: %w", err)
		}
		return openRedisLock(dsn, opts)
	}
	switch s.Cache.Adapter.V {
	case envconfig.AdapterRedis:
		if s.Cache.Redis.V == nil {
			return nil, unusable("REDIS_URL")
		}
		return openRedisLock(s.Cache.Redis.V, opts)
	case envconfig.AdapterFilesystem, envconfig.AdapterMemcached:
		o.logger.Warn("locks hold inside this process only, so other Go nodes may do the same work at the same time", "cache", s.Cache.Adapter.V)
		return &memoryLock{memorylocker.New()}, nil
	}
	return nil, unusable("MOSPARO_CACHE_ADAPTER")
}

func openRedisLock(dsn *envconfig.RedisDSN, opts []Option) (LockBackend, error) {
	client, err := Redis(dsn, opts...)
	if err != nil {
		return nil, err
	}
	return &redisLock{redislocker.New(client), client}, nil
}

type redisLock struct {
	*redislocker.Backend
	client redis.UniversalClient
}

// Close closes the client.
func (l *redisLock) Close() error { return l.client.Close() }

type memoryLock struct{ *memorylocker.Backend }

// Close has nothing to close.
func (*memoryLock) Close() error { return nil }
