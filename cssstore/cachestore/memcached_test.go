package cachestore_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/mosparo/go-cluster/cache"
	"github.com/mosparo/go-cluster/cache/cachetest/servers"
	"github.com/mosparo/go-cluster/cache/memcachedadapter"
)

// memcachedAdapter is one over several servers, so that the entries of a
// project lie on different ones.
func memcachedAdapter(t testing.TB, count int) (cache.Adapter, string) {
	t.Helper()
	var list []memcachedadapter.Server
	dsn := "memcached:?"
	for range count {
		s := servers.Memcached(t)
		list = append(list, memcachedadapter.Server{Host: "127.0.0.1", Port: s.Port()})
		dsn += "&host[" + s.Addr() + "]=0"
	}
	all, err := memcachedadapter.NewServers(list)
	require.NoError(t, err)
	client := all.Client(memcachedadapter.ClientOptions{})
	t.Cleanup(func() { require.NoError(t, client.Close()) })
	return memcachedadapter.New(client, all), dsn
}
