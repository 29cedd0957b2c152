package connect

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"path/filepath"
	"strings"

	"github.com/mosparo/go-cluster/cache/fileadapter"
	"github.com/mosparo/go-cluster/envconfig"
	"github.com/mosparo/go-cluster/envconfig/dsn"
	"github.com/mosparo/go-cluster/lock"
	"github.com/mosparo/go-cluster/lock/filelocker"
	"github.com/mosparo/go-cluster/lock/memorylocker"
	"github.com/mosparo/go-cluster/lock/redislocker"
)

// Lock opens the backend of the cluster's locks, on the server of the shared cache or
// that of [WithLockURL]. All nodes must use the same server. The backend implements the
// optional interfaces of its kind, and its Properties tell whether nodes share it. closer
// closes its client and releases no lease: close the Locker first.
//
// On memcached locks are best effort; see package memcachedlocker. With the filesystem
// cache they are files in mosparoGoLock below its directory. If the settings name no
// directory, they hold on this host only (see [LocksAreLocal]), and on a system without
// flock, such as Windows, in this process only. Both are logged as a warning.
func Lock(s *envconfig.Settings, opts ...Option) (backend lock.Backend, closer io.Closer, err error) {
	panicIfNil(s == nil, "Lock", "s")
	o := newOptions(opts)
	if o.lockURL != "" {
		return lockAt(o.lockURL, o)
	}
	switch s.Cache.Adapter {
	case envconfig.AdapterRedis:
		if s.Cache.Redis == nil {
			return nil, nil, errUnset("REDIS_URL")
		}
		return redisLock(s.Cache.Redis, o)
	case envconfig.AdapterFilesystem:
		return fileLock(s, o)
	case envconfig.AdapterMemcached:
		if s.Cache.Memcached == nil {
			return nil, nil, errUnset("MEMCACHED_URL")
		}
		return memcachedLock(s.Cache.Memcached, o)
	}
	return nil, nil, errUnset("MOSPARO_CACHE_ADAPTER")
}

// LocksAreLocal reports whether the locks of [Lock], without [WithLockURL], hold on this
// host only, because the settings name no directory for the filesystem cache. A program
// that must run on one node of a cluster should refuse such locks.
func LocksAreLocal(s *envconfig.Settings) bool {
	panicIfNil(s == nil, "LocksAreLocal", "s")
	return s.Cache.Adapter == envconfig.AdapterFilesystem && cacheDir(s) == fileadapter.DefaultDir()
}

func lockAt(address string, o options) (lock.Backend, io.Closer, error) {
	if strings.HasPrefix(address, "memcached:") {
		d, err := dsn.ParseMemcached(address)
		if err != nil {
			return nil, nil, fmt.Errorf("connect: address of the locks: %w", err)
		}
		for _, w := range d.Warnings {
			logWarning(o, "address of the locks", w)
		}
		return memcachedLock(d, o)
	}
	d, err := dsn.ParseRedis(address)
	if err != nil {
		return nil, nil, fmt.Errorf("connect: address of the locks: %w", err)
	}
	for _, w := range d.Warnings {
		logWarning(o, "address of the locks", w)
	}
	return redisLock(d, o)
}

func redisLock(d *dsn.Redis, o options) (lock.Backend, io.Closer, error) {
	client, err := openRedis(d, o, lockRetries)
	if err != nil {
		return nil, nil, err
	}
	own := []redislocker.Option{redislocker.WithLogger(o.logger)}
	if o.lockReplicas != nil {
		own = append(own, o.lockReplicas)
	}
	return redislocker.New(client, own...), client, nil
}

// errNoReplicas reports that [WithLockReplicas] has no effect on another server than
// Redis.
var errNoReplicas = errors.New("connect: only locks on Redis can wait for replicas")

// fileLock opens locks in the directory of the filesystem cache.
func fileLock(s *envconfig.Settings, o options) (lock.Backend, io.Closer, error) {
	if o.lockReplicas != nil {
		return nil, nil, errNoReplicas
	}
	dir := cacheDir(s)
	b, err := filelocker.New(filepath.Join(dir, lock.KeyPrefix), filelocker.WithOwnerOf(s.Dir))
	switch {
	case errors.Is(err, errors.ErrUnsupported):
		o.logger.Warn("locks hold within this process only", slog.String("adapter", s.Cache.Adapter))
		return memorylocker.New(), nothing{}, nil
	case err != nil:
		return nil, nil, fmt.Errorf("connect: %w", err)
	case LocksAreLocal(s):
		o.logger.Warn("locks hold on this host only", slog.String("dir", b.Dir()))
	}
	return b, nothing{}, nil
}

// nothing is the closer of a backend without a client.
type nothing struct{}

// Close implements [io.Closer].
func (nothing) Close() error { return nil }
