package connect_test

import (
	"context"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/mosparo/go-cluster/cache/cachetest/servers"
	"github.com/mosparo/go-cluster/envconfig"
	"github.com/mosparo/go-cluster/envconfig/connect"
	"github.com/mosparo/go-cluster/lock"
)

// requireExcludes takes a name on one backend and not on the other.
func requireExcludes(t *testing.T, one, other connect.LockBackend) {
	t.Helper()
	a, b := lock.New(one), lock.New(other)
	defer a.Close()
	defer b.Close()
	require.NoError(t, a.Do(t.Context(), "job", func(ctx context.Context) error {
		ctx, cancel := context.WithTimeout(ctx, 300*time.Millisecond)
		defer cancel()
		err := b.Do(ctx, "job", func(context.Context) error { return nil })
		require.Error(t, err)
		return nil
	}))
	require.NoError(t, b.Do(t.Context(), "job", func(context.Context) error { return nil }))
}

func openLock(t *testing.T, s *envconfig.Settings, opts ...connect.Option) connect.LockBackend {
	t.Helper()
	b, err := connect.Lock(s, opts...)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, b.Close()) })
	return b
}

func TestLock_OnTheServerOfTheCache(t *testing.T) {
	s := settings(t, "MOSPARO_CACHE_ADAPTER=redis", "REDIS_URL=redis://"+servers.Redis(t).Addr())
	one := openLock(t, s)
	require.True(t, one.(lock.Describer).Properties().Shared)
	require.Implements(t, (*lock.Breaker)(nil), one)
	requireExcludes(t, one, openLock(t, s))
}

func TestLock_OnAServerOfItsOwn(t *testing.T) {
	own := connect.WithLockURL("redis://" + servers.Redis(t).Addr() + "/1")
	s := settings(t, "MOSPARO_CACHE_ADAPTER=memcached")
	requireExcludes(t, openLock(t, s, own), openLock(t, s, own))

	for _, dsn := range []string{"http://:hunter2@host", "redis://:hunter2@host:x", "memcached://u:hunter2@host"} {
		_, err := connect.Lock(s, connect.WithLockURL(dsn))
		require.Error(t, err)
		require.NotContains(t, err.Error(), "hunter2")
	}
}

func TestLock_SaysWhenItIsNotShared(t *testing.T) {
	var out strings.Builder
	s := settings(t, "FILESYSTEM_CACHE_PATH="+t.TempDir())
	b := openLock(t, s, connect.WithLogger(slog.New(slog.NewTextHandler(&out, nil))))
	require.False(t, b.(lock.Describer).Properties().Shared)
	require.Contains(t, out.String(), "this process only")
}
