package redislocker_test

import (
	"context"
	"net"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"github.com/mosparo/go-cluster/cache/cachetest/servers"
	"github.com/mosparo/go-cluster/lock"
	"github.com/mosparo/go-cluster/lock/redislocker"
)

// repeating are clients that send a request again when its reply was lost, as
// go-redis does unless told otherwise, and on Cluster always.
var repeating = map[string]func(t *testing.T) (redis.UniversalClient, *servers.RedisServer, *servers.Proxy){
	"one server": func(t *testing.T) (redis.UniversalClient, *servers.RedisServer, *servers.Proxy) {
		s := servers.Redis(t)
		p := servers.NewProxy(t, s.Addr())
		return redis.NewClient(&redis.Options{Addr: p.Addr(), ContextTimeoutEnabled: true, ReadTimeout: time.Minute}), s, p
	},
	"Cluster": func(t *testing.T) (redis.UniversalClient, *servers.RedisServer, *servers.Proxy) {
		s := servers.RedisCluster(t, 0)[0]
		p := servers.NewProxy(t, s.Addr())
		return redis.NewClusterClient(&redis.ClusterOptions{
			Addrs: []string{s.Addr()}, ContextTimeoutEnabled: true, ReadTimeout: time.Minute,
			Dialer: func(ctx context.Context, network, _ string) (net.Conn, error) {
				return (&net.Dialer{}).DialContext(ctx, network, p.Addr())
			},
		}), s, p
	},
}

// withLostReply does what removes the lock of "n", loses the reply, and returns
// its error.
func withLostReply(t *testing.T, s *servers.RedisServer, p *servers.Proxy, do func() error) error {
	t.Helper()
	p.Cut(servers.Replies)
	done := make(chan error, 1)
	go func() { done <- do() }()
	require.Eventually(t, func() bool { return s.Command("EXISTS mosparoGoLock{n}") == "0" }, 20*time.Second, time.Millisecond)
	p.Drop()
	p.Heal()
	return <-done
}

func TestLostReplies(t *testing.T) {
	for name, open := range repeating {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, s, p := open(t)
			defer c.Close()
			l := lock.New(redislocker.New(c), lock.WithCallTimeout(time.Minute))
			defer l.Close()
			require.NoError(t, l.Do(t.Context(), "n", func(context.Context) error { return nil })) // the server knows the scripts now
			t.Run("Release is not lost", func(t *testing.T) {
				lease, err := l.Acquire(t.Context(), "n", lock.WithTTL(time.Hour))
				require.NoError(t, err)
				require.NoError(t, withLostReply(t, s, p, func() error { return lease.Release(t.Context()) }))
			})
			t.Run("Break says that it is unknown", func(t *testing.T) {
				_, err := l.Acquire(t.Context(), "n", lock.WithTTL(time.Hour))
				require.NoError(t, err)
				err = withLostReply(t, s, p, func() error { return l.Break(t.Context(), "n") })
				require.ErrorIs(t, err, lock.ErrUnavailable)
				require.NotErrorIs(t, err, lock.ErrNotHeld)
				require.ErrorIs(t, l.Break(t.Context(), "n"), lock.ErrNotHeld)
			})
		})
	}
}
