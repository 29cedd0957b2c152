package main

import (
	"context"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"github.com/mosparo/go-cluster/cache/cachetest/servers"
	"github.com/mosparo/go-cluster/lock"
	"github.com/mosparo/go-cluster/lock/redislocker"
)

// onRedis is the environment of a node whose cache is a Redis, and a Locker
// on the same server, as another node has it.
func onRedis(t *testing.T) (environ []string, other *lock.Locker, s *servers.RedisServer) {
	t.Helper()
	s = servers.Redis(t)
	c := redis.NewClient(&redis.Options{Addr: s.Addr(), ContextTimeoutEnabled: true, MaxRetries: -1})
	other = lock.New(redislocker.New(c), lock.WithPoll(5*time.Millisecond))
	t.Cleanup(func() {
		other.Close()
		require.NoError(t, c.Close())
	})
	return []string{"MOSPARO_CACHE_ADAPTER=redis", "REDIS_URL=redis://" + s.Addr()}, other, s
}

func holdings(t *testing.T, out outcome) (all []holding) {
	t.Helper()
	require.Zero(t, out.code, out.stderr)
	for in := json.NewDecoder(strings.NewReader(out.stdout)); in.More(); {
		var h holding
		require.NoError(t, in.Decode(&h))
		all = append(all, h)
	}
	return all
}

func TestLock_ShowListAndBreak(t *testing.T) {
	env, other, _ := onRedis(t)
	require.Equal(t, []holding{{Name: "odd name\n"}}, holdings(t, ctl(t, env, "", "lock", "show", "odd name\n")))
	require.Empty(t, holdings(t, ctl(t, env, "", "lock", "ls")))

	lease, err := other.Acquire(t.Context(), "odd name\n", lock.WithTTL(time.Minute), lock.WithLabel("a\x1b[2Jlabel"))
	require.NoError(t, err)
	require.NoError(t, other.Once(t.Context(), lock.Slot{Name: "report", Key: "2026-03-01"}, time.Hour))
	shown := ctl(t, env, "", "lock", "show", "odd name\n")
	require.NotContains(t, shown.stdout, "\x1b", "a label cannot reach the terminal")
	require.NotContains(t, shown.stdout, lease.Token())
	h := holdings(t, shown)[0]
	require.True(t, h.Held)
	require.Equal(t, lease.Holder().Owner.Host, h.Host)
	require.Equal(t, lease.Holder().Owner.PID, h.PID)
	require.Equal(t, lease.Fence(), h.Fence)
	require.WithinDuration(t, time.Now(), *h.Since, 30*time.Second)
	require.InDelta(t, 45, h.ExpiresIn, 15.1)
	var names []string
	for _, h := range holdings(t, ctl(t, env, "", "lock", "ls")) {
		names = append(names, h.Name)
	}
	require.ElementsMatch(t, []string{"odd name\n", "mosparo/once/report@2026-03-01"}, names)

	broken := holdings(t, ctl(t, env, "", "lock", "break", "odd name\n"))
	require.Equal(t, lease.Fence(), broken[0].Fence, "it says whose it was")
	_, err = other.Holder(t.Context(), "odd name\n")
	require.ErrorIs(t, err, lock.ErrNotHeld)
	require.ErrorIs(t, lease.Renew(t.Context()), lock.ErrLost, "the old holder notices")
	again := ctl(t, env, "", "lock", "break", "odd name\n")
	require.Equal(t, 1, again.code)
	require.Contains(t, again.stderr, "not held")
}

// A record that cannot be read keeps all nodes out until an operator breaks the lock.
func TestLock_BreakHelpsAlsoWhereNobodyCanTellWhoHoldsIt(t *testing.T) {
	env, other, s := onRedis(t)
	require.Equal(t, "1", s.Command("RPUSH mosparoGoLock{n} x"))
	require.NotZero(t, ctl(t, env, "", "lock", "show", "n").code)
	broken := ctl(t, env, "", "lock", "break", "n")
	require.Equal(t, []holding{{Name: "n", Held: true}}, holdings(t, broken))
	require.Contains(t, broken.stderr, "WRONGTYPE")
	_, err := other.Acquire(t.Context(), "n")
	require.NoError(t, err)
	s.Kill()
	require.Equal(t, 1, ctl(t, env, "", "lock", "break", "n").code)
}

func TestLock_SettingsThatNameNoLockAreToldApartFromAConflict(t *testing.T) {
	env := []string{"MOSPARO_CACHE_ADAPTER=redis", "REDIS_URL=http://wrong"}
	require.Equal(t, 1, ctl(t, env, "", "lock", "ls").code)
	require.Equal(t, exitConfig, ctl(t, env, "", "lock", "run", "n", "--", "true").code)
}

// A crontab without an environment, on each of three hosts.
func TestLockRun_RunsNothingWithoutALockThatNodesShare(t *testing.T) {
	for range 3 {
		t.Setenv("TMPDIR", t.TempDir())
		t.Setenv("XDG_CACHE_HOME", t.TempDir())
		got := ctl(t, nil, "", "lock", "run", "n", "--", "echo", "ran")
		require.Equal(t, exitConfig, got.code)
		require.Empty(t, got.stdout)
		require.Contains(t, got.stderr, "--this-host-only")
		got = ctl(t, nil, "", "lock", "run", "--this-host-only", "n", "--", "true")
		require.Zero(t, got.code, got.stderr)
		require.Empty(t, got.stderr, "cron sends a mail with it")
	}
}

// What the library holds can be seen and broken, and not taken.
func TestLock_NamesOfTheLibraryAreShownAndBroken(t *testing.T) {
	env, other, _ := onRedis(t)
	name := lock.ReservedPrefix + "cleanup"
	_, err := other.Acquire(t.Context(), name)
	require.NoError(t, err)
	require.True(t, holdings(t, ctl(t, env, "", "lock", "show", name))[0].Held)
	require.True(t, holdings(t, ctl(t, env, "", "lock", "break", name))[0].Held)
	requireFree(t, other, name)
}

func TestLock_UsageIsToldWithTheCodeOfTheCommand(t *testing.T) {
	env, _, _ := onRedis(t)
	for _, args := range [][]string{
		{"show"},
		{"show", "a", "b"},
		{"show", strings.Repeat("x", 201)},
		{"ls", "x"},
		{"break"},
		{"run"},
		{"run", "n"},
		{"run", "n", "--"},
		{"run", "n", "--", ""},
		{"run", "n", "--nonsense", "--", "true"},
		{"run", "--ttl", "x", "n", "true"},
		{"run", "n", "--ttl", "1ms", "--", "true"},
		{"run", "n", "--ttl", "3s", "--kill-after", "2s", "--", "true"},
		{"run", "n", "-E", "256", "--", "true"},
		{"run", "n", "--slot", "s", "--retention", "0", "--", "true"},
		{"run", strings.Repeat("x", 201), "--", "true"},
		{"run", "", "--", "true"},
		{"run", "mosparo/cleanup", "--", "true"},
	} {
		got := ctl(t, env, "", append([]string{"lock"}, args...)...)
		require.Equal(t, usageCode("lock "+args[0]), got.code, args)
		require.NotEmpty(t, got.stderr, args)
	}
	help := ctl(t, env, "", "lock", "run", "--help")
	require.Zero(t, help.code)
	require.Contains(t, help.stdout, "Exit codes")
}

func requireFree(t *testing.T, l *lock.Locker, name string) {
	t.Helper()
	_, err := l.Holder(context.Background(), name)
	require.ErrorIs(t, err, lock.ErrNotHeld)
}
