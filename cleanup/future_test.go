package cleanup_test

import (
	"testing"
	"time"
	_ "time/tzdata" // so that an unknown zone is one that PHP does not know either

	"github.com/stretchr/testify/require"

	"github.com/mosparo/go-cluster/cleanup"
)

func TestTryRun_AScheduleInAZoneThatPHPRefusesCountsAsNotSet(t *testing.T) {
	bubble(t, func(t *testing.T) {
		c := newCluster(t)
		c.db.Add(cleanup.Run{Time: time.Now().Add(-7 * time.Hour), Status: cleanup.StatusComplete})
		c.put(string(cleanup.NextCleanup), []byte(`O:8:"DateTime":3:{s:4:"date";s:26:"2100-01-01 00:00:00.000000";s:13:"timezone_type";i:3;s:8:"timezone";s:14:"Europe/Nowhere";}`))
		n := c.node(cleanup.ModeClean)
		o, err := n.Overview(t.Context())
		require.NoError(t, err)
		require.Len(t, o.Warnings, 1)
		require.Contains(t, o.Warnings[0], "holds no time")
		a, err := n.TryRun(t.Context(), cleanup.ExecutorFrontendAPI)
		require.NoError(t, err)
		require.Equal(t, cleanup.ResultCompleted, a.Result)
	})
}

// PHP waits until the time of such a row has come. No zone explains it, so a
// Go node cleans, leaves the row, and names it.
func TestTryRun_ARowTooFarAheadForAZoneKeepsNoNodeWaiting(t *testing.T) {
	for name, c := range map[string]struct {
		ahead  time.Duration
		status cleanup.Status
		by     cleanup.Executor
		want   cleanup.Result
	}{
		"complete, by a year":    {365 * 24 * time.Hour, cleanup.StatusComplete, cleanup.ExecutorFrontendAPI, cleanup.ResultCompleted},
		"unknown, by a year":     {365 * 24 * time.Hour, cleanup.StatusUnknown, cleanup.ExecutorFrontendAPI, cleanup.ResultCompleted},
		"unknown, by 27 hours":   {27 * time.Hour, cleanup.StatusUnknown, cleanup.ExecutorCommand, cleanup.ResultCompleted},
		"unknown, within a zone": {25 * time.Hour, cleanup.StatusUnknown, cleanup.ExecutorCommand, cleanup.ResultRunPending},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				cl := newCluster(t) // its cache has no schedule, so the newest row counts
				cl.db.Add(cleanup.Run{Time: time.Now().Add(-7 * time.Hour), Status: cleanup.StatusComplete})
				id := cl.db.Add(cleanup.Run{Time: time.Now().Add(c.ahead), Status: c.status})
				n := cl.node(cleanup.ModeClean)
				o, err := n.Overview(t.Context())
				require.NoError(t, err)
				require.Len(t, o.Warnings, 1)
				require.Contains(t, o.Warnings[0], "row 2 of cleanup_statistic")
				a, err := n.TryRun(t.Context(), c.by)
				require.NoError(t, err)
				require.Equal(t, c.want, a.Result)
				require.Equal(t, id, cl.db.Runs()[1].ID)
				require.Equal(t, c.status, cl.db.Runs()[1].Status)
			})
		})
	}
}

// Rows of years to come stand before all others, and must not hide a run of now.
func TestTryRun_ManyRowsTooFarAheadHideNoPHPNode(t *testing.T) {
	bubble(t, func(t *testing.T) {
		c := newCluster(t)
		for i := range 300 {
			c.db.Add(cleanup.Run{Time: time.Now().AddDate(1, 0, i), Status: cleanup.StatusComplete})
		}
		for i := range 60 {
			c.db.Add(cleanup.Run{Time: time.Now().Add(-time.Duration(i+7) * time.Hour), Status: cleanup.StatusComplete})
		}
		c.due()
		time.AfterFunc(100*time.Millisecond, func() {
			c.db.Add(cleanup.Run{Time: time.Now(), Executor: cleanup.ExecutorFrontendAPI, Status: cleanup.StatusComplete})
		})
		n := c.node(cleanup.ModeClean)
		a, err := n.TryRun(t.Context(), cleanup.ExecutorFrontendAPI)
		require.NoError(t, err)
		require.Equal(t, cleanup.ResultRunPending, a.Result, "a PHP node slipped in")
		o, err := n.Overview(t.Context())
		require.NoError(t, err)
		require.Len(t, o.Warnings, 4, "three rows, and how many more")
		require.Less(t, o.SinceComplete, time.Minute)
		time.Sleep(7 * time.Hour)
		a, err = n.TryRun(t.Context(), cleanup.ExecutorFrontendAPI)
		require.NoError(t, err)
		require.Equal(t, cleanup.ResultCompleted, a.Result)
	})
}
