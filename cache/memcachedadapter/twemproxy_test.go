package memcachedadapter_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/mosparo/go-cluster/cache"
	"github.com/mosparo/go-cluster/cache/cachetest"
	"github.com/mosparo/go-cluster/cache/cachetest/servers"
	"github.com/mosparo/go-cluster/cache/memcachedadapter"
)

// twemproxy spreads the keys itself; it is one server to a node.
func throughTwemproxy(t *testing.T) (open func() *memcachedadapter.Adapter) {
	t.Helper()
	proxy := servers.TwemproxyMemcached(t, servers.Memcached(t).Addr(), servers.Memcached(t).Addr())
	list, err := memcachedadapter.NewServers([]memcachedadapter.Server{{Host: "127.0.0.1", Port: proxy.Port()}})
	require.NoError(t, err)
	client := list.Client(patient)
	t.Cleanup(func() { require.NoError(t, client.Close()) })
	return func() *memcachedadapter.Adapter { return memcachedadapter.New(client, list, owned) }
}

func TestConformance_ThroughTwemproxy(t *testing.T) {
	t.Parallel()
	open := throughTwemproxy(t)
	require.NoError(t, open().Ping(t.Context()))
	cachetest.Conformance(t, func(*testing.T) cache.Adapter { return open() },
		cachetest.WithoutRule("Lister", "twemproxy lists no keys"), cachetest.WithoutRule("Clearer", "Clear changes the namespace version"))
}

func TestClear_ChangesTheVersionWhereAProxyListsNoKeys(t *testing.T) {
	a := throughTwemproxy(t)()
	require.NoError(t, a.Set(t.Context(), cache.Item{Key: "mosparoNextCleanup", Value: []byte("N;")}))
	for _, err := range a.List(t.Context(), "") {
		require.ErrorContains(t, err, "memcached cannot list its keys")
	}
	n, err := a.Clear(t.Context())
	require.NoError(t, err)
	require.Equal(t, -1, n)
	got, err := a.Get(t.Context(), "mosparoNextCleanup")
	require.NoError(t, err)
	require.Equal(t, [][]byte{nil}, got)
}
