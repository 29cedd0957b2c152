package connect_test

import (
	"os"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/mosparo/go-cluster/cache"
	"github.com/mosparo/go-cluster/cache/cachetest/servers"
	"github.com/mosparo/go-cluster/envconfig/connect"
	"github.com/mosparo/go-cluster/lock"
)

// thirdOf is which of the three masters of a cluster has a key.
func thirdOf(t *testing.T, nodes []*servers.RedisServer, key string) int {
	t.Helper()
	slot, err := strconv.Atoi(nodes[0].Command("CLUSTER KEYSLOT " + key))
	require.NoError(t, err)
	return min(slot*3/16384, 2)
}

// A master that dies is replaced within seconds. Until the client reads the map
// of the cluster again it knows no other server for the slots.
func TestRedis_ADeadMasterOfAClusterIsReplacedBeforeALeaseEnds(t *testing.T) {
	if os.Getenv("MOSPARO_TEST_LONG") != "1" {
		t.Skip("long; runs with MOSPARO_TEST_LONG=1")
	}
	t.Parallel()
	nodes := servers.RedisCluster(t, 3)
	const name = "job"
	dies := thirdOf(t, nodes, lock.KeyPrefix+"{"+name+"}")
	item := cache.Item{Value: []byte("v")}
	for i := 0; item.Key == "" || thirdOf(t, nodes, item.Key) != dies; i++ {
		item.Key = "mosparoGoKey" + strconv.Itoa(i)
	}
	s := settings(t, "MOSPARO_CACHE_ADAPTER=redis", "REDIS_URL=redis://"+nodes[(dies+1)%3].Addr()+"?redis_cluster=1")
	a, err := connect.Cache(s)
	require.NoError(t, err)
	defer a.Close()
	require.NoError(t, a.Set(t.Context(), item))
	locker := lock.New(openLock(t, s))
	defer locker.Close()
	lease, err := locker.Acquire(t.Context(), name, lock.WithTTL(15*time.Second))
	require.NoError(t, err)
	require.Eventually(t, func() bool {
		return nodes[dies+3].Command("DBSIZE") == nodes[dies].Command("DBSIZE")
	}, 30*time.Second, 10*time.Millisecond, "the replica has all")

	nodes[dies].Kill()
	killed := time.Now()
	require.Eventually(t, func() bool {
		got, err := a.Get(t.Context(), item.Key)
		return err == nil && string(got[0]) == "v"
	}, 20*time.Second, 50*time.Millisecond)
	t.Logf("the slots of a dead master were served again after %v", time.Since(killed).Round(time.Millisecond))
	require.Eventually(t, func() bool {
		return lease.Err() != nil || lease.Expiry().After(killed.Add(16*time.Second))
	}, 30*time.Second, 50*time.Millisecond)
	require.NoError(t, lease.Err(), "the lease was renewed at the new master")
	require.NoError(t, lease.Release(t.Context()))
}
