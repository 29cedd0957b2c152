package connect

import (
	"errors"
	"fmt"
	"io"
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

// Lock opens a backend for the locks of the cluster, on the server of the
// shared cache or on that of [WithLockURL]. Every node must use the same. The
// backend has the optional interfaces of its kind; its Properties tell whether it
// is shared between nodes. closer closes the client that was opened for it, after
// the Locker; leases still held are not released by that.
//
// With the filesystem cache the locks are in mosparoGoLock in its directory,
// beside its entries; with an empty path that is in the system's temporary
// directory and holds on this machine only, and where the system has no flock
// (Windows), within this process only. Both are logged as a warning. On
// memcached locks are best effort, see package memcachedlocker; every node must
// name the same servers, as for the cache.
func Lock(s *envconfig.Settings, opts ...Option) (backend lock.Backend, closer io.Closer, err error) {
	needed(s == nil, "Lock", "s")
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

// LocksAreLocal reports whether the locks of [Lock], without [WithLockURL], hold
// on this host only, since the settings name no directory for the filesystem
// cache. A program that is to run something on one node of a cluster refuses
// them then, unless it was told that there is one host only.
func LocksAreLocal(s *envconfig.Settings) bool {
	needed(s == nil, "LocksAreLocal", "s")
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

// errNoReplicas: [WithLockReplicas] would be a promise that is not kept.
var errNoReplicas = errors.New("connect: only locks on Redis can wait for replicas")

// fileLock opens locks beside the entries of the filesystem cache.
func fileLock(s *envconfig.Settings, o options) (lock.Backend, io.Closer, error) {
	if o.lockReplicas != nil {
		return nil, nil, errNoReplicas
	}
	dir := cacheDir(s)
	b, err := filelocker.New(filepath.Join(dir, lock.KeyPrefix), filelocker.WithOwnerOf(s.Dir))
	switch {
	case errors.Is(err, errors.ErrUnsupported):
		o.logger.Warn("locks hold within this process only", "cache", s.Cache.Adapter)
		return memorylocker.New(), nothing{}, nil
	case err != nil:
		return nil, nil, fmt.Errorf("connect: %w", err)
	case LocksAreLocal(s):
		o.logger.Warn("locks hold on this machine only", "dir", b.Dir())
	}
	return b, nothing{}, nil
}

// nothing is the closer where no client was opened.
type nothing struct{}

// Close has nothing to close.
func (nothing) Close() error { return nil }
