package cleanup_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/mosparo/go-cluster/cleanup"
	"github.com/mosparo/go-cluster/cleanup/internal/runhistory"
	"github.com/mosparo/go-cluster/cleanup/internal/runrecord"
	"github.com/mosparo/go-cluster/lock"
	"github.com/mosparo/go-cluster/lock/locktest"
)

func TestPause_KeepsAllGoNodesFromCleaningUntilItsEnd(t *testing.T) {
	bubble(t, func(t *testing.T) {
		c := newCluster(t)
		c.due()
		p, err := cleanup.PauseAll(t.Context(), c.pool, 2*time.Hour, "host", "migration")
		require.NoError(t, err)
		faulty := locktest.NewFaulty(c.locks)
		l := lock.New(faulty)
		defer l.Close()
		n := cleanup.New(c.pool, l, c.db, cleanup.WithMode(cleanup.ModeClean))
		for _, by := range []cleanup.Executor{cleanup.ExecutorFrontendAPI, cleanup.ExecutorCommand} {
			a, err := n.TryRun(t.Context(), by)
			require.NoError(t, err)
			require.Equal(t, cleanup.ResultPaused, a.Result)
			require.True(t, a.Decision.Until.Equal(p.Until))
		}
		require.Zero(t, faulty.Calls(locktest.OpAcquire), "nor do they ask for the lock")
		o, err := n.Overview(t.Context())
		require.NoError(t, err)
		require.Equal(t, "migration", o.Pause.Reason)
		require.Equal(t, "paused", o.Decision.String())
		time.Sleep(2*time.Hour + time.Second)
		a, err := n.TryRun(t.Context(), cleanup.ExecutorFrontendAPI)
		require.NoError(t, err)
		require.Equal(t, cleanup.ResultCompleted, a.Result)
	})
}

func TestPause_EndsARunAfterItsRoundAndResumeLetsItGoOn(t *testing.T) {
	bubble(t, func(t *testing.T) {
		c := newCluster(t)
		c.due()
		c.db.Takes, c.db.Round = time.Minute, time.Second
		time.AfterFunc(10*time.Second, func() {
			_, err := cleanup.PauseAll(t.Context(), c.pool, time.Hour, "", "")
			require.NoError(t, err)
		})
		n := c.node(cleanup.ModeClean)
		a, err := n.TryRun(t.Context(), cleanup.ExecutorCommand)
		require.NoError(t, err)
		require.Equal(t, cleanup.ResultUnfinished, a.Result)
		require.ErrorIs(t, a.Stopped, cleanup.ErrPaused)
		require.Less(t, a.Duration, 12*time.Second)
		_, additional, _ := c.times()
		require.NotNil(t, additional)
		require.NoError(t, cleanup.ResumeAll(t.Context(), c.pool))
		require.NoError(t, cleanup.ResumeAll(t.Context(), c.pool))
		a, err = n.TryRun(t.Context(), cleanup.ExecutorCommand)
		require.NoError(t, err)
		require.Equal(t, cleanup.ResultCompleted, a.Result)
	})
}

func TestPause_PHPIgnoresIt(t *testing.T) {
	bubble(t, func(t *testing.T) {
		c := newCluster(t)
		c.due()
		_, err := cleanup.PauseAll(t.Context(), c.pool, time.Hour, "", "")
		require.NoError(t, err)
		r, err := c.php().Cleanup(t.Context(), cleanup.ExecutorFrontendAPI)
		require.NoError(t, err)
		require.Equal(t, cleanup.ResultCompleted, r)
	})
}

func TestPause_IsNeverLongerThanADay(t *testing.T) {
	bubble(t, func(t *testing.T) {
		c := newCluster(t)
		c.due()
		for _, d := range []time.Duration{-1, 0, 24*time.Hour + 1} {
			_, err := cleanup.PauseAll(t.Context(), c.pool, d, "", "")
			require.ErrorIs(t, err, cleanup.ErrPauseTooLong)
		}
		_, err := cleanup.PauseAll(t.Context(), c.pool, 24*time.Hour, "", "")
		require.NoError(t, err)
		for name, p := range map[string]cleanup.Pause{
			"of years":          {Since: time.Now().AddDate(-1, 0, 0), Until: time.Now().AddDate(1, 0, 0)},
			"from next year":    {Since: time.Now().AddDate(1, 0, 0), Until: time.Now().AddDate(1, 0, 1)},
			"without beginning": {Until: time.Now().Add(time.Hour)},
		} {
			require.NoError(t, pauseKey.Set(t.Context(), c.pool, p, 0))
			a, err := c.node(cleanup.ModeClean).TryRun(t.Context(), cleanup.ExecutorCommand)
			require.NoError(t, err)
			require.Equal(t, cleanup.ResultCompleted, a.Result, name)
		}
	})
}

func TestLeave_RemovesTheTracesAndForTheLastAllKeys(t *testing.T) {
	bubble(t, func(t *testing.T) {
		c := newCluster(t)
		c.due()
		started := time.Now().Add(-time.Minute).UTC()
		c.trace(crashedRecord(c.db.Add(cleanup.Run{Time: started}), 0, started))
		require.ErrorIs(t, c.node(cleanup.ModeObserve).Leave(t.Context(), false), cleanup.ErrRefused)
		require.NoError(t, c.node(cleanup.ModeClean).Leave(t.Context(), false))
		_, additional, marker := c.times()
		require.Nil(t, marker)
		require.NotNil(t, additional, "PHP nodes continue the run")
		require.Equal(t, cleanup.StatusIncomplete, c.db.Runs()[0].Status)
		_, err := runhistory.Key.Get(t.Context(), c.pool)
		require.NoError(t, err, "the others keep it")

		_, err = cleanup.PauseAll(t.Context(), c.pool, time.Hour, "", "")
		require.NoError(t, err)
		require.NoError(t, c.node(cleanup.ModeClean).Leave(t.Context(), true))
		for _, key := range []string{string(runrecord.Key), string(runhistory.Key), string(pauseKey)} {
			require.NotContains(t, snapshot(t, c), key)
		}
		next, _, _ := c.times()
		require.NotNil(t, next, "mosparo's own keys stay")
		r, err := c.php().Cleanup(t.Context(), cleanup.ExecutorFrontendAPI)
		require.NoError(t, err)
		require.Equal(t, cleanup.ResultCompleted, r)
	})
}

func TestLeave_NotDuringARun(t *testing.T) {
	bubble(t, func(t *testing.T) {
		c := newCluster(t)
		c.due()
		c.db.Takes = time.Minute
		go func() { _, _ = c.node(cleanup.ModeClean).TryRun(t.Context(), cleanup.ExecutorFrontendAPI) }()
		time.Sleep(30 * time.Second)
		require.ErrorIs(t, c.node(cleanup.ModeClean).Leave(t.Context(), true), lock.ErrHeld)
		c.locks.Forget() // also when the lock server has lost it
		require.ErrorIs(t, c.node(cleanup.ModeClean).Leave(t.Context(), true), lock.ErrHeld)
		_, err := runrecord.Key.Get(t.Context(), c.pool)
		require.NoError(t, err)
		time.Sleep(time.Minute)
	})
}
