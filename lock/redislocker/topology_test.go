package redislocker_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"testing"
	"time"

	"github.com/bsm/redislock"
	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"github.com/mosparo/go-cluster/cache/cachetest/servers"
	"github.com/mosparo/go-cluster/lock"
	"github.com/mosparo/go-cluster/lock/internal/names"
	"github.com/mosparo/go-cluster/lock/locktest"
	"github.com/mosparo/go-cluster/lock/redislocker"
)

func takeWithRedislock(t *testing.T, c *redis.Client) {
	t.Helper()
	l, err := redislock.Obtain(t.Context(), c, "foreign", time.Minute, nil)
	require.NoError(t, err)
	require.NotNil(t, l)
}

func clusterClient(t *testing.T, nodes []*servers.RedisServer) *redis.ClusterClient {
	t.Helper()
	c := redis.NewClusterClient(&redis.ClusterOptions{
		Addrs: []string{nodes[0].Addr()}, ContextTimeoutEnabled: true,
		DialTimeout: 500 * time.Millisecond, ReadTimeout: time.Second,
	})
	t.Cleanup(func() { require.NoError(t, c.Close()) })
	return c
}

func sentinelClient(t *testing.T, sentinel string) *redis.Client {
	t.Helper()
	c := redis.NewFailoverClient(&redis.FailoverOptions{
		MasterName: "mymaster", SentinelAddrs: []string{sentinel}, ContextTimeoutEnabled: true, MaxRetries: -1,
		DialTimeout: 500 * time.Millisecond, ReadTimeout: time.Second,
	})
	t.Cleanup(func() { require.NoError(t, c.Close()) })
	return c
}

// replicated is a master with a replica that a sentinel knows.
func replicated(t *testing.T) (master, replica *servers.RedisServer, sentinel string) {
	t.Helper()
	master = servers.Redis(t)
	replica = master.Replica()
	s := servers.RedisSentinel(t, master.Port())
	c := redis.NewSentinelClient(&redis.Options{Addr: s.Addr()})
	defer c.Close()
	require.Eventually(t, func() bool {
		replicas, err := c.Replicas(t.Context(), "mymaster").Result()
		return err == nil && len(replicas) == 1 && replicas[0]["master-link-status"] == "ok"
	}, 30*time.Second, 50*time.Millisecond)
	return master, replica, s.Addr()
}

func TestConformance_Cluster(t *testing.T) {
	t.Parallel()
	c := clusterClient(t, servers.RedisCluster(t, 0))
	locktest.Conformance(t, func(*testing.T) lock.Backend { return redislocker.New(c) })
}

func TestConformance_Sentinel(t *testing.T) {
	t.Parallel()
	master := servers.Redis(t)
	c := sentinelClient(t, servers.RedisSentinel(t, master.Port()).Addr())
	locktest.Conformance(t, func(*testing.T) lock.Backend { return redislocker.New(c) })
}

// go-redis wraps the answer "nil" of the sentinels, which is also that to a missing key.
func TestHolder_AMasterThatNoSentinelKnowsIsNoFreeLock(t *testing.T) {
	t.Parallel()
	sentinel := servers.RedisSentinel(t, servers.Redis(t).Port())
	c := redis.NewFailoverClient(&redis.FailoverOptions{MasterName: "other", SentinelAddrs: []string{sentinel.Addr()}, ContextTimeoutEnabled: true, MaxRetries: -1})
	t.Cleanup(func() { require.NoError(t, c.Close()) })
	_, err := redislocker.New(c).Holder(t.Context(), "n")
	require.ErrorIs(t, err, lock.ErrUnavailable)
}

func TestConformance_WithReplicas(t *testing.T) {
	t.Parallel()
	master := servers.Redis(t)
	master.Replica()
	c := connect(t, master.Addr())
	locktest.Conformance(t, func(*testing.T) lock.Backend {
		return redislocker.New(c, redislocker.WithReplicas(1, time.Second))
	})
}

// With a sentinel: the master dies right after it granted the lease.
func TestReplicas_AFailoverLosesNoLease(t *testing.T) {
	t.Parallel()
	master, replica, sentinel := replicated(t)
	open := func() (*lock.Locker, *redislocker.Backend) {
		b := redislocker.New(sentinelClient(t, sentinel), redislocker.WithReplicas(1, time.Second))
		l := lock.New(b)
		t.Cleanup(l.Close)
		return l, b
	}
	one, _ := open()
	lease, err := one.Acquire(t.Context(), "n", lock.WithTTL(5*time.Minute))
	require.NoError(t, err)
	master.Kill()

	// The new master has no replica yet, and grants nothing without.
	other, b := open()
	require.Eventually(t, func() bool {
		h, err := b.Holder(t.Context(), "n")
		return err == nil && h.Token == lease.Token() && h.Fence == lease.Fence()
	}, 40*time.Second, 50*time.Millisecond, "the new master knows of the lease")
	require.Contains(t, replica.Command("INFO replication"), "role:master")
	_, err = other.Acquire(t.Context(), "n")
	require.ErrorIs(t, err, lock.ErrHeld)
	_, err = other.Acquire(t.Context(), "m")
	require.ErrorIs(t, err, lock.ErrUnavailable)

	replica.Replica()
	require.Eventually(t, func() bool { return lease.Renew(t.Context()) == nil }, 20*time.Second, 50*time.Millisecond)
	require.NoError(t, lease.Err())
	require.NoError(t, lease.Release(t.Context()))
	next, err := other.Acquire(t.Context(), "n", lock.WithWait(10*time.Second))
	require.NoError(t, err)
	require.Greater(t, next.Fence(), lease.Fence())
}

// What would be lost by a failover is not granted in the first place.
func TestReplicas_NothingIsGrantedThatTheyDoNotHave(t *testing.T) {
	t.Parallel()
	master := servers.Redis(t)
	replica := master.Replica()
	c := connect(t, master.Addr())
	l := lock.New(redislocker.New(c, redislocker.WithReplicas(1, 100*time.Millisecond)))
	defer l.Close()
	lease, err := l.Acquire(t.Context(), "n", lock.WithTTL(2*time.Second), lock.WithWait(20*time.Second))
	require.NoError(t, err)

	replica.Pause()
	_, err = l.Acquire(t.Context(), "m", lock.WithTTL(time.Hour))
	require.ErrorIs(t, err, lock.ErrUnavailable)
	require.ErrorContains(t, err, "only 0 of 1 replicas")
	require.Eventually(t, func() bool {
		_, err := l.Holder(t.Context(), "m")
		return errors.Is(err, lock.ErrNotHeld)
	}, 10*time.Second, 10*time.Millisecond, "what was taken is given back")
	<-lease.Context().Done()
	require.ErrorIs(t, lease.Err(), lock.ErrLost, "nor is a renewal believed")

	replica.Resume()
	_, err = l.Acquire(t.Context(), "m", lock.WithWait(20*time.Second))
	require.NoError(t, err)
}

// Without the option a failover before the replication hands out the name
// twice, and only the fences tell.
func TestFence_RisesOverAPromotionThatLosesTheLock(t *testing.T) {
	t.Parallel()
	master := servers.Redis(t)
	link := servers.NewProxy(t, master.Addr())
	host, port, err := net.SplitHostPort(link.Addr())
	require.NoError(t, err)
	replica := servers.Redis(t, "--replicaof", host, port)
	one := redislocker.New(connect(t, master.Addr()))
	token, _, err := acquire(t.Context(), one, "n")
	require.NoError(t, err)
	require.NoError(t, one.Release(t.Context(), "n", token))
	require.Eventually(t, func() bool { // until the release has come over
		return replica.Command("EXISTS mosparoGoLockRecord{n}") == "1" && replica.Command("EXISTS mosparoGoLock{n}") == "0"
	}, 10*time.Second, 10*time.Millisecond)
	link.Cut(servers.Replies)
	_, stale, err := acquire(t.Context(), one, "n")
	require.NoError(t, err)
	master.Kill()
	link.Drop()
	require.Equal(t, "OK", replica.Command("REPLICAOF NO ONE"))
	require.Equal(t, "0", replica.Command("EXISTS mosparoGoLock{n}"), "the lock has not come over")
	_, fresh, err := acquire(t.Context(), redislocker.New(connect(t, replica.Addr())), "n")
	require.NoError(t, err)
	require.Greater(t, fresh, stale)
}

func TestReplicas_AreAskedOnTheMasterOfTheKey(t *testing.T) {
	t.Parallel()
	nodes := servers.RedisCluster(t, 3)
	c := clusterClient(t, nodes)
	b := redislocker.New(c, redislocker.WithReplicas(1, 500*time.Millisecond))
	names := namesByMaster(t, c, nodes[:3])
	for _, name := range names {
		token, fence, err := acquire(t.Context(), b, name)
		require.NoError(t, err)
		require.NotZero(t, fence)
		require.NoError(t, b.Renew(t.Context(), name, token, time.Minute))
		require.NoError(t, b.Release(t.Context(), name, token))
	}
	var r roundTrips
	require.NoError(t, c.ForEachMaster(t.Context(), func(_ context.Context, c *redis.Client) error { c.AddHook(&r); return nil }))
	token, _, err := acquire(t.Context(), b, names[1])
	require.NoError(t, err)
	require.EqualValues(t, 1, r.n.Load(), "lock, fence and wait are one round trip")
	require.NoError(t, b.Renew(t.Context(), names[1], token, time.Minute))
	require.EqualValues(t, 2, r.n.Load())
	require.NoError(t, b.Release(t.Context(), names[1], token))
	require.EqualValues(t, 3, r.n.Load())

	nodes[4].Pause() // the second master's
	_, _, err = acquire(t.Context(), b, names[1])
	require.ErrorContains(t, err, "only 0 of 1 replicas")
	for _, i := range []int{0, 2} {
		_, _, err = acquire(t.Context(), b, names[i])
		require.NoError(t, err, "the other masters have theirs")
	}
	nodes[4].Resume()
	require.NoError(t, b.Break(t.Context(), names[1]))

	// The slots of the first master move to its replica.
	require.Equal(t, "OK", nodes[3].Command("CLUSTER FAILOVER"))
	require.Eventually(t, func() bool {
		_, _, err := acquire(t.Context(), b, names[0])
		return errors.Is(err, lock.ErrHeld)
	}, 30*time.Second, 20*time.Millisecond, "the lock has come over")
	require.NoError(t, b.Break(t.Context(), names[0]))
	require.Eventually(t, func() bool {
		_, _, err := acquire(t.Context(), b, names[0])
		return err == nil
	}, 30*time.Second, 20*time.Millisecond)
}

// namesByMaster finds a name for every master.
func namesByMaster(t *testing.T, c *redis.ClusterClient, nodes []*servers.RedisServer) []string {
	t.Helper()
	found := make([]string, len(nodes))
	for i := range nodes {
		for n := 0; found[i] == ""; n++ {
			name := fmt.Sprint("name ", n)
			m, err := c.MasterForKey(t.Context(), "mosparoGoLock{"+names.Encode(name)+"}")
			require.NoError(t, err)
			if m.Options().Addr == nodes[i].Addr() {
				found[i] = name
			}
		}
	}
	return found
}
