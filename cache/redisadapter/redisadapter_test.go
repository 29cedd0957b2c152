package redisadapter_test

import (
	"context"
	"fmt"
	"math"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/maintnotifications"
	"github.com/stretchr/testify/require"

	"github.com/mosparo/go-cluster/cache"
	"github.com/mosparo/go-cluster/cache/cachetest"
	"github.com/mosparo/go-cluster/cache/cachetest/servers"
	"github.com/mosparo/go-cluster/cache/redisadapter"
)

func connect(t testing.TB, addr string) *redis.Client {
	t.Helper()
	c := redis.NewClient(&redis.Options{Addr: addr, ContextTimeoutEnabled: true, MaxRetries: -1, DialTimeout: 10 * time.Second, DialerRetries: 1, ReadTimeout: 10 * time.Second})
	t.Cleanup(func() { require.NoError(t, c.Close()) })
	return c
}

func TestConformance(t *testing.T) {
	addr := servers.Redis(t).Addr()
	cachetest.Conformance(t, func(t *testing.T) cache.Adapter { return redisadapter.New(connect(t, addr), owned) })
}

var owned = redisadapter.WithOwned(cachetest.KeyPatterns()...)

// counter counts round trips and remembers the commands.
type counter struct {
	trips int
	names []string
}

// greeting is what the client says on a new connection.
func greeting(cmd redis.Cmder) bool { return cmd.Name() == "hello" || cmd.Name() == "client" }

func (c *counter) DialHook(next redis.DialHook) redis.DialHook { return next }

func (c *counter) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, cmd redis.Cmder) error {
		if greeting(cmd) {
			return next(ctx, cmd)
		}
		c.trips, c.names = c.trips+1, append(c.names, cmd.Name())
		return next(ctx, cmd)
	}
}

func (c *counter) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return func(ctx context.Context, cmds []redis.Cmder) error {
		if greeting(cmds[0]) {
			return next(ctx, cmds)
		}
		c.trips++
		for _, cmd := range cmds {
			c.names = append(c.names, cmd.Name())
		}
		return next(ctx, cmds)
	}
}

func TestAdapter_TakesOneRoundTripForAnyNumberOfKeys(t *testing.T) {
	c := connect(t, servers.Redis(t).Addr())
	a := redisadapter.New(c)
	require.NoError(t, a.Ping(t.Context()))
	var n counter
	c.AddHook(&n)
	require.NoError(t, a.Set(t.Context(), cache.Item{Key: "a", Value: []byte("1")}, cache.Item{Key: "b", Value: []byte("2"), TTL: time.Minute}))
	require.Equal(t, 1, n.trips)
	v, err := a.Get(t.Context(), "a", "b", "c")
	require.NoError(t, err)
	require.Equal(t, [][]byte{[]byte("1"), []byte("2"), nil}, v)
	require.Equal(t, 2, n.trips)
	_, err = a.Get(t.Context(), "a")
	require.NoError(t, err)
	require.Equal(t, 3, n.trips)
	require.Equal(t, "get", n.names[len(n.names)-1])
}

func TestClear_RemovesMosparosKeysAndNoOthers(t *testing.T) {
	c := connect(t, servers.Redis(t).Addr())
	a := redisadapter.New(c, owned)
	ours := []string{"mosparoNextCleanup", "mosparoGoCleanup", "design_0b0e7ab6-2b1c-4c1e-9a44-0123456789ab_hash", "p7rc_0123456789abcdef0123456789abcdef"}
	foreign := []string{"session:1", "design_x_hash", "mosparoGoLock{cleanup}", "p7rc_short"}
	for _, k := range append(ours, foreign...) {
		require.NoError(t, c.Set(t.Context(), k, "v", 0).Err())
	}
	var n counter
	c.AddHook(&n)
	removed, err := a.Clear(t.Context())
	require.NoError(t, err)
	require.Equal(t, len(ours), removed)
	left, err := c.Keys(t.Context(), "*").Result()
	require.NoError(t, err)
	require.ElementsMatch(t, foreign, left)
	require.NotContains(t, n.names, "flushdb")
}

func TestSet_TakesTheLongestLifetimeThereIs(t *testing.T) {
	c := connect(t, servers.Redis(t).Addr())
	a := redisadapter.New(c)
	require.NoError(t, a.Set(t.Context(), cache.Item{Key: "k", Value: []byte("v"), TTL: math.MaxInt64}))
	require.NoError(t, a.Set(t.Context(), cache.Item{Key: "k", Value: []byte("v"), TTL: math.MaxInt64}, cache.Item{Key: "l", Value: []byte("v")}))
	v, left, err := a.GetWithTTL(t.Context(), "k")
	require.NoError(t, err)
	require.Equal(t, "v", string(v))
	require.Greater(t, left.Hours(), 290*365*24.0)
	require.NoError(t, c.Do(t.Context(), "EXPIRE", "k", "9000000000000000").Err()) // s
	v, left, err = a.GetWithTTL(t.Context(), "k")
	require.NoError(t, err)
	require.Equal(t, "v", string(v))
	require.Equal(t, time.Duration(math.MaxInt64), left)
}

func Example() {
	client := redis.NewClient(&redis.Options{
		Addr: "127.0.0.1:6379", ContextTimeoutEnabled: true,
		DialTimeout: 2 * time.Second, ReadTimeout: 2 * time.Second, WriteTimeout: 2 * time.Second, PoolTimeout: 2 * time.Second,
		DialerRetries: 1, MaintNotificationsConfig: &maintnotifications.Config{Mode: maintnotifications.ModeDisabled},
	})
	defer client.Close()
	pool := cache.NewPool(redisadapter.New(client))

	next, err := cache.Key[time.Time]("mosparoNextCleanup").Get(context.Background(), pool)
	fmt.Println(next, err)
}
