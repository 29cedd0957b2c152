package redisadapter_test

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"github.com/mosparo/go-cluster/cache"
	"github.com/mosparo/go-cluster/cache/cachetest"
	"github.com/mosparo/go-cluster/cache/cachetest/servers"
	"github.com/mosparo/go-cluster/cache/redisadapter"
)

// twemproxied is a client whose server is a twemproxy, which closes the
// connection at a command that it does not know.
func twemproxied(t *testing.T, addrs ...string) *redis.Client {
	t.Helper()
	c := redis.NewClient(&redis.Options{
		Addr: servers.TwemproxyRedis(t, addrs...).Addr(), DisableIdentity: true, ContextTimeoutEnabled: true,
		MaxRetries: -1, DialTimeout: 10 * time.Second, DialerRetries: 1, ReadTimeout: 10 * time.Second,
	})
	c.AddHook(redisadapter.SkipHello{})
	t.Cleanup(func() { require.NoError(t, c.Close()) })
	return c
}

func TestConformance_ThroughTwemproxy(t *testing.T) {
	c := twemproxied(t, servers.Redis(t).Addr(), servers.Redis(t).Addr())
	require.NoError(t, redisadapter.New(c).Ping(t.Context()))
	cachetest.Conformance(t, func(*testing.T) cache.Adapter { return redisadapter.New(c) },
		cachetest.WithoutRule("Lister", "twemproxy knows no SCAN"), cachetest.WithoutRule("Clearer", "twemproxy knows no SCAN"))
}

func TestSet_OfSeveralThroughTwemproxyIsOnePipelineOnceTransactionsAreRefused(t *testing.T) {
	c := twemproxied(t, servers.Redis(t).Addr(), servers.Redis(t).Addr())
	a := redisadapter.New(c)
	var keys []string
	var items []cache.Item
	for i := range 40 {
		keys = append(keys, fmt.Sprint("mosparoGoTest", i*7%40))
		items = append(items, cache.Item{Key: keys[i], Value: []byte(keys[i]), TTL: time.Duration(i%2) * time.Minute})
	}
	require.NoError(t, a.Set(t.Context(), items...))
	got, err := a.Get(t.Context(), keys...)
	require.NoError(t, err)
	for i, key := range keys {
		require.Equal(t, key, string(got[i]))
	}
	var count counter
	c.AddHook(&count)
	require.NoError(t, a.Set(t.Context(), items...))
	require.Equal(t, 1, count.trips)
}

// A server that goes away in a transaction is no server without transactions.
func TestSet_StaysAtomicAfterALostConnection(t *testing.T) {
	server := servers.Redis(t)
	straight := connect(t, server.Addr())
	proxy := servers.NewProxy(t, server.Addr())
	c := connect(t, proxy.Addr())
	a := redisadapter.New(c)
	require.NoError(t, a.Set(t.Context(), two...))
	c.AddHook(dropBeforeReply{proxy, new(atomic.Bool)})
	require.ErrorIs(t, a.Set(t.Context(), two...), cache.ErrUnavailable)
	require.Eventually(t, func() bool { return a.Ping(t.Context()) == nil }, 10*time.Second, time.Millisecond)

	// One item cannot be set, so none is.
	require.NoError(t, straight.Do(t.Context(), "acl", "setuser", "default", "-setex").Err())
	require.NoError(t, straight.Del(t.Context(), two[0].Key).Err())
	require.ErrorIs(t, a.Set(t.Context(), two...), cache.ErrUnauthorized)
	require.Zero(t, straight.Exists(t.Context(), two[0].Key).Val())
}

// dropBeforeReply loses the connections of the first pipeline.
type dropBeforeReply struct {
	proxy *servers.Proxy
	done  *atomic.Bool
}

func (dropBeforeReply) DialHook(next redis.DialHook) redis.DialHook { return next }

func (dropBeforeReply) ProcessHook(next redis.ProcessHook) redis.ProcessHook { return next }

func (d dropBeforeReply) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return func(ctx context.Context, cmds []redis.Cmder) error {
		if d.done.Swap(true) {
			return next(ctx, cmds)
		}
		d.proxy.Cut(servers.Replies)
		lost := make(chan error, 1)
		go func() { lost <- next(ctx, cmds) }()
		time.Sleep(50 * time.Millisecond) // until the request is on its way; should it not be, the outcome is the same
		d.proxy.Drop()
		d.proxy.Heal()
		return <-lost
	}
}
