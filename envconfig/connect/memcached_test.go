package connect_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/bradfitz/gomemcache/memcache"
	"github.com/stretchr/testify/require"

	"github.com/mosparo/go-cluster/cache"
	"github.com/mosparo/go-cluster/cache/cachetest/servers"
	"github.com/mosparo/go-cluster/envconfig/connect"
	"github.com/mosparo/go-cluster/envconfig/dsn"
)

func openMemcached(t *testing.T, dsn string, opts ...connect.Option) cache.Adapter {
	t.Helper()
	opts = append([]connect.Option{connect.WithTimeout(10 * time.Second)}, opts...)
	a, err := connect.Cache(settings(t, "MOSPARO_CACHE_ADAPTER=memcached", "MEMCACHED_URL="+dsn), opts...)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, a.Close()) })
	return a
}

func requireMemcachedWorks(t *testing.T, a cache.Adapter) {
	t.Helper()
	items := []cache.Item{{Key: "a", Value: []byte("1"), TTL: time.Minute}, {Key: "b", Value: []byte("2")}}
	require.NoError(t, a.Set(t.Context(), items...))
	got, err := a.Get(t.Context(), "a", "missing", "b")
	require.NoError(t, err)
	require.Equal(t, [][]byte{[]byte("1"), nil, []byte("2")}, got)
	require.NoError(t, a.(cache.Pinger).Ping(t.Context()))
}

func TestMemcached_OneServer(t *testing.T) {
	s := servers.Memcached(t)
	requireMemcachedWorks(t, openMemcached(t, "memcached://"+s.Addr()))
	requireMemcachedWorks(t, openMemcached(t, "memcached:?host["+s.Addr()+"]"))
	requireMemcachedWorks(t, openMemcached(t, "memcached://"+s.Addr()+"?distribution=modula&hash=crc")) // of no meaning here

	socket := servers.MemcachedOnSocket(t).Socket()
	requireMemcachedWorks(t, openMemcached(t, "memcached://"+socket))
	requireMemcachedWorks(t, openMemcached(t, "memcached:?host["+socket+":]"))
}

func TestMemcached_SpreadsKeysAsPHPDoes(t *testing.T) {
	php := servers.PHP(t, "memcached", "igbinary")
	var hosts []string
	for i := range 3 {
		hosts = append(hosts, fmt.Sprintf("host[%s]=%d", servers.Memcached(t).Addr(), i+1))
	}
	first := servers.Memcached(t).Addr()
	for _, dsn := range []string{
		"memcached:?" + strings.Join(hosts, "&"),
		"memcached://" + first + "/7?" + strings.Join(hosts, "&") + "&prefix_key=app_",
		"memcached://" + first + "?" + strings.Join(hosts, "&") + "&libketama_compatible=0&distribution=consistent",
		"memcached://" + first + "?" + strings.Join(hosts, "&") + "&libketama_compatible=0&distribution=consistent&hash=md5",
		"memcached://" + first + "/3?" + strings.Join(hosts, "&") + "&hash=default",
	} {
		php.Run(`
			$pool = new Symfony\Component\Cache\Adapter\MemcachedAdapter(Symfony\Component\Cache\Adapter\MemcachedAdapter::createConnection($argv[1]));
			for ($i = 0; $i < 60; $i++) $pool->save($pool->getItem("key$i")->set($i)) or exit(1);`, dsn)
		a := openMemcached(t, dsn)
		for i := range 60 {
			got, err := cache.Key[int](fmt.Sprintf("key%d", i)).Get(t.Context(), cache.NewPool(a))
			require.NoError(t, err, "%s key%d", dsn, i)
			require.Equal(t, i, got)
		}
	}
}

func TestMemcached_ObeysTheOptionsOfTheDSN(t *testing.T) {
	s := servers.Memcached(t)
	c := memcache.New(s.Addr())
	defer c.Close()
	value := bytes.Repeat([]byte("text "), 1000)
	for option, flags := range map[string]uint32{"": 80, "?compression=0": 0, "?compression_type=1": 48, "?compression_type=2": 80} {
		a := openMemcached(t, "memcached://"+s.Addr()+option)
		require.NoError(t, a.Set(t.Context(), cache.Item{Key: "k", Value: value}))
		raw, err := a.(interface {
			RawKey(ctx context.Context, key string) (string, error)
		}).RawKey(t.Context(), "k")
		require.NoError(t, err)
		item, err := c.Get(raw)
		require.NoError(t, err)
		require.Equal(t, flags, item.Flags, option)
	}
	require.Greater(t, openMemcached(t, "memcached://"+s.Addr()+"?item_size_limit=4194304").(cache.Limiter).MaxValueSize(), 4_000_000)

	// Without the DSN's, the timeout would be longer than is waited for.
	a := openMemcached(t, "memcached://"+s.Addr()+"?poll_timeout=400", connect.WithTimeout(10*time.Minute))
	_, err := a.Get(t.Context(), "k")
	require.NoError(t, err)
	s.Pause()
	defer s.Resume()
	require.Eventually(t, func() bool { // until it is paused
		_, err := a.Get(t.Context(), "k")
		return err != nil
	}, time.Minute, time.Millisecond)
}

func TestMemcached_TLSAndLogin(t *testing.T) {
	cert, key := certificate(t)
	pemCert, err := os.ReadFile(cert)
	require.NoError(t, err)
	roots := x509.NewCertPool()
	require.True(t, roots.AppendCertsFromPEM(pemCert))
	s := servers.Memcached(t, "-Z", "-o", "ssl_chain_cert="+cert+",ssl_key="+key)
	requireMemcachedWorks(t, openMemcached(t, "memcached://"+s.Addr(), connect.WithMemcachedTLS(&tls.Config{RootCAs: roots})))

	file := filepath.Join(t.TempDir(), "auth")
	require.NoError(t, os.WriteFile(file, []byte("node:hunter2\n"), 0o600))
	locked := servers.Memcached(t, "-Y", file)
	requireMemcachedWorks(t, openMemcached(t, "memcached://"+locked.Addr(), connect.WithMemcachedLogin("node", dsn.NewSecret("hunter2"))))
	_, err = openMemcached(t, "memcached://"+locked.Addr()).Get(t.Context(), "k")
	require.ErrorIs(t, err, cache.ErrUnauthorized)
}

func TestMemcached_RefusesSASLAndSaysWhatToDo(t *testing.T) {
	_, err := connect.Cache(settings(t, "MOSPARO_CACHE_ADAPTER=memcached", "MEMCACHED_URL=memcached://user:hunter2@localhost"))
	require.ErrorIs(t, err, errors.ErrUnsupported)
	require.ErrorContains(t, err, "SASL")
	require.ErrorContains(t, err, "network")
	require.NotContains(t, err.Error(), "hunter2")
}
