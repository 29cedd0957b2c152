package connect

import (
	"errors"
	"fmt"
	"io"
	"log/slog"

	"github.com/mosparo/go-cluster/cache"
	"github.com/mosparo/go-cluster/cache/fileadapter"
	"github.com/mosparo/go-cluster/cache/redisadapter"
	"github.com/mosparo/go-cluster/envconfig"
)

// Cache opens the shared cache of the settings. The adapter closes its client with it,
// implements the optional interfaces of its backend, and clears the keys of
// [KeyPatterns].
//
// The error unwraps to [errors.ErrUnsupported] if PHP nodes can use the cache and this
// module cannot.
func Cache(s *envconfig.Settings, opts ...Option) (cache.Adapter, error) {
	panicIfNil(s == nil, "Cache", "s")
	o := newOptions(opts)
	switch s.Cache.Adapter {
	case envconfig.AdapterFilesystem:
		return openFiles(s, o)
	case envconfig.AdapterRedis:
		if s.Cache.Redis == nil {
			return nil, errUnset("REDIS_URL")
		}
		client, err := Redis(s.Cache.Redis, opts...)
		if err != nil {
			return nil, err
		}
		logWarning(o, "REDIS_URL", s.Variable("REDIS_URL").Warning)
		return &redisCache{redisadapter.New(client, redisadapter.WithOwned(KeyPatterns()...)), client}, nil
	case envconfig.AdapterMemcached:
		return openMemcached(s, opts...)
	}
	return nil, errUnset("MOSPARO_CACHE_ADAPTER")
}

// errUnset reports a setting without a usable value. Settings that were returned together
// with an error have such ones.
func errUnset(name string) error {
	return &SettingError{Setting: name, Err: errors.New("it has no usable value")}
}

func logWarning(o options, name, warning string) {
	if warning != "" {
		o.logger.Warn("a setting needs attention", slog.String("setting", name), slog.String("warning", warning))
	}
}

func openFiles(s *envconfig.Settings, o options) (cache.Adapter, error) {
	logWarning(o, "FILESYSTEM_CACHE_PATH", s.Variable("FILESYSTEM_CACHE_PATH").Warning)
	a, err := fileadapter.New(cacheDir(s), fileadapter.WithLogger(o.logger), fileadapter.WithOwnerOf(s.Dir), fileadapter.WithOwned(KeyPatterns()...))
	if err != nil {
		return nil, fmt.Errorf("connect: %w", err)
	}
	return a, nil
}

// cacheDir returns the directory of the filesystem cache.
func cacheDir(s *envconfig.Settings) string {
	switch dir := s.Cache.FilesystemPath; dir {
	case "", "0": // false in PHP
		return fileadapter.DefaultDir()
	default:
		return dir
	}
}

// redisCache is an adapter that owns its client.
type redisCache struct {
	*redisadapter.Adapter
	client io.Closer
}

// Close closes the adapter, then the client.
func (c *redisCache) Close() error {
	err := c.Adapter.Close()
	if cerr := c.client.Close(); err == nil {
		err = cerr
	}
	return err
}
