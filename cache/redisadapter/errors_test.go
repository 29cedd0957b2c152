package redisadapter_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"github.com/mosparo/go-cluster/cache"
	"github.com/mosparo/go-cluster/cache/cachetest/servers"
	"github.com/mosparo/go-cluster/cache/redisadapter"
)

// as connects with a user and a password.
func as(t testing.TB, addr, user, password string) *redisadapter.Adapter {
	t.Helper()
	c := redis.NewClient(&redis.Options{Addr: addr, Username: user, Password: password, ContextTimeoutEnabled: true, MaxRetries: -1})
	t.Cleanup(func() { require.NoError(t, c.Close()) })
	return redisadapter.New(c, owned)
}

var two = []cache.Item{{Key: "mosparoA", Value: []byte("v")}, {Key: "mosparoB", Value: []byte("v"), TTL: time.Minute}}

// requireEach does every operation, and each must fail with this error.
func requireEach(t *testing.T, a *redisadapter.Adapter, want error, says string, ops ...string) {
	t.Helper()
	all := map[string]func() error{
		"get one": func() error { _, err := a.Get(t.Context(), "mosparoA"); return err },
		"get two": func() error { _, err := a.Get(t.Context(), "mosparoA", "mosparoB"); return err },
		"set one": func() error { return a.Set(t.Context(), two[0]) },
		"set two": func() error { return a.Set(t.Context(), two...) },
		"delete":  func() error { return a.Delete(t.Context(), "mosparoA", "mosparoB") },
		"clear":   func() error { _, err := a.Clear(t.Context()); return err },
		"ping":    func() error { return a.Ping(t.Context()) },
		"list": func() (err error) {
			for _, err = range a.List(t.Context(), "") {
				_ = err
			}
			return err
		},
	}
	done := 0
	for name, do := range all {
		if len(ops) > 0 && !strings.Contains(strings.Join(ops, ","), name) {
			continue
		}
		err := do()
		require.ErrorIs(t, err, want, name)
		require.ErrorContains(t, err, says, name)
		require.NotContains(t, err.Error(), "hunter2", name)
		var op *cache.OpError
		require.ErrorAs(t, err, &op, name)
		done++
	}
	require.Positive(t, done)
}

func TestErrors_Unauthorized(t *testing.T) {
	s := servers.Redis(t, "--requirepass", "hunter2")
	requireEach(t, as(t, s.Addr(), "", ""), cache.ErrUnauthorized, "NOAUTH")
	requireEach(t, as(t, s.Addr(), "", "hunter2hunter2"), cache.ErrUnauthorized, "WRONGPASS")
	requireEach(t, as(t, s.Addr(), "nobody", "hunter2"), cache.ErrUnauthorized, "WRONGPASS")

	open := servers.Redis(t)
	admin := redis.NewClient(&redis.Options{Addr: open.Addr(), PoolSize: 1})
	defer admin.Close()
	require.NoError(t, admin.Do(t.Context(), "ACL", "SETUSER", "reader", "on", ">hunter2", "~mosparoA", "+get", "+mget", "+ping").Err())
	reader := as(t, open.Addr(), "reader", "hunter2")
	requireEach(t, reader, cache.ErrUnauthorized, "NOPERM", "get two", "set one", "set two", "delete", "clear", "list", "ping")
	_, err := reader.Get(t.Context(), "mosparoA")
	require.NoError(t, err)
	require.NoError(t, admin.Do(t.Context(), "AUTH", "reader", "hunter2").Err())
	require.NoError(t, admin.Ping(t.Context()).Err(), "the command PING would not tell")
}

func TestErrors_ReadOnly(t *testing.T) {
	s := servers.Redis(t)
	c := connect(t, s.Addr())
	a := redisadapter.New(c, owned)
	require.NoError(t, a.Set(t.Context(), two...))
	require.NoError(t, c.ReplicaOf(t.Context(), "127.0.0.1", "1").Err())
	requireEach(t, a, cache.ErrReadOnly, "READONLY", "set one", "set two", "delete", "clear")
	got, err := a.Get(t.Context(), "mosparoA")
	require.NoError(t, err)
	require.Equal(t, "v", string(got[0]), "a replica answers")

	require.NoError(t, c.ConfigSet(t.Context(), "replica-serve-stale-data", "no").Err())
	requireEach(t, a, cache.ErrUnavailable, "MASTERDOWN", "get one", "get two", "ping")

	require.NoError(t, c.ReplicaOf(t.Context(), "no", "one").Err())
	require.NoError(t, a.Set(t.Context(), two...), "it recovers by itself")
	require.NoError(t, c.ConfigSet(t.Context(), "min-replicas-to-write", "1").Err())
	requireEach(t, a, cache.ErrReadOnly, "NOREPLICAS", "set one", "set two", "delete")
}

func TestErrors_Full(t *testing.T) {
	s := servers.Redis(t, "--maxmemory-policy", "noeviction")
	c := connect(t, s.Addr())
	a := redisadapter.New(c, owned)
	require.NoError(t, a.Set(t.Context(), two...))
	require.NoError(t, c.ConfigSet(t.Context(), "maxmemory", "1").Err())
	requireEach(t, a, cache.ErrFull, "OOM", "set one", "set two")
	got, err := a.Get(t.Context(), "mosparoA", "mosparoB")
	require.NoError(t, err)
	require.Equal(t, [][]byte{[]byte("v"), []byte("v")}, got, "the earlier values stay")
	require.NoError(t, a.Delete(t.Context(), "mosparoA"), "room can be made")
}

func TestErrors_CannotSave(t *testing.T) {
	s := servers.Redis(t, "--save", "3600 1")
	c := connect(t, s.Addr())
	a := redisadapter.New(c, owned)
	require.NoError(t, a.Set(t.Context(), two...))
	require.NoError(t, os.Mkdir(filepath.Join(s.Dir(), "dump.rdb"), 0o755)) // where the file should go
	require.NoError(t, c.BgSave(t.Context()).Err())
	require.Eventually(t, func() bool {
		info, err := c.Info(t.Context(), "persistence").Result()
		return err == nil && strings.Contains(info, "rdb_last_bgsave_status:err")
	}, 20*time.Second, 10*time.Millisecond)
	requireEach(t, a, cache.ErrReadOnly, "MISCONF", "set one", "set two", "delete")
	_, err := a.Get(t.Context(), "mosparoA", "mosparoB")
	require.NoError(t, err)
}

func TestErrors_Loading(t *testing.T) {
	s := servers.Redis(t, "--enable-debug-command", "yes", "--loading-process-events-interval-bytes", "1024", "--save", "3600 1")
	c := connect(t, s.Addr())
	a := redisadapter.New(c, owned)
	require.NoError(t, a.Set(t.Context(), two...))
	pipe := c.Pipeline()
	for i := range 2000 {
		pipe.Set(t.Context(), fmt.Sprint("filler", i), strings.Repeat("x", 100), 0)
	}
	_, err := pipe.Exec(t.Context())
	require.NoError(t, err)
	require.NoError(t, c.ConfigSet(t.Context(), "key-load-delay", "5000").Err()) // µs
	reloaded := make(chan error, 1)
	go func() {
		patient := redis.NewClient(&redis.Options{Addr: s.Addr(), ReadTimeout: time.Minute, MaxRetries: -1})
		defer patient.Close()
		reloaded <- patient.Do(context.Background(), "DEBUG", "RELOAD").Err()
	}()
	require.Eventually(t, func() bool {
		_, err := a.Get(t.Context(), "mosparoA")
		return err != nil && strings.Contains(err.Error(), "LOADING")
	}, 10*time.Second, time.Millisecond)
	requireEach(t, a, cache.ErrUnavailable, "LOADING", "get one", "get two", "set one", "set two", "ping", "clear")
	require.NoError(t, c.ConfigSet(t.Context(), "key-load-delay", "0").Err())
	require.NoError(t, <-reloaded)
	got, err := a.Get(t.Context(), "mosparoA")
	require.NoError(t, err)
	require.Equal(t, "v", string(got[0]))
}

// A server before Redis 4 does not know UNLINK, others rename it.
func TestDelete_FallsBackToDEL(t *testing.T) {
	s := servers.Redis(t, "--rename-command", "UNLINK", "")
	c := connect(t, s.Addr())
	a := redisadapter.New(c, owned)
	for range 2 { // found out, and known
		require.NoError(t, a.Set(t.Context(), two...))
		require.NoError(t, a.Delete(t.Context(), "mosparoA", "mosparoB"))
		require.Zero(t, c.DBSize(t.Context()).Val())
	}
	require.NoError(t, a.Set(t.Context(), two...))
	n, err := a.Clear(t.Context())
	require.NoError(t, err)
	require.Equal(t, 2, n)

	require.NoError(t, c.Do(t.Context(), "ACL", "SETUSER", "writer", "on", ">hunter2", "~mosparo*", "+set", "+del").Err())
	require.NoError(t, a.Set(t.Context(), two[0]))
	require.NoError(t, as(t, s.Addr(), "writer", "hunter2").Delete(t.Context(), "mosparoA"), "UNLINK is not permitted")
	require.Zero(t, c.Exists(t.Context(), "mosparoA").Val())
}

func TestErrors_Unavailable(t *testing.T) {
	s := servers.Redis(t)
	a := redisadapter.New(connect(t, s.Addr()), owned)
	require.NoError(t, a.Set(t.Context(), two...))
	s.Kill()
	requireEach(t, a, cache.ErrUnavailable, "")
	s.Restart()
	require.NoError(t, a.Set(t.Context(), two...), "it recovers by itself")

	s.Pause()
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	_, err := a.Get(ctx, "mosparoA")
	require.ErrorIs(t, err, cache.ErrUnavailable)
	require.ErrorIs(t, err, context.DeadlineExceeded, "whose deadline it was")
	s.Resume()
	_, err = a.Get(t.Context(), "mosparoA")
	require.NoError(t, err)
}

func TestAForeignFlushIsSurvived(t *testing.T) {
	s := servers.Redis(t)
	c := connect(t, s.Addr())
	pool := cache.NewPool(redisadapter.New(c, owned))
	for _, flush := range []string{"FLUSHDB", "FLUSHALL"} {
		require.NoError(t, hashKey.Set(t.Context(), pool, hashText, 0))
		require.NoError(t, c.Do(t.Context(), flush).Err())
		_, err := hashKey.Get(t.Context(), pool)
		require.ErrorIs(t, err, cache.ErrNotFound)
	}
	require.NoError(t, hashKey.Set(t.Context(), pool, hashText, 0))
	n, err := pool.Adapter().(cache.Clearer).Clear(t.Context())
	require.NoError(t, err)
	require.Equal(t, 1, n)
	stats, err := c.Info(t.Context(), "commandstats").Result()
	require.NoError(t, err)
	require.Contains(t, stats, "cmdstat_unlink:calls=1,")
	require.Contains(t, stats, "cmdstat_flushdb:calls=1,", "the stranger's")
	require.Contains(t, stats, "cmdstat_flushall:calls=1,")
}

// go-redis wraps the answer "nil" of the sentinels, which is also that to a missing key.
func TestErrors_AMasterThatNoSentinelKnowsIsNoMiss(t *testing.T) {
	sentinel := servers.RedisSentinel(t, servers.Redis(t).Port())
	c := redis.NewFailoverClient(&redis.FailoverOptions{MasterName: "other", SentinelAddrs: []string{sentinel.Addr()}, ContextTimeoutEnabled: true, MaxRetries: -1, DialerRetries: 1})
	t.Cleanup(func() { require.NoError(t, c.Close()) })
	a := redisadapter.New(c, owned)
	requireEach(t, a, cache.ErrUnavailable, "sentinels")
	_, _, err := a.GetWithTTL(t.Context(), "mosparoA")
	require.ErrorIs(t, err, cache.ErrUnavailable)
}

// go-redis does not set the error of a login on the commands of a pipeline.
func TestErrors_ARefusedLoginIsNoMiss(t *testing.T) {
	s := servers.Redis(t, "--requirepass", "hunter2")
	a := as(t, s.Addr(), "", "hunter3")
	requireEach(t, a, cache.ErrUnauthorized, "WRONGPASS")
	_, _, err := a.GetWithTTL(t.Context(), "mosparoA")
	require.ErrorIs(t, err, cache.ErrUnauthorized)
	// A client of another type gets and sets each key on its own.
	c := redis.NewClient(&redis.Options{Addr: s.Addr(), Password: "hunter3", MaxRetries: -1})
	t.Cleanup(func() { require.NoError(t, c.Close()) })
	requireEach(t, redisadapter.New(struct{ *redis.Client }{c}, owned), cache.ErrUnauthorized, "WRONGPASS")
}
