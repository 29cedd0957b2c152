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

// LockBackend is a [lock.Backend] with the client that was opened for it.
type LockBackend interface {
	lock.Backend
	// Close closes the client; leases still held are not released.
	io.Closer
}

// Lock opens a backend for the locks of the cluster, on the server of the
// shared cache or on that of [WithLockURL]. Every node must use the same. The
// backend has the optional interfaces of its kind; its Properties tell whether it
// is shared between nodes.
//
// With the filesystem cache the locks are in mosparoGoLock in its directory,
// beside its entries; with an empty path that is in the system's temporary
// directory and holds on this machine only, and where the system has no flock
// (Windows), within this process only. Both are logged as a warning. On
// memcached locks are best effort, see package memcachedlocker; every node must
// name the same servers, as for the cache.
func Lock(s *envconfig.Settings, opts ...Option) (LockBackend, error) {
	needed(s == nil, "Lock", "s")
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
		return fileLock(s, o)
	case envconfig.AdapterMemcached:
		if s.Cache.Memcached.V == nil {
			return nil, unusable(s.Cache.Memcached.Name)
		}
		return memcachedLock(s.Cache.Memcached.V, o)
	}
	return nil, unusable(s.Cache.Adapter.Name)
}

// LocksAreLocal reports whether the locks of [Lock], without [WithLockURL], hold
// on this host only, since the settings name no directory for the filesystem
// cache. A program that is to run something on one node of a cluster refuses
// them then, unless it was told that there is one host only.
func LocksAreLocal(s *envconfig.Settings) bool {
	needed(s == nil, "LocksAreLocal", "s")
	return s.Cache.Adapter.V == envconfig.AdapterFilesystem && cacheDir(s) == fileadapter.DefaultDir()
}

func lockAt(address string, o options) (LockBackend, error) {
	if strings.HasPrefix(address, "memcached:") {
		d, err := dsn.ParseMemcached(address)
		if err != nil {
			return nil, fmt.Errorf("connect: address of the locks: %w", err)
		}
		for _, w := range d.Warnings {
			logWarning(o, "address of the locks", w)
		}
		return memcachedLock(d, o)
	}
	d, err := dsn.ParseRedis(address)
	if err != nil {
		return nil, fmt.Errorf("connect: address of the locks: %w", err)
	}
	for _, w := range d.Warnings {
		logWarning(o, "address of the locks", w)
	}
	return redisLock(d, o)
}

func redisLock(d *dsn.Redis, o options) (LockBackend, error) {
	client, err := openRedis(d, o, lockRetries)
	if err != nil {
		return nil, err
	}
	own := []redislocker.Option{redislocker.WithLogger(o.logger)}
	if o.lockReplicas != nil {
		own = append(own, o.lockReplicas)
	}
	return redisBackend{redislocker.New(client, own...), client}, nil
}

type redisBackend struct {
	*redislocker.Backend
	io.Closer
}

// errNoReplicas: [WithLockReplicas] would be a promise that is not kept.
var errNoReplicas = errors.New("connect: only locks on Redis can wait for replicas")

// fileLock opens locks beside the entries of the filesystem cache.
func fileLock(s *envconfig.Settings, o options) (LockBackend, error) {
	if o.lockReplicas != nil {
		return nil, errNoReplicas
	}
	dir := cacheDir(s)
	b, err := filelocker.New(filepath.Join(dir, lock.KeyPrefix), filelocker.WithOwnerOf(s.Dir))
	switch {
	case errors.Is(err, errors.ErrUnsupported):
		o.logger.Warn("locks hold within this process only", "cache", s.Cache.Adapter.V)
		return memoryLock{memorylocker.New()}, nil
	case err != nil:
		return nil, fmt.Errorf("connect: %w", err)
	case LocksAreLocal(s):
		o.logger.Warn("locks hold on this machine only", "dir", b.Dir())
	}
	return fileBackend{b}, nil
}

type fileBackend struct{ *filelocker.Backend }

// Close has nothing to close.
func (fileBackend) Close() error { return nil }

type memoryLock struct{ *memorylocker.Backend }

// Close has nothing to close.
func (memoryLock) Close() error { return nil }
