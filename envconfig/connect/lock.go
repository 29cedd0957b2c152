package connect

import (
	"fmt"
	"io"
	"strings"

	"github.com/mosparo/go-cluster/envconfig"
	"github.com/mosparo/go-cluster/lock"
	"github.com/mosparo/go-cluster/lock/memorylocker"
	"github.com/mosparo/go-cluster/lock/redislocker"
)

// LockBackend is a [lock.Backend] with the client that was opened for it.
type LockBackend interface {
	lock.Backend
	// Close closes the client; leases still held are not released.
	io.Closer
}

// Lock opens a backend for the locks of the cluster, on the server of the
// shared cache or on that of [WithLockURL]. Every node must use the same. The
// backend has the optional interfaces of its kind; [lock.Describer] tells
// whether it is shared between nodes.
//
// The filesystem cache has no shared locks yet: its backend holds within this
// process only, which is logged as a warning.
func Lock(s *envconfig.Settings, opts ...Option) (LockBackend, error) {
	o := newOptions(opts)
	if o.lockURL != "" {
		return lockAt(o.lockURL, o)
	}
	switch s.Cache.Adapter.V {
	case envconfig.AdapterRedis:
		if s.Cache.Redis.V == nil {
			return nil, unusable(s.Cache.Redis.Name)
		}
		return redisLock(s.Cache.Redis.V, o)
	case envconfig.AdapterFilesystem:
		o.logger.Warn("locks hold within this process only", "cache", s.Cache.Adapter.V)
		return memoryLock{memorylocker.New()}, nil
	case envconfig.AdapterMemcached:
		return nil, fmt.Errorf("connect: locks on memcached: %w; name a Redis server for the locks", envconfig.ErrNotSupported)
	}
	return nil, unusable(s.Cache.Adapter.Name)
}

func lockAt(dsn string, o options) (LockBackend, error) {
	if strings.HasPrefix(dsn, "memcached:") {
		return nil, fmt.Errorf("connect: locks on memcached: %w; name a Redis server for the locks", envconfig.ErrNotSupported)
	}
	d, err := envconfig.ParseRedisDSN(dsn)
	if err != nil {
		return nil, fmt.Errorf("connect: address of the locks: %w", err)
	}
	for _, w := range d.Warnings {
		logWarning(o, "address of the locks", w)
	}
	return redisLock(d, o)
}

func redisLock(d *envconfig.RedisDSN, o options) (LockBackend, error) {
	client, err := openRedis(d, o, lockRetries)
	if err != nil {
		return nil, err
	}
	return redisBackend{redislocker.New(client, redislocker.WithLogger(o.logger)), client}, nil
}

type redisBackend struct {
	*redislocker.Backend
	io.Closer
}

type memoryLock struct{ *memorylocker.Backend }

// Close has nothing to close.
func (memoryLock) Close() error { return nil }
