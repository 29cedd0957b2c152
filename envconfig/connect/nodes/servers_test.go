package nodes_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/mosparo/go-cluster/cache"
	"github.com/mosparo/go-cluster/cache/cachetest/servers"
	"github.com/mosparo/go-cluster/envconfig"
	"github.com/mosparo/go-cluster/envconfig/connect"
	"github.com/mosparo/go-cluster/envconfig/connect/nodes"
	"github.com/mosparo/go-cluster/lock"
)

// Records and lists of the usual size fit into the items of every server.
func TestPublish_OnEveryServer(t *testing.T) {
	files := map[string]string{}
	for i := range 1001 { // a part of a list has 1000
		files[fmt.Sprintf("public/resources/%08d-0000-0000-0000-000000000000/%064d.css", i, i)] = "x"
	}
	full, empty := install(t, files), install(t, nil)
	for name, environ := range map[string]func(t *testing.T) []string{
		"redis": func(t *testing.T) []string {
			return []string{"MOSPARO_CACHE_ADAPTER=redis", "REDIS_URL=redis://" + servers.Redis(t).Addr()}
		},
		"memcached": func(t *testing.T) []string {
			return []string{"MOSPARO_CACHE_ADAPTER=memcached", "MEMCACHED_URL=memcached://" + servers.Memcached(t).Addr()}
		},
		"files": func(t *testing.T) []string { return []string{"FILESYSTEM_CACHE_PATH=" + t.TempDir()} },
	} {
		t.Run(name, func(t *testing.T) {
			environ := environ(t)
			for host, dir := range map[string]string{"web1": full, "web2": empty} {
				s, err := envconfig.Load(dir, environ)
				require.NoError(t, err)
				a, err := connect.Cache(s)
				require.NoError(t, err)
				defer a.Close()
				backend, closer, err := connect.Lock(s)
				require.NoError(t, err)
				defer closer.Close()
				locker := lock.New(backend)
				defer locker.Close()
				pool := cache.NewPool(a)
				_, err = nodes.New(pool, locker, s, nodes.WithHost(host)).Publish(t.Context(), time.Hour, nodes.WithFileLists())
				require.NoError(t, err)
			}
			s, err := envconfig.Load(full, environ)
			require.NoError(t, err)
			a, err := connect.Cache(s)
			require.NoError(t, err)
			defer a.Close()
			pool := cache.NewPool(a)
			all, err := nodes.Read(t.Context(), pool)
			require.NoError(t, err)
			require.Equal(t, "web1:published web2:published", hosts(all))
			d := nodes.Compare(all)
			require.Len(t, d, 1)
			require.Len(t, d[0].Paths, 50)
			lists, err := nodes.ReadLists(t.Context(), pool)
			require.NoError(t, err)
			require.Len(t, nodes.CompareLists(lists), 1001)
		})
	}
}
