package connect_test

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/mosparo/go-cluster/cache"
	"github.com/mosparo/go-cluster/cache/cachetest/servers"
	"github.com/mosparo/go-cluster/envconfig"
	"github.com/mosparo/go-cluster/envconfig/connect"
	"github.com/mosparo/go-cluster/envconfig/dsn"
	"github.com/mosparo/go-cluster/lock"
)

// requireExcludes takes a name on one backend and not on the other.
func requireExcludes(t *testing.T, one, other lock.Backend) {
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

func openLock(t *testing.T, s *envconfig.Settings, opts ...connect.Option) lock.Backend {
	t.Helper()
	b, closer, err := connect.Lock(s, opts...)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, closer.Close()) })
	return b
}

func TestLock_OnTheServerOfTheCache(t *testing.T) {
	s := settings(t, "MOSPARO_CACHE_ADAPTER=redis", "REDIS_URL=redis://"+servers.Redis(t).Addr())
	one := openLock(t, s)
	require.True(t, one.Properties().Shared)
	require.Implements(t, (*lock.Breaker)(nil), one)
	requireExcludes(t, one, openLock(t, s))
}

func TestLock_OnAServerOfItsOwn(t *testing.T) {
	own := connect.WithLockURL("redis://" + servers.Redis(t).Addr() + "/1")
	s := settings(t, "MOSPARO_CACHE_ADAPTER=memcached")
	requireExcludes(t, openLock(t, s, own), openLock(t, s, own))

	for _, dsn := range []string{"http://:hunter2@host", "redis://:hunter2@host:x", "memcached://u:hunter2@host"} {
		_, _, err := connect.Lock(s, connect.WithLockURL(dsn))
		require.Error(t, err)
		require.NotContains(t, err.Error(), "hunter2")
	}
}

func TestLock_WaitsForReplicasIfToldTo(t *testing.T) {
	master := servers.Redis(t)
	replicas := connect.WithLockReplicas(1, 100*time.Millisecond)
	s := settings(t, "MOSPARO_CACHE_ADAPTER=redis", "REDIS_URL=redis://"+master.Addr())
	job := func(context.Context) error { return nil }
	l := lock.New(openLock(t, s, replicas))
	defer l.Close()
	require.ErrorIs(t, l.Do(t.Context(), "job", job), lock.ErrUnavailable, "there is none")
	master.Replica()
	require.NoError(t, l.Do(t.Context(), "job", job, lock.WithWait(time.Minute)))

	for _, s := range []*envconfig.Settings{settings(t, "MOSPARO_CACHE_ADAPTER=memcached", "MEMCACHED_URL=memcached://localhost"), settings(t)} {
		_, _, err := connect.Lock(s, replicas)
		require.Error(t, err)
	}
}

func TestLock_InTheDirectoryOfTheCache(t *testing.T) {
	dir := t.TempDir()
	s := settings(t, "FILESYSTEM_CACHE_PATH="+dir)
	one := openLock(t, s)
	if !one.Properties().Shared {
		t.Skip("skipped: needs flock")
	}
	require.Implements(t, (*lock.Lister)(nil), one)
	requireExcludes(t, one, openLock(t, s))

	c, err := connect.Cache(s)
	require.NoError(t, err)
	defer c.Close()
	_, err = c.(cache.Clearer).Clear(t.Context())
	require.NoError(t, err)
	require.DirExists(t, filepath.Join(dir, "mosparoGoLock"), "a cache that is cleared leaves the locks alone")
}

func TestLock_SaysWhenItIsNotShared(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	t.Setenv("TMP", os.TempDir())
	for _, path := range []string{"", "0"} {
		var out strings.Builder
		s := settings(t, "FILESYSTEM_CACHE_PATH="+path)
		b := openLock(t, s, connect.WithLogger(slog.New(slog.NewTextHandler(&out, nil))))
		require.Contains(t, out.String(), "only")
		require.NoError(t, lock.New(b).Do(t.Context(), "job", func(context.Context) error { return nil }))
	}
}

func TestLock_OnMemcached(t *testing.T) {
	one, other := servers.Memcached(t).Addr(), servers.Memcached(t).Addr()
	s := settings(t, "MOSPARO_CACHE_ADAPTER=memcached", "MEMCACHED_URL=memcached://"+one)
	b := openLock(t, s)
	require.True(t, b.Properties().Shared)
	require.False(t, b.Properties().Exclusive)
	requireExcludes(t, b, openLock(t, s))

	// Nodes that list the servers in another order.
	here := openLock(t, s, connect.WithLockURL(fmt.Sprintf("memcached:?host[%s]&host[%s]", one, other)))
	there := openLock(t, s, connect.WithLockURL(fmt.Sprintf("memcached:?host[%s]&host[%s]", other, one)))
	for i := range 20 {
		name, token := fmt.Sprint("n", i), lock.Token(strings.Repeat("t", 22))
		_, err := here.Acquire(t.Context(), name, lock.Claim{Token: token}, time.Minute)
		require.NoError(t, err)
		h, err := there.Holder(t.Context(), name)
		require.NoError(t, err)
		require.Equal(t, token, h.Token)
	}

	// A server that wants a password.
	users := filepath.Join(t.TempDir(), "users")
	require.NoError(t, os.WriteFile(users, []byte("node:secret\n"), 0o600))
	guarded := connect.WithLockURL("memcached://" + servers.Memcached(t, "-Y", users).Addr())
	requireExcludes(t, openLock(t, s, guarded, connect.WithMemcachedLogin("node", dsn.NewSecret("secret"))),
		openLock(t, s, guarded, connect.WithMemcachedLogin("node", dsn.NewSecret("secret"))))
	for _, opts := range [][]connect.Option{{guarded}, {guarded, connect.WithMemcachedLogin("node", dsn.NewSecret("wrong"))}} {
		_, err := openLock(t, s, opts...).Acquire(t.Context(), "job", lock.Claim{Token: lock.Token(strings.Repeat("t", 22))}, time.Minute)
		require.ErrorIs(t, err, lock.ErrUnauthorized)
		require.NotContains(t, err.Error(), "wrong")
	}

	// Clusters that share a server.
	prefixed := openLock(t, s, connect.WithLockURL("memcached://"+one+"?prefix_key=second:"))
	for _, b := range []lock.Backend{b, prefixed} {
		_, err := b.Acquire(t.Context(), "both", lock.Claim{Token: lock.Token(strings.Repeat("t", 22))}, time.Minute)
		require.NoError(t, err)
	}
	_, err := prefixed.Acquire(t.Context(), "both", lock.Claim{Token: lock.Token(strings.Repeat("u", 22))}, time.Minute)
	require.ErrorIs(t, err, lock.ErrHeld)
}
