package cleanup_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/mosparo/go-cluster/cache"
	"github.com/mosparo/go-cluster/cache/php"
	"github.com/mosparo/go-cluster/cleanup"
	"github.com/mosparo/go-cluster/cleanup/internal/runhistory"
	"github.com/mosparo/go-cluster/cleanup/internal/runrecord"
	"github.com/mosparo/go-cluster/lock"
	"github.com/mosparo/go-cluster/lock/locktest"
)

// put stores bytes as another version would.
func (c *cluster) put(key string, raw []byte) {
	c.t.Helper()
	require.NoError(c.t, c.adapter.Set(c.t.Context(), cache.Item{Key: key, Value: raw, TTL: 24 * time.Hour}))
}

// foreignRecords are records that this version does not know.
func foreignRecords(t *testing.T, started time.Time) map[string][]byte {
	t.Helper()
	newer := crashedRecord(1, cleanup.ExecutorFrontendAPI, started)
	newer.Format = 1
	marshal := func(v any) []byte {
		raw, err := php.Marshal(v)
		require.NoError(t, err)
		return raw
	}
	return map[string][]byte{
		"of the next format":    marshal(newer),
		"with other names":      marshal(map[string]any{"version": 2, "state": "cleaning"}),
		"with another type":     marshal(map[string]any{"row": "one", "started": started}),
		"that is no PHP value":  []byte("\x00\x01"),
		"that is a mere string": marshal("busy"),
	}
}

func TestTryRun_WaitsOutARecordOfAnUnknownFormat(t *testing.T) {
	for name, raw := range foreignRecords(t, time.Now().UTC()) {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				c := newCluster(t)
				c.due()
				started := time.Now().Add(-time.Hour).UTC()
				id := c.db.Add(cleanup.Run{Time: started, Executor: cleanup.ExecutorFrontendAPI})
				require.NoError(t, cleanup.CleanupStartedAt.Set(t.Context(), c.pool, started, 0))
				c.put(string(runrecord.Key), raw)
				before := snapshot(t, c)
				faulty := locktest.NewFaulty(c.locks)
				l := lock.New(faulty)
				defer l.Close()
				n := cleanup.New(c.pool, l, c.db, cleanup.WithMode(cleanup.ModeClean))
				for _, by := range []cleanup.Executor{cleanup.ExecutorFrontendAPI, cleanup.ExecutorCommand} {
					a, err := n.TryRun(t.Context(), by)
					require.NoError(t, err)
					require.Equal(t, cleanup.ResultAlreadyRunning, a.Result)
				}
				require.Zero(t, faulty.Calls(locktest.OpAcquire))
				o, err := n.Overview(t.Context())
				require.NoError(t, err)
				require.Len(t, o.Warnings, 1)
				require.Contains(t, o.Warnings[0], "mosparoGoCleanup")
				require.ErrorIs(t, n.Leave(t.Context(), true), lock.ErrHeld)
				require.Equal(t, before, snapshot(t, c))
				require.Equal(t, cleanup.StatusUnknown, c.db.Runs()[0].Status)

				time.Sleep(24*time.Hour + time.Second) // the lifetime of a record
				a, err := n.TryRun(t.Context(), cleanup.ExecutorFrontendAPI)
				require.NoError(t, err)
				require.Equal(t, cleanup.ResultCompleted, a.Result)
				require.Equal(t, cleanup.StatusUnknown, c.db.Runs()[0].Status, "it never was this node's to end")
				require.EqualValues(t, 1, id)
			})
		})
	}
}

// whileWaiting does something when a lock is asked for.
type whileWaiting struct {
	lock.Backend
	do func()
}

func (w whileWaiting) Acquire(ctx context.Context, name string, c lock.Claim, ttl time.Duration) (uint64, error) {
	w.do()
	return w.Backend.Acquire(ctx, name, c, ttl)
}

func TestTryRun_WaitsOutARecordThatCameBeforeTheLock(t *testing.T) {
	bubble(t, func(t *testing.T) {
		c := newCluster(t)
		c.due()
		l := lock.New(whileWaiting{c.locks, func() { c.put(string(runrecord.Key), []byte("new")) }})
		defer l.Close()
		a, err := cleanup.New(c.pool, l, c.db, cleanup.WithMode(cleanup.ModeClean)).TryRun(t.Context(), cleanup.ExecutorFrontendAPI)
		require.NoError(t, err)
		require.Equal(t, cleanup.ResultAlreadyRunning, a.Result)
		require.Empty(t, c.db.Runs())
	})
}

func TestTryRun_EndsTheRunOfARecordWithoutAFormat(t *testing.T) {
	bubble(t, func(t *testing.T) {
		c := newCluster(t)
		c.due()
		started := time.Now().Add(-time.Minute).UTC().Truncate(time.Microsecond)
		id := c.db.Add(cleanup.Run{Time: started, Executor: cleanup.ExecutorFrontendAPI})
		raw, err := php.Marshal(map[string]any{"row": id, "executor": 2, "marker": started, "previous": started, "started": started, "host": "gone"})
		require.NoError(t, err)
		c.put(string(runrecord.Key), raw)
		require.NoError(t, cleanup.CleanupStartedAt.Set(t.Context(), c.pool, started, 0))
		a, err := c.node(cleanup.ModeClean).TryRun(t.Context(), cleanup.ExecutorFrontendAPI)
		require.NoError(t, err)
		require.Equal(t, cleanup.ResultCompleted, a.Result)
		require.Equal(t, cleanup.StatusIncomplete, c.db.Runs()[0].Status)
	})
}

func TestPause_HoldsInAnUnknownFormat(t *testing.T) {
	bubble(t, func(t *testing.T) {
		c := newCluster(t)
		c.due()
		c.put(string(pauseKey), []byte("a newer pause"))
		n := c.node(cleanup.ModeClean)
		a, err := n.TryRun(t.Context(), cleanup.ExecutorCommand)
		require.NoError(t, err)
		require.Equal(t, cleanup.ResultPaused, a.Result)
		o, err := n.Overview(t.Context())
		require.NoError(t, err)
		require.Contains(t, o.Pause.Reason, "mosparoGoPause")
		require.Equal(t, []string{o.Pause.Reason}, o.Warnings)
		require.NoError(t, cleanup.ResumeAll(t.Context(), c.pool))
		c.clean(n)
	})
}

func TestHistory_InAnUnknownFormatStays(t *testing.T) {
	bubble(t, func(t *testing.T) {
		c := newCluster(t)
		c.put(string(runhistory.Key), []byte("a newer history"))
		n := c.node(cleanup.ModeClean)
		c.clean(n)
		require.Equal(t, "a newer history", snapshot(t, c)[string(runhistory.Key)])
		c.cleanInPHP()
		require.Equal(t, []string{"unknown", "Go"}, owners(t, n))
	})
}
