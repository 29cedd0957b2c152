package redislocker_test

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"github.com/mosparo/go-cluster/cache/cachetest/servers"
	"github.com/mosparo/go-cluster/lock"
	"github.com/mosparo/go-cluster/lock/locktest"
	"github.com/mosparo/go-cluster/lock/redislocker"
)

func connect(t *testing.T, addr string) *redis.Client {
	t.Helper()
	c := redis.NewClient(&redis.Options{Addr: addr, ContextTimeoutEnabled: true, MaxRetries: -1, DialTimeout: 2 * time.Second, ReadTimeout: 2 * time.Second})
	t.Cleanup(func() { require.NoError(t, c.Close()) })
	return c
}

func TestConformance(t *testing.T) {
	t.Parallel()
	c := connect(t, servers.Redis(t).Addr())
	locktest.Conformance(t, func(*testing.T) lock.Backend { return redislocker.New(c) })
}

// roundTrips counts what goes to the server.
type roundTrips struct{ n atomic.Int64 }

func (r *roundTrips) DialHook(next redis.DialHook) redis.DialHook { return next }

func (r *roundTrips) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, cmd redis.Cmder) error { r.n.Add(1); return next(ctx, cmd) }
}

func (r *roundTrips) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return func(ctx context.Context, cmds []redis.Cmder) error { r.n.Add(1); return next(ctx, cmds) }
}

func TestAcquire_IsOneRoundTripWithItsFence(t *testing.T) {
	c := connect(t, servers.Redis(t).Addr())
	b := redislocker.New(c)
	token := locktest.NewToken()
	_, err := b.Acquire(t.Context(), "warm", lock.Claim{Token: token}, time.Minute)
	require.NoError(t, err)
	require.NoError(t, b.Release(t.Context(), "warm", token))

	var r roundTrips
	c.AddHook(&r)
	fence, err := b.Acquire(t.Context(), "n", lock.Claim{Token: token}, time.Minute)
	require.NoError(t, err)
	require.NotZero(t, fence)
	require.EqualValues(t, 1, r.n.Load())
	_, err = b.Acquire(t.Context(), "n", lock.Claim{Token: locktest.NewToken()}, time.Minute)
	require.ErrorIs(t, err, lock.ErrHeld)
	require.EqualValues(t, 2, r.n.Load())
	require.NoError(t, b.Release(t.Context(), "n", token))
	require.EqualValues(t, 3, r.n.Load())
}

// lifetimes are those that the scripts were asked for.
type lifetimes struct {
	roundTrips
	ms []string
}

func (l *lifetimes) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, cmd redis.Cmder) error {
		at := 5 // of a renewal: evalsha, script, 1, key, token, lifetime
		if args := cmd.Args(); args[2] == 2 {
			at = 7
		}
		l.ms = append(l.ms, fmt.Sprint(cmd.Args()[at]))
		return next(ctx, cmd)
	}
}

// A minimum hold would be shorter than it was asked for.
func TestLifetime_IsRoundedUpToMilliseconds(t *testing.T) {
	c := connect(t, servers.Redis(t).Addr())
	b := redislocker.New(c)
	token := locktest.NewToken()
	_, err := b.Acquire(t.Context(), "n", lock.Claim{Token: token}, time.Hour)
	require.NoError(t, err)
	require.NoError(t, b.Renew(t.Context(), "n", token, time.Hour)) // the server knows the scripts now
	var l lifetimes
	c.AddHook(&l)
	for _, ttl := range []time.Duration{time.Hour, time.Hour + 1, time.Hour + time.Millisecond - 1} {
		_, err = b.Acquire(t.Context(), "n", lock.Claim{Token: token}, ttl)
		require.NoError(t, err)
		require.NoError(t, b.Renew(t.Context(), "n", token, ttl))
	}
	require.Equal(t, []string{"3600000", "3600000", "3600001", "3600001", "3600001", "3600001"}, l.ms)
}

// twice is a server whose SCAN says keys twice, as it may when its table grows
// meanwhile.
type twice struct{ roundTrips }

func (t *twice) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, cmd redis.Cmder) error {
		err := next(ctx, cmd)
		if scan, ok := cmd.(*redis.ScanCmd); ok {
			keys, cursor := scan.Val()
			scan.SetVal(append(keys, keys...), cursor)
		}
		return err
	}
}

func TestHolders_NamesEachLockOnce(t *testing.T) {
	c := connect(t, servers.Redis(t).Addr())
	c.AddHook(&twice{})
	b := redislocker.New(c)
	for _, name := range []string{"a", "b"} {
		_, err := b.Acquire(t.Context(), name, lock.Claim{Token: locktest.NewToken()}, time.Minute)
		require.NoError(t, err)
	}
	var names []string
	for h, err := range b.Holders(t.Context()) {
		require.NoError(t, err)
		names = append(names, h.Name)
	}
	require.ElementsMatch(t, []string{"a", "b"}, names)
}

func TestFence_RisesAlthoughTheServerLostItsData(t *testing.T) {
	c := connect(t, servers.Redis(t).Addr())
	b := redislocker.New(c)
	var last uint64
	for range 3 {
		f, err := b.Acquire(t.Context(), "n", lock.Claim{Token: locktest.NewToken()}, time.Minute)
		require.NoError(t, err)
		require.Greater(t, f, last)
		last = f
		require.NoError(t, c.FlushDB(t.Context()).Err())
	}
}

func TestLease_EndsWhenTheServerForgetsTheKey(t *testing.T) {
	t.Parallel()
	c := connect(t, servers.Redis(t).Addr())
	l := lock.New(redislocker.New(c))
	defer l.Close()
	lease, err := l.Acquire(t.Context(), "n", lock.WithTTL(300*time.Millisecond))
	require.NoError(t, err)
	require.NoError(t, c.FlushDB(t.Context()).Err())
	select {
	case <-lease.Context().Done():
		require.ErrorIs(t, context.Cause(lease.Context()), lock.ErrLost)
	case <-time.After(5 * time.Second):
		t.Fatal("the lease goes on")
	}
	require.ErrorIs(t, lease.Release(t.Context()), lock.ErrLost)
}

func TestLease_EndsByItsOwnDeadlineWhenTheServerIsSilent(t *testing.T) {
	t.Parallel()
	s := servers.Redis(t)
	l := lock.New(redislocker.New(connect(t, s.Addr())), lock.WithCallTimeout(100*time.Millisecond))
	defer l.Close()
	lease, err := l.Acquire(t.Context(), "n", lock.WithTTL(time.Second))
	require.NoError(t, err)
	s.Pause()
	defer s.Resume()
	select {
	case <-lease.Context().Done():
		require.ErrorIs(t, lease.Err(), lock.ErrLost)
		require.False(t, time.Now().Before(lease.Expiry()), "it is held for as long as it was granted")
	case <-time.After(20 * time.Second):
		t.Fatal("the lease goes on")
	}
}

func TestRelease_WorksAfterItsContextWasCancelled(t *testing.T) {
	b := redislocker.New(connect(t, servers.Redis(t).Addr()))
	l := lock.New(b)
	defer l.Close()
	ctx, cancel := context.WithCancel(t.Context())
	lease, err := l.Acquire(ctx, "n")
	require.NoError(t, err)
	cancel()
	require.NoError(t, lease.Err(), "the end of the caller's context is not that of the lease")
	require.NoError(t, lease.Release(ctx))
	_, err = b.Holder(t.Context(), "n")
	require.ErrorIs(t, err, lock.ErrNotHeld)
}

func Example() {
	client := redis.NewClient(&redis.Options{Addr: "127.0.0.1:6379", ContextTimeoutEnabled: true})
	defer client.Close()
	locker := lock.New(redislocker.New(client))
	defer locker.Close()

	err := locker.Do(context.Background(), "report", func(ctx context.Context) error {
		// One node at a time comes here; ctx ends when the lease is lost.
		return nil
	}, lock.WithTTL(15*time.Second))
	if errors.Is(err, lock.ErrHeld) {
		fmt.Println("another node does it")
	}
}

// A minutely job does not leave a record behind for every minute of a month.
func TestOnce_LeavesNothingBehindAfterItsRetention(t *testing.T) {
	c := connect(t, servers.Redis(t).Addr())
	l := lock.New(redislocker.New(c))
	t.Cleanup(l.Close)
	require.NoError(t, l.Once(t.Context(), lock.Slot{Name: "job", Key: "12:00"}, time.Hour))
	keys, err := c.Keys(t.Context(), "*").Result()
	require.NoError(t, err)
	require.Len(t, keys, 2)
	for _, key := range keys {
		left, err := c.PTTL(t.Context(), key).Result()
		require.NoError(t, err)
		require.Greater(t, left, time.Duration(0), key)
		require.LessOrEqual(t, left, time.Hour, key)
	}
	h, err := l.Holder(t.Context(), "mosparo/once/job@12:00")
	require.NoError(t, err)
	require.NotEmpty(t, h.Owner.Host)
	require.Zero(t, h.Fence)
}
