package connect_test

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"github.com/mosparo/go-cluster/cache"
	"github.com/mosparo/go-cluster/cache/cachetest/servers"
	"github.com/mosparo/go-cluster/envconfig/connect"
	"github.com/mosparo/go-cluster/envconfig/dsn"
)

// requireWorks opens the cache of a DSN and uses it.
func requireWorks(t *testing.T, dsn string) cache.Adapter {
	t.Helper()
	a, err := connect.Cache(settings(t, "MOSPARO_CACHE_ADAPTER=redis", "REDIS_URL="+dsn))
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, a.Close()) })
	items := []cache.Item{{Key: "a", Value: []byte("1"), TTL: time.Minute}, {Key: "b", Value: []byte("2")}, {Key: "c", Value: []byte("3")}}
	require.NoError(t, a.Set(t.Context(), items...), dsn)
	got, err := a.Get(t.Context(), "a", "missing", "b", "c")
	require.NoError(t, err)
	require.Equal(t, [][]byte{[]byte("1"), nil, []byte("2"), []byte("3")}, got)
	require.NoError(t, a.Delete(t.Context(), "a", "b", "c"))
	require.Implements(t, (*cache.Pinger)(nil), a)
	return a
}

// requireFails opens the cache of a DSN and sees that it cannot be used.
func requireFails(t *testing.T, dsn string) error {
	t.Helper()
	a, err := connect.Cache(settings(t, "MOSPARO_CACHE_ADAPTER=redis", "REDIS_URL="+dsn))
	require.NoError(t, err)
	defer a.Close()
	_, err = a.Get(t.Context(), "a")
	require.Error(t, err)
	return err
}

func TestRedis_OneServer(t *testing.T) {
	s := servers.Redis(t)
	requireWorks(t, "redis://"+s.Addr())
	requireWorks(t, "redis:?host["+s.Addr()+"]")
	requireWorks(t, "redis://"+s.Socket())
	requireWorks(t, "redis:"+s.Socket()+"/3")
	requireWorks(t, "redis:?host["+s.Socket()+":]")
}

func TestRedis_UsesTheDatabaseOfTheDSN(t *testing.T) {
	s := servers.Redis(t)
	ctx := t.Context()
	for dsn, db := range map[string]int{
		"redis://" + s.Addr(): 0, "redis://" + s.Addr() + "/7": 7, "redis://" + s.Addr() + "?dbindex=5": 5,
		"redis://" + s.Addr() + "/1/2": 2, "redis://" + s.Socket() + "/9": 9,
	} {
		a, err := connect.Cache(settings(t, "MOSPARO_CACHE_ADAPTER=redis", "REDIS_URL="+dsn))
		require.NoError(t, err)
		require.NoError(t, a.Set(ctx, cache.Item{Key: "where", Value: []byte(dsn)}))
		require.NoError(t, a.Close())
		client := redis.NewClient(&redis.Options{Addr: s.Addr(), DB: db})
		require.Equal(t, dsn, client.Get(ctx, "where").Val())
		require.NoError(t, client.FlushAll(ctx).Err())
		require.NoError(t, client.Close())
	}
}

func TestRedis_LogsIn(t *testing.T) {
	const password = `p@ss/w:ord#?%&ü`
	s := servers.Redis(t, "--requirepass", password)
	client := redis.NewClient(&redis.Options{Addr: s.Addr(), Password: password})
	defer client.Close()
	require.NoError(t, client.Do(t.Context(), "ACL", "SETUSER", "no:de", "on", ">"+password, "~*", "+@all", "-hello").Err())

	escaped := url.QueryEscape(password)
	requireWorks(t, "redis://"+escaped+"@"+s.Addr())
	requireWorks(t, "redis://:"+escaped+"@"+s.Addr())
	requireWorks(t, "redis://default:"+escaped+"@"+s.Addr())
	requireWorks(t, "redis://"+escaped+"@"+s.Socket()+"/1")
	requireWorks(t, "redis://no%3Ade:"+escaped+"@"+s.Addr())
	requireWorks(t, "redis://"+s.Addr()+"?auth="+escaped)
	requireWorks(t, "redis://"+s.Addr()+"?auth[]=no%3Ade&auth[]="+escaped)

	for _, dsn := range []string{"redis://" + s.Addr(), "redis://wrong@" + s.Addr(), "redis://other:" + escaped + "@" + s.Addr()} {
		err := requireFails(t, dsn)
		require.ErrorIs(t, err, cache.ErrUnauthorized, dsn)
		require.NotContains(t, err.Error(), password)
	}
}

// A user who may touch mosparo's keys only, as an operator would set it up.
func TestRedis_AUserForMosparosKeysIsEnough(t *testing.T) {
	s := servers.Redis(t)
	client := redis.NewClient(&redis.Options{Addr: s.Addr()})
	defer client.Close()
	require.NoError(t, client.Do(t.Context(), "ACL", "SETUSER", "node", "on", ">pw", "~mosparo*", "~design_*", "+get", "+mget", "+set", "+setex", "+multi", "+exec", "+unlink", "+del", "+ping").Err())
	a, err := connect.Cache(settings(t, "MOSPARO_CACHE_ADAPTER=redis", "REDIS_URL=redis://node:pw@"+s.Addr()))
	require.NoError(t, err)
	defer a.Close()
	require.NoError(t, a.Set(t.Context(), cache.Item{Key: "mosparoNextCleanup", Value: []byte("N;"), TTL: time.Minute}))
	got, err := a.Get(t.Context(), "mosparoNextCleanup", "mosparoAdditionalCleanup")
	require.NoError(t, err)
	require.Equal(t, [][]byte{[]byte("N;"), nil}, got)
	_, err = a.Get(t.Context(), "foreign")
	require.ErrorIs(t, err, cache.ErrUnauthorized)
}

func TestRedis_TLS(t *testing.T) {
	port, cert, args := withTLS(t)
	servers.Redis(t, args...)
	at := "rediss://" + addr(port)
	ca := url.QueryEscape(cert)
	requireWorks(t, at+"?ssl[cafile]="+ca)
	requireWorks(t, fmt.Sprintf("rediss://localhost:%d/2?ssl[cafile]=%s", port, ca))
	requireWorks(t, at+"?ssl[verify_peer]=0&ssl[verify_peer_name]=0")
	requireWorks(t, at+"?ssl[allow_self_signed]=1")
	requireWorks(t, at+"?ssl[cafile]="+ca+"&ssl[peer_name]=localhost")

	for _, dsn := range []string{at, at + "?ssl[cafile]=" + ca + "&ssl[peer_name]=other.example.com", "redis://" + addr(port)} {
		require.ErrorIs(t, requireFails(t, dsn), cache.ErrUnavailable, dsn)
	}

	_, err := connect.Cache(settings(t, "MOSPARO_CACHE_ADAPTER=redis", "REDIS_URL="+at+"?ssl[cafile]=/missing.pem"))
	require.ErrorContains(t, err, "/missing.pem")
	require.ErrorIs(t, err, os.ErrNotExist)
}

func TestRedis_TLSWithACertificateOfOurOwn(t *testing.T) {
	cert, key := certificate(t)
	port := freePort(t)
	servers.Redis(t, "--tls-port", fmt.Sprint(port), "--tls-cert-file", cert, "--tls-key-file", key, "--tls-ca-cert-file", cert, "--tls-auth-clients", "yes")
	at := "rediss://" + addr(port) + "?ssl[cafile]=" + cert
	requireWorks(t, at+"&ssl[local_cert]="+cert+"&ssl[local_pk]="+key)
	require.ErrorIs(t, requireFails(t, at), cache.ErrUnavailable)
}

func TestRedis_ASilentServerCostsNoMoreThanTheTimeout(t *testing.T) {
	s := servers.Redis(t)
	// Without the shorter one, the timeout would be longer than is waited for.
	open := func(dsn string, timeout time.Duration) cache.Adapter {
		a, err := connect.Cache(settings(t, "MOSPARO_CACHE_ADAPTER=redis", "REDIS_URL="+dsn), connect.WithTimeout(timeout))
		require.NoError(t, err)
		t.Cleanup(func() { require.NoError(t, a.Close()) })
		_, err = a.Get(t.Context(), "k")
		require.NoError(t, err)
		return a
	}
	const long = 10 * time.Minute
	ours := open("redis://"+s.Addr(), 300*time.Millisecond)
	dsns := open("redis://"+s.Addr()+"?read_timeout=0.3", long)
	neither := open("redis://"+s.Addr(), long)
	s.Pause()
	defer s.Resume()
	within := func(why string, call func() error) {
		start := time.Now()
		require.ErrorIs(t, call(), cache.ErrUnavailable, why)
		require.Less(t, time.Since(start), time.Minute, why)
	}
	within("the timeout of the option", func() error { _, err := ours.Get(t.Context(), "k"); return err })
	within("the timeout of the DSN", func() error { _, err := dsns.Get(t.Context(), "k"); return err })
	within("the deadline of the context", func() error {
		ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
		defer cancel()
		_, err := neither.Get(ctx, "k")
		return err
	})
}

// What a node writes twice because it did not hear of the first time may undo
// what another node has written since.
func TestRedis_SendsAWriteOnce(t *testing.T) {
	s := servers.Redis(t)
	a, err := connect.Cache(settings(t, "MOSPARO_CACHE_ADAPTER=redis", "REDIS_URL=redis://"+s.Addr()), connect.WithTimeout(300*time.Millisecond))
	require.NoError(t, err)
	defer a.Close()
	c := redis.NewClient(&redis.Options{Addr: s.Addr()})
	defer c.Close()
	// Connections for more than one attempt.
	require.Eventually(t, func() bool {
		var wg sync.WaitGroup
		for range 32 {
			wg.Go(func() { _, _ = a.Get(t.Context(), "k") })
		}
		wg.Wait()
		return len(strings.Split(c.ClientList(t.Context()).Val(), "\n")) > 8
	}, 30*time.Second, time.Millisecond)
	s.Pause()
	require.ErrorIs(t, a.Set(t.Context(), cache.Item{Key: "k", Value: []byte("v")}), cache.ErrUnavailable)
	require.ErrorIs(t, a.Set(t.Context(), cache.Item{Key: "k", Value: []byte("v")}, cache.Item{Key: "l", Value: []byte("v")}), cache.ErrUnavailable)
	require.ErrorIs(t, a.Delete(t.Context(), "l"), cache.ErrUnavailable)
	s.Resume()
	var stats string
	require.Eventually(t, func() bool {
		stats = c.Info(t.Context(), "commandstats").Val()
		return strings.Contains(stats, "cmdstat_set:") && strings.Contains(stats, "cmdstat_exec:") && strings.Contains(stats, "cmdstat_unlink:")
	}, 30*time.Second, 10*time.Millisecond)
	require.Contains(t, stats, "cmdstat_set:calls=3,")
	require.Contains(t, stats, "cmdstat_exec:calls=1,")
	require.Contains(t, stats, "cmdstat_unlink:calls=1,")
}

func TestRedis_Cluster(t *testing.T) {
	nodes := servers.RedisCluster(t, 0, "--requirepass", "pw", "--masterauth", "pw")
	dsn := "redis:?redis_cluster=1&auth=pw"
	for _, n := range nodes {
		dsn += "&host[" + n.Addr() + "]"
	}
	requireWorks(t, dsn)
	requireWorks(t, "redis://"+nodes[0].Addr()+"?redis_cluster=1&auth[]=default&auth[]=pw")
	requireWorks(t, "redis://pw@"+nodes[0].Addr()+"?redis_cluster=1")
	for _, n := range nodes {
		c := redis.NewClient(&redis.Options{Addr: n.Addr(), Password: "pw"})
		require.NoError(t, c.Do(t.Context(), "ACL", "SETUSER", "node", "on", ">secret", "~*", "+@all").Err())
		require.NoError(t, c.Close())
	}
	requireWorks(t, "redis://node:secret@"+nodes[0].Addr()+"?redis_cluster=1")
	requireWorks(t, "redis://node:wrong@"+nodes[0].Addr()+"?redis_cluster=1&auth=pw") // ?auth= wins
	err := requireFails(t, "redis://node:pw@"+nodes[0].Addr()+"?redis_cluster=1")
	require.ErrorIs(t, err, cache.ErrUnauthorized)
}

func TestRedis_Sentinel(t *testing.T) {
	master := servers.Redis(t, "--requirepass", "pw")
	port := servers.RedisSentinel(t, master.Port(), "sentinel auth-pass mymaster pw", "requirepass guard").Port()
	down := freePort(t)
	dsn := fmt.Sprintf("redis://pw@%s/2?redis_sentinel=mymaster&auth=guard&host[%s]", addr(down), addr(port))
	a := requireWorks(t, dsn)
	require.NoError(t, a.Set(t.Context(), cache.Item{Key: "k", Value: []byte("v")}))
	client := redis.NewClient(&redis.Options{Addr: master.Addr(), Password: "pw", DB: 2})
	defer client.Close()
	require.Equal(t, "v", client.Get(t.Context(), "k").Val())

	d, err := connect.DescribeDSN(t.Context(), dsn)
	require.NoError(t, err)
	require.Equal(t, master.Addr(), d.Master)
	for _, wrong := range []string{
		fmt.Sprintf("redis://pw@%s?redis_sentinel=other&auth=guard", addr(port)),
		fmt.Sprintf("redis://pw@%s?redis_sentinel=mymaster&auth=guard", addr(down)),
		fmt.Sprintf("redis://pw@%s?redis_sentinel=mymaster&auth=hunter2", addr(port)),
	} {
		_, err := connect.DescribeDSN(t.Context(), wrong)
		require.ErrorContains(t, err, "no sentinel names the master")
		require.NotContains(t, err.Error(), "hunter2")
	}
}

// PHP reaches the sentinels of a rediss:// DSN with TLS and the master they
// name without.
func TestRedis_SentinelWithTLS(t *testing.T) {
	master := servers.Redis(t)
	cert, key := certificate(t)
	tlsPort := freePort(t)
	servers.RedisSentinel(t, master.Port(), fmt.Sprintf("tls-port %d", tlsPort), "tls-cert-file "+cert, "tls-key-file "+key, "tls-ca-cert-file "+cert, "tls-auth-clients no")
	requireListening(t, tlsPort)
	requireWorks(t, "rediss://"+addr(tlsPort)+"?redis_sentinel=mymaster&ssl[cafile]="+cert)
	require.ErrorIs(t, requireFails(t, "rediss://"+addr(tlsPort)+"?redis_sentinel=mymaster"), cache.ErrUnavailable)
}

func TestRedis_RefusesSeveralHostsWithTheReason(t *testing.T) {
	d, err := dsn.ParseRedis("redis:?host[a]&host[b]")
	require.NoError(t, err)
	_, err = connect.Redis(d)
	require.ErrorIs(t, err, errors.ErrUnsupported)
	require.ErrorContains(t, err, "RedisArray")
}
