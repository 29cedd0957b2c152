package main

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/mosparo/go-cluster/cache"
	"github.com/mosparo/go-cluster/cache/cachetest/servers"
	"github.com/mosparo/go-cluster/envconfig"
	"github.com/mosparo/go-cluster/envconfig/connect"
	"github.com/mosparo/go-cluster/lock"
)

// fill writes entries of mosparo, of Go nodes, a lock and a foreign one.
func fill(t *testing.T, environ []string) cache.Adapter {
	t.Helper()
	s, err := envconfig.FromEnviron(environ)
	require.NoError(t, err)
	a, err := connect.Cache(s)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, a.Close()) })
	for _, k := range []string{"mosparoNextCleanup", "mosparoGoCleanup", "mosparoGoLockCleanup", "session\u009b2J", "p7rc_0123456789abcdef0123456789abcdef"} {
		require.NoError(t, a.Set(t.Context(), cache.Item{Key: k, Value: []byte("N;")}))
	}
	return a
}

func TestCache_ListsAndClears(t *testing.T) {
	for name, environ := range map[string]func(t *testing.T) []string{
		"filesystem": func(t *testing.T) []string { return []string{"FILESYSTEM_CACHE_PATH=" + t.TempDir()} },
		"redis": func(t *testing.T) []string {
			return []string{"MOSPARO_CACHE_ADAPTER=redis", "REDIS_URL=redis://" + servers.Redis(t).Addr()}
		},
		"memcached": func(t *testing.T) []string {
			return []string{"MOSPARO_CACHE_ADAPTER=memcached", "MEMCACHED_URL=memcached://" + servers.Memcached(t).Addr()}
		},
	} {
		t.Run(name, func(t *testing.T) {
			environ := environ(t)
			a := fill(t, environ)

			out, errs, code := ctl(t, environ, "", "cache", "ls").all()
			require.Zero(t, code, errs)
			require.Equal(t, "mosparoGoCleanup\nmosparoGoLockCleanup\nmosparoNextCleanup\np7rc_0123456789abcdef0123456789abcdef\n", out)
			out, _, _ = ctl(t, environ, "", "cache", "ls", "--all", "s").all()
			require.Equal(t, `"session\u009b2J"`+"\n", out, "nothing of a key reaches the terminal")

			_, errs, code = ctl(t, environ, "no\n", "cache", "clear").all()
			require.Equal(t, 1, code)
			require.Contains(t, errs, "3 entries")
			require.Contains(t, errs, "nothing was removed")
			got, err := a.Get(t.Context(), "mosparoNextCleanup")
			require.NoError(t, err)
			require.NotNil(t, got[0])

			// A slot that a job has used is no work under way.
			s, err := envconfig.FromEnviron(environ)
			require.NoError(t, err)
			backend, closer, err := connect.Lock(s)
			require.NoError(t, err)
			defer closer.Close()
			l := lock.New(backend)
			defer l.Close()
			require.NoError(t, l.Once(t.Context(), lock.Slot{Name: "job", Key: "1"}, time.Hour))

			out, errs, code = ctl(t, environ, "yes\n", "cache", "clear").all()
			require.Zero(t, code, errs)
			require.Equal(t, "removed 3 entries\n", out)
			got, err = a.Get(t.Context(), "mosparoNextCleanup", "mosparoGoCleanup", "mosparoGoLockCleanup", "session\u009b2J")
			require.NoError(t, err)
			require.Equal(t, [][]byte{nil, nil, []byte("N;"), []byte("N;")}, got)
			out, _, code = ctl(t, environ, "", "cache", "clear", "--yes").all()
			require.Zero(t, code)
			require.Equal(t, "removed 0 entries\n", out)
		})
	}
}
