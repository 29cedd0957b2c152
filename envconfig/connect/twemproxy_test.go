package connect_test

import (
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/mosparo/go-cluster/cache"
	"github.com/mosparo/go-cluster/cache/cachetest/servers"
	"github.com/mosparo/go-cluster/envconfig/connect"
	"github.com/mosparo/go-cluster/lock"
	"github.com/mosparo/go-cluster/lock/locktest"
)

// twemproxy closes the connection at every command that it does not know.
func TestTwemproxy_BeforeRedis(t *testing.T) {
	proxy := servers.TwemproxyRedis(t, servers.Redis(t).Addr(), servers.Redis(t).Addr())
	s := settings(t, "MOSPARO_CACHE_ADAPTER=redis", "REDIS_URL=redis://"+proxy.Addr())
	requireWorks(t, "redis://"+proxy.Addr())
	locktest.Conformance(t, func(t *testing.T) lock.Backend {
		b := openLock(t, s)
		return struct { // all but the list: twemproxy knows no SCAN
			lock.Backend
			lock.Breaker
		}{b, b.(lock.Breaker)}
	})
	requireExcludes(t, openLock(t, s), openLock(t, s))

	locker := lock.New(openLock(t, s))
	defer locker.Close()
	lease, err := locker.Acquire(t.Context(), "job", lock.WithTTL(time.Hour))
	require.NoError(t, err)
	h, err := locker.Holder(t.Context(), "job")
	require.NoError(t, err)
	require.Equal(t, lease.Fence(), h.Fence)
	require.NoError(t, lease.Release(t.Context()))
	again, err := locker.Acquire(t.Context(), "job", lock.WithTTL(time.Hour))
	require.NoError(t, err)
	require.Greater(t, again.Fence(), lease.Fence())
}

// Symfony's createConnection of 6.4.50 sends SELECT 0, at which twemproxy closes the
// connection; earlier ones sent it only for another database. So PHP's client is
// connected here without it.
func TestTwemproxy_IsSharedWithPHP(t *testing.T) {
	php := servers.PHP(t, "redis")
	proxy := servers.TwemproxyRedis(t, servers.Redis(t).Addr(), servers.Redis(t).Addr())
	dsn := "redis://" + proxy.Addr()
	pool := cache.NewPool(requireWorks(t, dsn))
	require.NoError(t, cache.Key[string]("mosparoGoFromGo").Set(t.Context(), pool, "from Go", time.Hour))
	require.Equal(t, "mosparoGoFromGo=from Go mosparoGoAbsent absent ", php.Run(strings.Replace(phpTurn,
		`Symfony\Component\Cache\Adapter\RedisAdapter::createConnection($argv[1])`, `connected($argv[1])`, 1)+
		`function connected($port) { $r = new Redis; $r->connect('127.0.0.1', (int) $port); return $r; }`, strconv.Itoa(proxy.Port()), "from PHP"))
	got, err := cache.Key[string]("mosparoGoFromPHP").Get(t.Context(), pool)
	require.NoError(t, err)
	require.Equal(t, "from PHP", got)
}

func TestTwemproxy_BeforeMemcached(t *testing.T) {
	proxy := servers.TwemproxyMemcached(t, servers.Memcached(t).Addr(), servers.Memcached(t).Addr())
	s := settings(t, "MOSPARO_CACHE_ADAPTER=memcached", "MEMCACHED_URL=memcached://"+proxy.Addr())
	a, err := connect.Cache(s)
	require.NoError(t, err)
	defer a.Close()
	requireExcludes(t, openLock(t, s), openLock(t, s))
}
