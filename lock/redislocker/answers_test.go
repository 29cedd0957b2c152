package redislocker_test

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"github.com/mosparo/go-cluster/cache/cachetest/servers"
	"github.com/mosparo/go-cluster/lock"
	"github.com/mosparo/go-cluster/lock/locktest"
	"github.com/mosparo/go-cluster/lock/redislocker"
)

func acquire(ctx context.Context, b *redislocker.Backend, name string) (token lock.Token, fence uint64, err error) {
	token = locktest.NewToken()
	fence, err = b.Acquire(ctx, name, lock.Claim{Token: token, Owner: lock.Owner{Host: "host.example"}}, time.Minute)
	return token, fence, err
}

func TestErrors_AreClassified(t *testing.T) {
	t.Parallel()
	fails := func(c *redis.Client, is error, says string) {
		t.Helper()
		b := redislocker.New(c)
		_, _, err := acquire(t.Context(), b, "n")
		require.ErrorIs(t, err, lock.ErrUnavailable)
		require.ErrorIs(t, err, is)
		require.ErrorContains(t, err, says)
	}
	locked := servers.Redis(t, "--requirepass", "secret")
	fails(connect(t, locked.Addr()), lock.ErrUnauthorized, "no password")
	wrong := redis.NewClient(&redis.Options{Addr: locked.Addr(), Password: "hunter2", MaxRetries: -1})
	defer wrong.Close()
	fails(wrong, lock.ErrUnauthorized, "wrong user or password")

	s := servers.Redis(t)
	c := connect(t, s.Addr())
	s.Command("CONFIG SET maxmemory 1")
	fails(c, lock.ErrUnavailable, "out of memory")
	s.Command("CONFIG SET maxmemory 0")
	s.Command("REPLICAOF 127.0.0.1 1")
	fails(c, lock.ErrUnavailable, "is a replica")
	s.Kill()
	fails(c, lock.ErrUnavailable, "refused")
}

func TestErrors_AServerThatLoadsItsData(t *testing.T) {
	t.Parallel()
	s := servers.Redis(t, "--enable-debug-command", "yes", "--key-load-delay", "200", "--loading-process-events-interval-bytes", "1024")
	require.Equal(t, "OK", s.Command("DEBUG POPULATE 5000 key 100"))
	require.Equal(t, "OK", s.Command("SAVE"))
	s.Kill()
	served := make(chan struct{})
	go func() {
		defer close(served)
		s.Restart()
	}()
	defer func() { <-served }()
	b := redislocker.New(connect(t, s.Addr()))
	require.Eventually(t, func() bool {
		_, _, err := acquire(t.Context(), b, "n")
		return err != nil && strings.Contains(err.Error(), "loading its data")
	}, 20*time.Second, time.Millisecond)

	l := lock.New(b)
	defer l.Close()
	_, err := l.Acquire(t.Context(), "n", lock.WithWait(time.Minute))
	require.NoError(t, err, "it is waited for")
}

// Scripts are gone after a restart or SCRIPT FLUSH.
func TestScripts_AreSentAgain(t *testing.T) {
	s := servers.Redis(t)
	b := redislocker.New(connect(t, s.Addr()))
	for range 2 {
		s.Command("SCRIPT FLUSH")
		token, fence, err := acquire(t.Context(), b, "n")
		require.NoError(t, err)
		require.NotZero(t, fence)
		s.Command("SCRIPT FLUSH")
		require.NoError(t, b.Renew(t.Context(), "n", token, time.Minute))
		s.Command("SCRIPT FLUSH")
		require.NoError(t, b.Release(t.Context(), "n", token))
	}
	// Another program with redislock may have loaded one of the two.
	obtain := connect(t, s.Addr())
	s.Command("SCRIPT FLUSH")
	token, _, err := acquire(t.Context(), b, "other")
	require.NoError(t, err)
	require.NoError(t, b.Release(t.Context(), "other", token))
	require.NoError(t, obtain.ScriptFlush(t.Context()).Err())
	takeWithRedislock(t, obtain)
	_, fence, err := acquire(t.Context(), b, "n")
	require.NoError(t, err)
	require.NotZero(t, fence)
}

// A user who has what the package's documentation names.
func TestACL_AUserForTheKeysOfLocksIsEnough(t *testing.T) {
	s := servers.Redis(t)
	require.Equal(t, "OK", s.Command("ACL SETUSER node on >pw resetkeys ~mosparoGo* -@all +evalsha +eval +get +getrange +set +mget +mset +msetnx +pexpire +del +time +pttl +scan +info +wait"))
	c := redis.NewClient(&redis.Options{Addr: s.Addr(), Username: "node", Password: "pw", MaxRetries: -1})
	defer c.Close()
	b := redislocker.New(c)
	token, _, err := acquire(t.Context(), b, "n")
	require.NoError(t, err)
	_, _, err = acquire(t.Context(), b, "n")
	require.ErrorIs(t, err, lock.ErrHeld)
	_, err = b.Acquire(t.Context(), "n", lock.Claim{Token: token}, time.Minute)
	require.NoError(t, err)
	require.NoError(t, b.Renew(t.Context(), "n", token, time.Minute))
	h, err := b.Holder(t.Context(), "n")
	require.NoError(t, err)
	require.Equal(t, "host.example", h.Owner.Host)
	for h, err := range b.Holders(t.Context()) {
		require.NoError(t, err)
		require.Equal(t, "n", h.Name)
	}
	require.NoError(t, b.Check(t.Context()))
	require.NoError(t, b.Release(t.Context(), "n", token))
	_, _, err = acquire(t.Context(), b, "n")
	require.NoError(t, err)
	require.NoError(t, b.Break(t.Context(), "n"))
}

func TestACL_WhatIsMissingIsSaid(t *testing.T) {
	s := servers.Redis(t)
	for rule, says := range map[string]string{
		"~mosparoGo* +@all -eval -evalsha": "does not allow all commands that locks need, which are +evalsha +eval",
		"~mosparoGo* +@all -eval":          "does not allow all commands",
		"~mosparoGo* +@all -set":           "does not allow all commands", // the script's own
		"~mosparoGo* +@all -time":          "does not allow all commands",
		"~other* +@all":                    "does not allow the keys mosparoGoLock*",
		"~mosparoGoLock{* +@all":           "does not allow the keys mosparoGoLock*", // not those of the record
	} {
		s.Command("SCRIPT FLUSH")
		s.Command("ACL DELUSER node")
		require.Equal(t, "OK", s.Command("ACL SETUSER node on >hunter2 "+rule))
		c := redis.NewClient(&redis.Options{Addr: s.Addr(), Username: "node", Password: "hunter2", MaxRetries: -1})
		_, _, err := acquire(t.Context(), redislocker.New(c), "n")
		require.ErrorIs(t, err, lock.ErrUnauthorized, rule)
		require.ErrorIs(t, err, lock.ErrUnavailable, rule)
		require.ErrorContains(t, err, says, rule)
		require.NotContains(t, err.Error(), "hunter2")
		require.NoError(t, c.Close())
	}
}

func TestCheck_SaysThatLocksMayBeEvicted(t *testing.T) {
	t.Parallel()
	s := servers.Redis(t)
	var out bytes.Buffer
	b := redislocker.New(connect(t, s.Addr()), redislocker.WithLogger(slog.New(slog.NewTextHandler(&out, nil))))
	for policy, safe := range map[string]bool{"noeviction": true, "allkeys-lru": false, "volatile-ttl": false} {
		s.Command("CONFIG SET maxmemory 0")
		s.Command("CONFIG SET maxmemory-policy " + policy)
		require.NoError(t, b.Check(t.Context()), "nothing is evicted without a limit")
		s.Command("CONFIG SET maxmemory 1gb")
		err := b.Check(t.Context())
		if safe {
			require.NoError(t, err)
		} else {
			require.ErrorIs(t, err, redislocker.ErrEviction)
			require.ErrorContains(t, err, policy)
		}
	}
	s.Command("CONFIG SET maxmemory-policy allkeys-lfu")
	for _, name := range []string{"a", "b"} {
		_, _, err := acquire(t.Context(), b, name)
		require.NoError(t, err)
	}
	require.Equal(t, 1, strings.Count(out.String(), "locks may be evicted"), out.String())
	require.Contains(t, out.String(), "allkeys-lfu")
	s.Kill()
	require.ErrorIs(t, b.Check(t.Context()), lock.ErrUnavailable)
}

func TestFence_IsTheLargerOfCounterAndClock(t *testing.T) {
	c := connect(t, servers.Redis(t).Addr())
	b := redislocker.New(c)
	const record = "mosparoGoLockRecord{n}"
	next := func() uint64 {
		token, fence, err := acquire(t.Context(), b, "n")
		require.NoError(t, err)
		require.NoError(t, b.Release(t.Context(), "n", token))
		return fence
	}
	before := uint64(time.Now().UnixMicro())
	first := next()
	require.GreaterOrEqual(t, first, before, "the server's clock is this machine's")
	ahead := uint64(time.Now().Add(time.Hour).UnixMicro())
	require.NoError(t, c.Set(t.Context(), record, fmt.Sprintf("%016d%s{}", ahead, locktest.NewToken()), 0).Err())
	require.Equal(t, ahead+1, next(), "the clock was set back by an hour")
	require.Equal(t, ahead+2, next())

	token, fence, err := acquire(t.Context(), b, "n")
	require.NoError(t, err)
	_, _, err = acquire(t.Context(), b, "n")
	require.ErrorIs(t, err, lock.ErrHeld)
	require.Equal(t, ahead+3, fence)
	require.NoError(t, b.Release(t.Context(), "n", token))
	require.Equal(t, ahead+4, next(), "none was drawn for a lease that was not taken")
	require.Greater(t, c.PTTL(t.Context(), record).Val(), 29*24*time.Hour, "it outlives the lock")

	for _, damaged := range []string{"", "x", "7", "             nan", "            -inf", "              -5", "           1e300", "          0x1p70", "9007199254740993", "9999999999999999 and so on and so on"} {
		require.NoError(t, c.Set(t.Context(), record, damaged, 0).Err())
		require.Greater(t, next(), first, "after %q", damaged)
	}
}

// Keys that another program has written where locks are kept.
func TestBackend_SurvivesForeignKeys(t *testing.T) {
	c := connect(t, servers.Redis(t).Addr())
	b := redislocker.New(c)
	ctx := t.Context()
	const key, record = "mosparoGoLock{n}", "mosparoGoLockRecord{n}"
	require.NoError(t, c.Set(ctx, key, "somebody", 0).Err())
	require.NoError(t, c.Set(ctx, record, `0000000000000ysomebody{"host":7,"pid":"x`, 0).Err())
	_, _, err := acquire(ctx, b, "n")
	var held *lock.HeldError
	require.ErrorAs(t, err, &held)
	require.Zero(t, held.ExpiresIn, "it has no expiry")
	h, err := b.Holder(ctx, "n")
	require.NoError(t, err)
	require.Equal(t, lock.Holder{Name: "n", Token: "somebody"}, h)
	require.NoError(t, c.Set(ctx, "mosparoGoLock{%}", "no name", 0).Err())
	n := 0
	for h, err := range b.Holders(ctx) {
		require.NoError(t, err)
		require.Equal(t, "n", h.Name)
		n++
	}
	require.Equal(t, 1, n)
	require.NoError(t, b.Break(ctx, "n"))

	require.NoError(t, c.Del(ctx, record).Err())
	require.NoError(t, c.RPush(ctx, record, "no string").Err())
	require.NoError(t, c.RPush(ctx, "mosparoGoLock{m}", "no string").Err())
	_, fence, err := acquire(ctx, b, "n")
	require.NoError(t, err, "a record of another type is replaced")
	require.NotZero(t, fence)
	_, _, err = acquire(ctx, b, "m")
	require.ErrorIs(t, err, lock.ErrUnavailable)
	_, err = b.Holder(ctx, "m")
	require.ErrorIs(t, err, lock.ErrUnavailable)
	require.ErrorContains(t, err, "WRONGTYPE")
	require.NoError(t, b.Break(ctx, "m"), "an operator can help")
	_, _, err = acquire(ctx, b, "m")
	require.NoError(t, err)
}

func TestHolders_AKeyOfAnotherTypeHidesNoLock(t *testing.T) {
	c := connect(t, servers.Redis(t).Addr())
	b := redislocker.New(c)
	require.NoError(t, c.RPush(t.Context(), "mosparoGoLock{a}", "no string").Err())
	_, _, err := acquire(t.Context(), b, "b")
	require.NoError(t, err)
	var names []string
	var wrong []error
	for h, err := range b.Holders(t.Context()) {
		if err != nil {
			wrong = append(wrong, err)
			continue
		}
		names = append(names, h.Name)
	}
	require.Equal(t, []string{"b"}, names)
	require.Len(t, wrong, 1)
	require.ErrorContains(t, wrong[0], "WRONGTYPE")
	require.ErrorContains(t, wrong[0], `"a"`)
}
