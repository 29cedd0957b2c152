package doctor_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/bradfitz/gomemcache/memcache"
	"github.com/stretchr/testify/require"

	"github.com/mosparo/go-cluster/cache/cachetest/servers"
	"github.com/mosparo/go-cluster/envconfig/connect"
	"github.com/mosparo/go-cluster/envconfig/connect/doctor"
	"github.com/mosparo/go-cluster/envconfig/dsn"
)

// examineMemcached examines the cache of an address.
func examineMemcached(t *testing.T, address string, opts ...doctor.Option) doctor.Report {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	s := settings(t, "-database_driver", "-database_host", "-REDIS_URL", "MOSPARO_CACHE_ADAPTER=memcached", "MEMCACHED_URL="+address)
	r := doctor.Examine(ctx, s, opts...)
	r.Findings = withoutDatabase(r)
	return r
}

func TestMemcached_MeasuresServersAndChangesNothing(t *testing.T) {
	a, b := servers.Memcached(t), servers.Memcached(t)
	address := "memcached:?host[" + a.Addr() + "]&host[" + b.Addr() + "]"
	r := examineMemcached(t, address)
	require.Equal(t, []string{"cache_best_effort_locks"}, codes(r.Findings))
	p := part(t, r, "cache")
	require.NotEmpty(t, p.Version)
	require.Positive(t, p.Latency)
	require.Equal(t, "0", p.Facts[a.Addr()+" curr_items"])
	require.Equal(t, "0", p.Facts[b.Addr()+" curr_items"])
	r = examineMemcached(t, address, doctor.WithWrites())
	require.Equal(t, []string{"cache_best_effort_locks"}, codes(r.Findings))

	r = examineMemcached(t, "memcached://"+a.Addr(), doctor.WithLockURL("memcached://"+b.Addr()))
	require.ElementsMatch(t, []string{"locks_best_effort_locks", "locks_elsewhere"}, codes(r.Findings))
}

func TestMemcached_SaysWhyAServerCannotBeUsed(t *testing.T) {
	a := servers.Memcached(t)
	r := examineMemcached(t, "memcached:?host["+a.Addr()+"]&host[127.0.0.1:1]", doctor.WithWrites())
	require.Contains(t, find(t, r.Findings, "cache_unreachable").What, "127.0.0.1:1")

	file := filepath.Join(t.TempDir(), "auth")
	require.NoError(t, os.WriteFile(file, []byte("node:geheim77\n"), 0o600))
	closed := servers.Memcached(t, "-Y", file)
	r = examineMemcached(t, "memcached://"+closed.Addr())
	find(t, r.Findings, "cache_unauthorized")
	r = examineMemcached(t, "memcached://"+closed.Addr(), doctor.WithConnect(connect.WithMemcachedLogin("node", dsn.NewSecret("wrong-geheim77"))))
	find(t, r.Findings, "cache_unauthorized")
	require.NotContains(t, fmt.Sprint(r), "geheim77")
	r = examineMemcached(t, "memcached://"+closed.Addr(), doctor.WithConnect(connect.WithMemcachedLogin("node", dsn.NewSecret("geheim77"))))
	require.Equal(t, []string{"cache_best_effort_locks"}, codes(r.Findings))
}

func TestMemcached_FindsAServerThatRemovesEntries(t *testing.T) {
	s := servers.Memcached(t, "-m", "2")
	c := memcache.New(s.Addr())
	defer c.Close()
	for i := range 300 {
		_ = c.Set(&memcache.Item{Key: fmt.Sprint("k", i), Value: []byte(strings.Repeat("x", 200_000))}) // some do not fit
	}
	require.Equal(t, doctor.Warning, find(t, examineMemcached(t, "memcached://"+s.Addr()).Findings, "cache_evicts").Severity)
}
