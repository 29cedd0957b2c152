package redisadapter_test

import (
	"bytes"
	"context"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"github.com/mosparo/go-cluster/cache"
	"github.com/mosparo/go-cluster/cache/cachetest"
	"github.com/mosparo/go-cluster/cache/cachetest/servers"
	"github.com/mosparo/go-cluster/cache/internal/alloctest"
	"github.com/mosparo/go-cluster/cache/redisadapter"
)

// hits are the bare client, the adapter and a typed key, for a date and for a
// prepared CSS file of 20 kB.
func hits(tb testing.TB) (client *redis.Client, small, large []cachetest.Way) {
	ctx := context.Background()
	client = connect(tb, servers.Redis(tb).Addr())
	a := redisadapter.New(client)
	pool := cache.NewPool(a)
	require.NoError(tb, cache.Write(ctx, pool, nextKey.With(when, 0), nullKey.WithNull(0), hashKey.With(hashText, 0),
		cssKey.With(bytes.Repeat([]byte("a{b:c}\n"), 20_000/7), 0)))
	ways := func(key string, typed func() error) []cachetest.Way {
		return []cachetest.Way{
			{Name: "client", Do: func() error { return client.Get(ctx, key).Err() }},
			{Name: "adapter", Do: func() error { _, err := a.Get(ctx, key); return err }},
			{Name: "key", Do: typed},
		}
	}
	small = ways(string(nextKey), func() error { _, err := nextKey.Get(ctx, pool); return err })
	large = ways(string(cssKey), func() error { _, err := cssKey.Get(ctx, pool); return err })
	return client, small, large
}

func TestHit_CostsThreeAllocationsMoreThanTheClient(t *testing.T) {
	_, small, large := hits(t)
	for _, ways := range [][]cachetest.Way{small, large} {
		var allocs [3]float64
		for i, w := range ways {
			require.NoError(t, w.Do())
			allocs[i] = testing.AllocsPerRun(200, func() { _ = w.Do() })
		}
		require.LessOrEqual(t, allocs[1], allocs[0]+3)
		require.LessOrEqual(t, allocs[2], allocs[0]+3)
	}
}

func TestHit_AllocatesTheValueOnce(t *testing.T) {
	client, _, large := hits(t)
	require.NoError(t, large[2].Do())
	require.Less(t, alloctest.BytesPerRun(200, func() { _ = large[2].Do() }), 1.1*20_000)
	a := redisadapter.New(client)
	keys := []string{string(cssKey), string(cssKey), string(cssKey)}
	require.Less(t, alloctest.BytesPerRun(200, func() { _, _ = a.Get(context.Background(), keys...) }), 1.1*60_000)
}

// What the server has seen, not what the client says.
func TestRequests_TakeTheCommandsThatTheyShould(t *testing.T) {
	client, _, _ := hits(t)
	pool := cache.NewPool(redisadapter.New(client))
	ctx := t.Context()
	sent := func(do func()) string {
		require.NoError(t, client.ConfigResetStat(ctx).Err())
		do()
		stats, err := client.Info(ctx, "commandstats").Result()
		require.NoError(t, err)
		var names []string
		for line := range strings.Lines(stats) {
			name, rest, _ := strings.Cut(strings.TrimPrefix(line, "cmdstat_"), ":")
			if calls, _, ok := strings.Cut(strings.TrimPrefix(rest, "calls="), ","); ok && !strings.HasPrefix(name, "config") {
				names = append(names, name+" "+calls)
			}
		}
		return strings.Join(names, ", ")
	}
	var next cache.Result[time.Time]
	var null cache.Result[*time.Time]
	var hash cache.Result[string]
	require.Equal(t, "get 1", sent(func() { _, _ = nextKey.Get(ctx, pool) }))
	require.Equal(t, "mget 1", sent(func() {
		require.NoError(t, cache.Read(ctx, pool, nextKey.Into(&next), nullKey.Into(&null), hashKey.Into(&hash)))
	}))
	require.Equal(t, "set 1", sent(func() { require.NoError(t, nextKey.Set(ctx, pool, when, 0)) }))
	require.Equal(t, "setex 1", sent(func() { require.NoError(t, nextKey.Set(ctx, pool, when, time.Minute)) }))
	require.Equal(t, "unlink 1", sent(func() { require.NoError(t, pool.Delete(ctx, "a", "b", "c")) }))
	n := &counter{}
	client.AddHook(n)
	require.NoError(t, cache.Write(ctx, pool, nextKey.With(when, 0), nullKey.WithNull(time.Minute), hashKey.With(hashText, 0)))
	require.Equal(t, 1, n.trips)
}

// BenchmarkHit measures the adapter beside the bare client, taking turns, so
// that whatever else the machine does hits both.
func BenchmarkHit(b *testing.B) {
	client, small, large := hits(b)
	a := redisadapter.New(client)
	ctx := context.Background()
	cachetest.Compare(b, "Date", small...)
	cachetest.Compare(b, "CSS20kB", large...)
	keys := []string{string(nextKey), string(nullKey), string(hashKey)}
	cachetest.Compare(b, "ThreeKeys",
		cachetest.Way{Name: "one", Do: func() error { _, err := a.Get(ctx, keys[0]); return err }},
		cachetest.Way{Name: "three", Do: func() error { _, err := a.Get(ctx, keys...); return err }},
		cachetest.Way{Name: "client's MGET", Do: func() error { return client.MGet(ctx, keys...).Err() }},
	)
	css := []string{"design_1_content", "design_2_content", "design_3_content"}
	for _, k := range css {
		require.NoError(b, a.Set(ctx, cache.Item{Key: k, Value: bytes.Repeat([]byte("a{b:c}\n"), 20_000/7)}))
	}
	cachetest.Compare(b, "ThreeCSS20kB",
		cachetest.Way{Name: "client's MGET", Do: func() error { return client.MGet(ctx, css...).Err() }},
		cachetest.Way{Name: "adapter", Do: func() error { _, err := a.Get(ctx, css...); return err }},
	)
	set := cache.Item{Key: "mosparoGoBench", Value: []byte("N;")}
	cachetest.Compare(b, "Set",
		cachetest.Way{Name: "client", Do: func() error { return client.Set(ctx, set.Key, set.Value, 0).Err() }},
		cachetest.Way{Name: "adapter", Do: func() error { return a.Set(ctx, set) }},
	)
}
