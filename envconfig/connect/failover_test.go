package connect_test

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"github.com/mosparo/go-cluster/cache"
	"github.com/mosparo/go-cluster/cache/adapterkit"
	"github.com/mosparo/go-cluster/cache/cachetest"
	"github.com/mosparo/go-cluster/cache/cachetest/servers"
	"github.com/mosparo/go-cluster/envconfig/connect"
)

// traffic is a number of goroutines that use a cache all the time, each call
// with a deadline.
type traffic struct {
	// slowest is the longest that a call took.
	slowest atomic.Int64
	calls   atomic.Int64
	failed  atomic.Int64
	// inARow counts the successes of each goroutine since its last failure.
	inARow []atomic.Int64
	end    context.CancelFunc
	all    sync.WaitGroup
}

const trafficDeadline = time.Second

// longTimeout is that of a client whose calls have to end by their deadline
// nevertheless; the machine may be slow, too.
const longTimeout = time.Minute

func startTraffic(ctx context.Context, a cache.Adapter, n int) *traffic {
	ctx, end := context.WithCancel(ctx)
	tr := &traffic{inARow: make([]atomic.Int64, n), end: end}
	for g := range n {
		tr.all.Go(func() {
			for i := 0; ctx.Err() == nil; i++ {
				tr.note(g, func() error {
					ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), trafficDeadline)
					defer cancel()
					return oneCall(ctx, a, i, fmt.Sprint("mosparoGoTraffic", g))
				})
				time.Sleep(time.Millisecond)
			}
		})
	}
	return tr
}

func oneCall(ctx context.Context, a cache.Adapter, i int, key string) error {
	var err error
	switch i % 4 {
	case 0:
		_, err = a.Get(ctx, key)
	case 1:
		err = a.Set(ctx, cache.Item{Key: key, Value: []byte("v"), TTL: time.Minute})
	case 2:
		_, err = a.Get(ctx, key, "mosparoNextCleanup", "mosparoAdditionalCleanup")
	case 3:
		err = a.Set(ctx, cache.Item{Key: key, Value: []byte("v")}, cache.Item{Key: key + "b", Value: []byte("v")})
	}
	return err
}

func (tr *traffic) note(g int, call func() error) {
	start := time.Now()
	err := call()
	took := int64(time.Since(start))
	for old := tr.slowest.Load(); took > old && !tr.slowest.CompareAndSwap(old, took); old = tr.slowest.Load() {
	}
	tr.calls.Add(1)
	if err != nil {
		tr.failed.Add(1)
		tr.inARow[g].Store(0)
	} else {
		tr.inARow[g].Add(1)
	}
}

// requireFlowing waits until every goroutine succeeds again and again.
func (tr *traffic) requireFlowing(t *testing.T) {
	t.Helper()
	for g := range tr.inARow {
		tr.inARow[g].Store(0)
	}
	require.Eventually(t, func() bool {
		for g := range tr.inARow {
			if tr.inARow[g].Load() < 20 {
				return false
			}
		}
		return true
	}, 60*time.Second, 10*time.Millisecond)
}

func TestRedis_AFailoverUnderTraffic(t *testing.T) {
	t.Parallel()
	for name, down := range map[string]func(*servers.RedisServer){
		"the master dies":      func(s *servers.RedisServer) { s.Kill() },
		"the master is silent": func(s *servers.RedisServer) { s.Pause() },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			first := servers.Redis(t)
			second := first.Replica()
			port := servers.RedisSentinel(t, first.Port()).Port()
			requireReplica(t, port)
			a, err := connect.Cache(settings(t, "MOSPARO_CACHE_ADAPTER=redis", fmt.Sprintf("REDIS_URL=redis://%s?redis_sentinel=mymaster", addr(port))),
				connect.WithTimeout(longTimeout))
			require.NoError(t, err)
			defer a.Close()
			tr := startTraffic(t.Context(), a, 8)
			defer tr.all.Wait()
			defer tr.end()
			tr.requireFlowing(t)
			require.Zero(t, tr.failed.Load())

			down(first)
			require.Eventually(t, func() bool { return tr.failed.Load() > 0 }, 30*time.Second, time.Millisecond)
			tr.requireFlowing(t)
			client := redis.NewClient(&redis.Options{Addr: second.Addr()})
			defer client.Close()
			require.Equal(t, "v", client.Get(t.Context(), "mosparoGoTraffic0").Val(), "on the new master")

			// The old master comes back and does not know yet that it was replaced.
			if name == "the master is silent" {
				first.Resume()
			} else {
				first.Restart()
			}
			tr.requireFlowing(t)
			require.NoError(t, a.Set(t.Context(), cache.Item{Key: "mosparoAfter", Value: []byte("v")}))
			require.Equal(t, "v", client.Get(t.Context(), "mosparoAfter").Val())

			tr.end()
			tr.all.Wait()
			t.Logf("%d of %d calls failed, the slowest took %v", tr.failed.Load(), tr.calls.Load(), time.Duration(tr.slowest.Load()))
			require.Less(t, time.Duration(tr.slowest.Load()), longTimeout/2)
		})
	}
}

// requireReplica waits until the sentinel knows a replica that has everything.
func requireReplica(t *testing.T, sentinelPort int) {
	t.Helper()
	c := redis.NewSentinelClient(&redis.Options{Addr: addr(sentinelPort)})
	defer c.Close()
	require.Eventually(t, func() bool {
		replicas, err := c.Replicas(t.Context(), "mymaster").Result()
		return err == nil && len(replicas) == 1 && replicas[0]["master-link-status"] == "ok"
	}, 20*time.Second, 50*time.Millisecond)
}

// A node of a cluster that is silent fails its own keys, in time, and no others.
func TestRedis_ASilentNodeOfAClusterFailsItsKeysOnly(t *testing.T) {
	t.Parallel()
	nodes := servers.RedisCluster(t, 0)
	a := requireWorks(t, "redis://"+nodes[0].Addr()+"?redis_cluster=1&timeout=0.3&read_timeout=0.3&host["+nodes[1].Addr()+"]")
	c := redis.NewClient(&redis.Options{Addr: nodes[0].Addr()})
	defer c.Close()
	// One key for each third of the slots.
	keys := make([]string, 3)
	for i := 0; keys[0] == "" || keys[1] == "" || keys[2] == ""; i++ {
		k := fmt.Sprint("mosparoGoKey", i)
		slot, err := c.ClusterKeySlot(t.Context(), k).Result()
		require.NoError(t, err)
		keys[min(slot*3/16384, 2)] = k
	}
	var items []cache.Item
	for _, k := range keys {
		items = append(items, cache.Item{Key: k, Value: []byte(k)})
	}
	require.NoError(t, a.Set(t.Context(), items...))
	nodes[2].Pause()
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	got, err := a.Get(ctx, keys...)
	var op *cache.OpError
	require.ErrorAs(t, err, &op)
	require.ErrorIs(t, err, cache.ErrUnavailable)
	require.Equal(t, keys[2:], op.Keys)
	require.Equal(t, [][]byte{[]byte(keys[0]), []byte(keys[1]), nil}, got)
	require.NoError(t, ctx.Err())
	nodes[2].Resume()
	require.Eventually(t, func() bool {
		got, err := a.Get(t.Context(), keys...)
		return err == nil && string(got[2]) == keys[2]
	}, 30*time.Second, 50*time.Millisecond)
}

// One command for each key, since their slots may lie apart, and a Clear that
// finds the keys of all nodes and flushes none.
func TestRedis_WhatIsSentToACluster(t *testing.T) {
	t.Parallel()
	nodes := servers.RedisCluster(t, 0)
	a := requireWorks(t, "redis://"+nodes[0].Addr()+"?redis_cluster=1")
	var items []cache.Item
	for i := range 30 {
		items = append(items, cache.Item{Key: fmt.Sprint("mosparoGo", i), Value: []byte("v")}, cache.Item{Key: fmt.Sprint("foreign", i), Value: []byte("v")})
	}
	require.NoError(t, a.Set(t.Context(), items...))
	values, err := a.Get(t.Context(), adapterkit.Keys(items)...)
	require.NoError(t, err)
	require.NotContains(t, values, []byte(nil))
	n, err := a.(cache.Clearer).Clear(t.Context())
	require.NoError(t, err)
	require.Equal(t, 30, n)
	listed := 0
	for key, err := range a.(cache.Lister).List(t.Context(), "") {
		require.NoError(t, err)
		require.Contains(t, key, "foreign")
		listed++
	}
	require.Equal(t, 30, listed)
	for _, node := range nodes {
		c := redis.NewClient(&redis.Options{Addr: node.Addr()})
		defer c.Close()
		stats, err := c.Info(t.Context(), "commandstats").Result()
		require.NoError(t, err)
		for _, never := range []string{"mget", "mset", "multi", "flushdb", "flushall", "keys"} {
			require.NotContains(t, stats, "cmdstat_"+never+":")
		}
	}
}

func TestRedis_ConformanceOfACluster(t *testing.T) {
	t.Parallel()
	nodes := servers.RedisCluster(t, 0)
	s := settings(t, "MOSPARO_CACHE_ADAPTER=redis", "REDIS_URL=redis://"+nodes[0].Addr()+"?redis_cluster=1")
	cachetest.Conformance(t, func(t *testing.T) cache.Adapter {
		a, err := connect.Cache(s)
		require.NoError(t, err)
		return a
	})
}

// The first connection has to ask the sentinels, regardless of which one answers.
func TestRedis_SilentSentinelsDoNotHoldACallBeyondItsDeadline(t *testing.T) {
	t.Parallel()
	guards := []*servers.Process{}
	master := servers.Redis(t)
	dsn := "redis:?redis_sentinel=mymaster"
	for range 3 {
		s := servers.RedisSentinel(t, master.Port())
		guards = append(guards, s)
		dsn += "&host[" + s.Addr() + "]"
	}
	for _, s := range guards {
		s.Pause()
	}
	s := settings(t, "MOSPARO_CACHE_ADAPTER=redis", "REDIS_URL="+dsn)
	patient, err := connect.Cache(s, connect.WithTimeout(longTimeout))
	require.NoError(t, err)
	defer patient.Close()
	for range 3 {
		ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
		start := time.Now()
		_, err = patient.Get(ctx, "mosparoNextCleanup")
		cancel()
		require.ErrorIs(t, err, cache.ErrUnavailable)
		require.Less(t, time.Since(start), longTimeout/2)
	}
	a, err := connect.Cache(s)
	require.NoError(t, err)
	defer a.Close()
	_, err = a.Get(t.Context(), "mosparoNextCleanup")
	require.ErrorIs(t, err, cache.ErrUnavailable, "without a deadline the timeout counts")
	guards[2].Resume()
	require.Eventually(t, func() bool {
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		_, err := a.Get(ctx, "mosparoNextCleanup")
		return err == nil
	}, 60*time.Second, 10*time.Millisecond)
	for _, s := range guards { // or closing would wait for them
		s.Resume()
	}
}
