package connect

import (
	"fmt"
	"io"

	"github.com/bradfitz/gomemcache/memcache"

	"github.com/mosparo/go-cluster/cache"
	"github.com/mosparo/go-cluster/cache/memcachedadapter"
	"github.com/mosparo/go-cluster/envconfig"
	"github.com/mosparo/go-cluster/envconfig/dsn"
)

// Memcached returns a client for the servers of the DSN, and those servers, which select
// one of them for a key as PHP does. Nothing is sent. The client does not support
// contexts: [WithTimeout], or a shorter connect_timeout or poll_timeout of the DSN,
// limits connecting and each part of a reply. The error for a DSN that this module cannot
// use unwraps to [errors.ErrUnsupported].
func Memcached(d *dsn.Memcached, opts ...Option) (*memcache.Client, *memcachedadapter.Servers, error) {
	panicIfNil(d == nil, "Memcached", "d")
	o := newOptions(opts)
	if err := d.Supported(); err != nil {
		return nil, nil, fmt.Errorf("connect: %w", err)
	}
	list := make([]memcachedadapter.Server, len(d.Servers))
	for i, h := range d.Servers {
		list[i] = memcachedadapter.Server{Host: h.Name + h.Path, Port: h.Port, Weight: h.Weight}
	}
	pool := []memcachedadapter.ServersOption{memcachedadapter.WithKeyPrefix(d.PrefixKey)}
	if len(list) > 1 {
		pool = append(pool, memcachedadapter.WithDistribution(d.Distribution), memcachedadapter.WithHash(d.Hash))
	}
	servers, err := memcachedadapter.NewServers(list, pool...)
	if err != nil {
		return nil, nil, fmt.Errorf("connect: MEMCACHED_URL: %w", err)
	}
	return servers.Client(memcachedadapter.ClientOptions{
		Timeout: shortest(o.timeout, d.PollTimeout), ConnectTimeout: shortest(o.timeout, d.ConnectTimeout),
		TLS: o.memcachedTLS, User: o.memcachedUser, Password: o.memcachedPassword.Reveal(),
	}), servers, nil
}

func openMemcached(s *envconfig.Settings, opts ...Option) (cache.Adapter, error) {
	d := s.Cache.Memcached
	if d == nil {
		return nil, errUnset("MEMCACHED_URL")
	}
	client, servers, err := Memcached(d, opts...)
	if err != nil {
		return nil, err
	}
	o := newOptions(opts)
	logWarning(o, "MEMCACHED_URL", s.Variable("MEMCACHED_URL").Warning)
	own := []memcachedadapter.Option{memcachedadapter.WithLogger(o.logger), memcachedadapter.WithOwned(KeyPatterns()...)}
	switch {
	case !d.Compression:
		own = append(own, memcachedadapter.WithoutCompression())
	case d.Zlib:
		own = append(own, memcachedadapter.WithZlib())
	}
	if d.ItemLimit > 0 {
		own = append(own, memcachedadapter.WithItemLimit(d.ItemLimit))
	}
	return &memcachedCache{memcachedadapter.New(client, servers, own...), client}, nil
}

// memcachedCache is an adapter that owns its client.
type memcachedCache struct {
	*memcachedadapter.Adapter
	client io.Closer
}

// Close closes the adapter, then the client's idle connections.
func (c *memcachedCache) Close() error {
	err := c.Adapter.Close()
	if cerr := c.client.Close(); err == nil {
		err = cerr
	}
	return err
}
