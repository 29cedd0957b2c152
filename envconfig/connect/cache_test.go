package connect_test

import (
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/mosparo/go-cluster/cache"
	"github.com/mosparo/go-cluster/envconfig"
	"github.com/mosparo/go-cluster/envconfig/connect"
)

func settings(t testing.TB, environ ...string) *envconfig.Settings {
	t.Helper()
	s, err := envconfig.FromEnviron(environ)
	require.NoError(t, err)
	return s
}

func TestCache_OpensTheFilesystemCache(t *testing.T) {
	dir := t.TempDir()
	a, err := connect.Cache(settings(t, "FILESYSTEM_CACHE_PATH="+dir))
	require.NoError(t, err)
	defer a.Close()
	require.NoError(t, a.Set(t.Context(), cache.Item{Key: "k", Value: []byte("v"), TTL: time.Minute}))
	got, err := a.Get(t.Context(), "k")
	require.NoError(t, err)
	require.Equal(t, [][]byte{[]byte("v")}, got)
	require.Implements(t, (*cache.Clearer)(nil), a)
}

func TestCache_RefusesWhatOnlyPHPCanDo(t *testing.T) {
	for _, environ := range [][]string{
		{"MOSPARO_CACHE_ADAPTER=redis", "REDIS_URL=redis:?host[a]&host[b]"},
		{"MOSPARO_CACHE_ADAPTER=memcached", "MEMCACHED_URL=memcached://user:pass@localhost"},
		{"MOSPARO_CACHE_ADAPTER=memcached", "MEMCACHED_URL=memcached://a?host[b]&distribution=modula"},
	} {
		_, err := connect.Cache(settings(t, environ...))
		require.ErrorIs(t, err, errors.ErrUnsupported)
		require.ErrorContains(t, err, "not supported")
		require.NotContains(t, err.Error(), "pass@")
	}
}
