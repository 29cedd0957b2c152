package memcachedadapter_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/bradfitz/gomemcache/memcache"
	"github.com/stretchr/testify/require"

	"github.com/mosparo/go-cluster/cache"
	"github.com/mosparo/go-cluster/cache/cachetest"
	"github.com/mosparo/go-cluster/cache/cachetest/servers"
	"github.com/mosparo/go-cluster/cache/memcachedadapter"
)

// start starts n servers.
func start(t testing.TB, n int) []*servers.MemcachedServer {
	t.Helper()
	all := make([]*servers.MemcachedServer, n)
	for i := range all {
		all[i] = servers.Memcached(t)
	}
	return all
}

func pool(t testing.TB, all []*servers.MemcachedServer, opts ...memcachedadapter.ServersOption) *memcachedadapter.Servers {
	t.Helper()
	var list []memcachedadapter.Server
	for _, s := range all {
		list = append(list, memcachedadapter.Server{Host: "127.0.0.1", Port: s.Port()})
	}
	p, err := memcachedadapter.NewServers(list, opts...)
	require.NoError(t, err)
	return p
}

// patient is a timeout for loaded machines.
var patient = memcachedadapter.ClientOptions{Timeout: 10 * time.Second}

func open(t testing.TB, all []*servers.MemcachedServer, opts ...memcachedadapter.Option) *memcachedadapter.Adapter {
	t.Helper()
	p := pool(t, all)
	client := p.Client(patient)
	t.Cleanup(func() { require.NoError(t, client.Close()) })
	return memcachedadapter.New(client, p, append(opts, owned)...)
}

var owned = memcachedadapter.WithOwned(cachetest.KeyPatterns()...)

// bare is a client without any of this package.
func bare(t testing.TB, s *servers.MemcachedServer) *memcache.Client {
	t.Helper()
	c := memcache.New(s.Addr())
	c.Timeout = patient.Timeout
	t.Cleanup(func() { require.NoError(t, c.Close()) })
	return c
}

func TestConformance(t *testing.T) {
	for name, n := range map[string]int{"one server": 1, "three servers": 3} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			all := start(t, n)
			cachetest.Conformance(t, func(t *testing.T) cache.Adapter { return open(t, all) })
		})
	}
	t.Run("zlib, prefix, namespace", func(t *testing.T) {
		t.Parallel()
		all := start(t, 2)
		cachetest.Conformance(t, func(t *testing.T) cache.Adapter {
			p := pool(t, all, memcachedadapter.WithKeyPrefix("app_"))
			client := p.Client(patient)
			t.Cleanup(func() { require.NoError(t, client.Close()) })
			return memcachedadapter.New(client, p, owned, memcachedadapter.WithNamespace("ns"), memcachedadapter.WithZlib())
		})
	})
	t.Run("a client of the caller's", func(t *testing.T) {
		t.Parallel()
		s := servers.Memcached(t)
		cachetest.Conformance(t, func(t *testing.T) cache.Adapter { return memcachedadapter.New(bare(t, s), nil) },
			cachetest.WithoutRule("Clearer", "without the servers' addresses it changes the version"),
			cachetest.WithoutRule("Lister", "without the servers' addresses it cannot list"))
	})
}

func Example() {
	servers, err := memcachedadapter.NewServers([]memcachedadapter.Server{{Host: "cache1"}, {Host: "cache2", Weight: 2}})
	if err != nil {
		fmt.Println(err)
		return
	}
	client := servers.Client(memcachedadapter.ClientOptions{Timeout: 100 * time.Millisecond})
	defer client.Close()
	pool := cache.NewPool(memcachedadapter.New(client, servers))

	_, err = cache.Key[time.Time]("mosparoNextCleanup").Get(context.Background(), pool)
	fmt.Println(errors.Is(err, cache.ErrUnavailable)) // there are no such servers here
	fmt.Println(servers.ServerOf("4EYEa:mosparoNextCleanup"))
	// Output:
	// true
	// cache2:11211
}
