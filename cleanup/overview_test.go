package cleanup_test

import (
	"context"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/mosparo/go-cluster/cache"
	"github.com/mosparo/go-cluster/cleanup"
)

func TestOverview_SaysWhenAndWhy(t *testing.T) {
	soon := time.Hour
	for name, c := range map[string]struct {
		next, additional *time.Duration
		row              bool
		policy           cleanup.Policy
		due              time.Duration
		why              string
	}{
		"nothing":      {due: 6 * time.Hour, why: "nothing_planned"},
		"schedule":     {next: &soon, row: true, due: time.Hour, why: "regular_schedule"},
		"grace":        {next: &soon, policy: cleanup.Policy{GracePeriod: true, SubmitTokenRetention: 2 * time.Hour}, due: 3 * time.Hour, why: "regular_schedule"},
		"unfinished":   {next: &soon, additional: new(time.Duration), policy: cleanup.Policy{GracePeriod: true}, why: "unfinished_run"},
		"a row":        {row: true, due: 5 * time.Hour, why: "newest_run"},
		"row and long": {row: true, policy: cleanup.Policy{ProcessInterval: 24 * time.Hour}, due: 23 * time.Hour, why: "newest_run"},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				cl := newCluster(t)
				at := time.Now()
				if c.row {
					cl.db.Add(cleanup.Run{Time: at.Add(-time.Hour), Status: cleanup.StatusComplete, Duration: time.Minute})
				}
				for key, d := range map[cache.Key[time.Time]]*time.Duration{cleanup.NextCleanup: c.next, cleanup.AdditionalCleanup: c.additional} {
					if d != nil {
						require.NoError(t, key.Set(t.Context(), cl.pool, at.Add(*d), 0))
					}
				}
				o, err := cl.nodeWith(c.policy, cleanup.ModeObserve).Overview(t.Context())
				require.NoError(t, err)
				require.Equal(t, c.why, o.Decision.Reason)
				require.True(t, o.Decision.Due.Equal(at.Add(c.due)), o.Decision.Due)
				if c.row {
					require.Equal(t, 59*time.Minute, o.SinceComplete)
				} else {
					require.Negative(t, o.SinceComplete)
				}
			})
		})
	}
}

func TestOverview_NamesTheNodesOfRuns(t *testing.T) {
	bubble(t, func(t *testing.T) {
		c := newCluster(t)
		c.due()
		n := c.node(cleanup.ModeClean)
		r, err := c.php().Cleanup(t.Context(), cleanup.ExecutorCommand)
		require.NoError(t, err)
		require.Equal(t, cleanup.ResultCompleted, r)
		time.Sleep(7 * time.Hour)
		c.db.Takes = time.Minute
		began := time.Now()
		done := make(chan struct{})
		go func() {
			defer close(done)
			_, err := n.TryRun(t.Context(), cleanup.ExecutorFrontendAPI)
			require.NoError(t, err)
		}()
		time.Sleep(30 * time.Second)
		host, err := os.Hostname()
		require.NoError(t, err)

		o, err := c.node(cleanup.ModeObserve).Overview(t.Context())
		require.NoError(t, err)
		require.NotNil(t, o.Holder)
		require.Equal(t, host, o.Running.Host)
		require.Equal(t, os.Getpid(), o.Running.PID)
		require.WithinDuration(t, began, o.Running.Time, time.Microsecond)
		require.Len(t, o.Runs, 2)
		require.True(t, o.Runs[0].IsGo())
		require.False(t, o.Runs[1].IsGo())
		<-done

		php := c.php()
		php.Database = withClean{c.db, takesTime(time.Minute)}
		go func() {
			_, err := php.Cleanup(t.Context(), cleanup.ExecutorWebCronJob)
			require.NoError(t, err)
		}()
		time.Sleep(30 * time.Second)
		o, err = n.Overview(t.Context())
		require.NoError(t, err)
		require.Nil(t, o.Holder)
		require.NotNil(t, o.Running)
		require.Empty(t, o.Running.Host, "PHP does not say where")
		require.False(t, o.Running.NodeUnknown, "a Go node's would be in the history")
		require.Equal(t, o.Runs[0].ID, o.Running.ID)
		time.Sleep(time.Minute)
		o, err = n.Overview(t.Context())
		require.NoError(t, err)
		require.Nil(t, o.Running)
		runs, err := n.History(t.Context(), 10)
		require.NoError(t, err)
		require.Equal(t, []bool{false, true, false}, []bool{runs[0].IsGo(), runs[1].IsGo(), runs[2].IsGo()})
		require.Equal(t, host, runs[1].Host)
		require.Equal(t, cleanup.ExecutorWebCronJob, runs[0].Executor)
	})
}

// A row names no node: without record and history it may be a Go node's as well.
func TestOverview_ARunWhoseRecordTheCacheLostIsOfAnUnknownNode(t *testing.T) {
	bubble(t, func(t *testing.T) {
		c := newCluster(t)
		c.due()
		c.db.Takes = time.Minute
		done := make(chan struct{})
		go func() {
			defer close(done)
			_, err := c.node(cleanup.ModeClean).TryRun(t.Context(), cleanup.ExecutorFrontendAPI)
			require.NoError(t, err)
		}()
		time.Sleep(5 * time.Second)
		_, err := c.adapter.Flush(t.Context())
		require.NoError(t, err)
		o, err := c.node(cleanup.ModeObserve).Overview(t.Context())
		require.NoError(t, err)
		require.NotNil(t, o.Running)
		require.True(t, o.Running.NodeUnknown)
		require.False(t, o.Running.IsGo())
		time.Sleep(20 * time.Second)
		o, err = c.node(cleanup.ModeObserve).Overview(t.Context())
		require.NoError(t, err)
		require.True(t, o.Running.IsGo(), "the heartbeat has written the record again")
		require.False(t, o.Running.NodeUnknown)
		<-done
	})
}

func TestOverlaps_FindsCleanupsThatRanAtTheSameTime(t *testing.T) {
	n := newCluster(t).node(cleanup.ModeObserve)
	at := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	row := func(id int64, second int, lasts time.Duration, s cleanup.Status) cleanup.Run {
		return cleanup.Run{ID: id, Time: at.Add(time.Duration(second) * time.Second), Duration: lasts, Status: s}
	}
	for name, c := range map[string]struct {
		rows []cleanup.Run
		want [][2]int64
	}{
		"none":                 {},
		"one after the other":  {[]cleanup.Run{row(2, 10, time.Second, 2), row(1, 0, 9*time.Second, 2)}, nil},
		"one within the other": {[]cleanup.Run{row(2, 5, time.Second, 2), row(1, 0, 9*time.Second, 1)}, [][2]int64{{1, 2}}},
		"short, in one second": {[]cleanup.Run{row(2, 0, time.Millisecond, 2), row(1, 0, time.Millisecond, 2)}, [][2]int64{{1, 2}}},
		"beside one that runs": {[]cleanup.Run{row(2, 599, time.Second, 2), row(1, 0, 0, 0)}, [][2]int64{{1, 2}}},
		"after a crashed one":  {[]cleanup.Run{row(2, 600, time.Second, 2), row(1, 0, 0, 0)}, nil},
		"a long one and two": {
			[]cleanup.Run{row(3, 50, time.Second, 2), row(2, 20, time.Second, 2), row(1, 0, time.Minute, 2)},
			[][2]int64{{1, 3}, {1, 2}},
		},
	} {
		var got [][2]int64
		for _, o := range n.Overlaps(c.rows) {
			got = append(got, [2]int64{o.Earlier.ID, o.Later.ID})
		}
		require.Equal(t, c.want, got, name)
	}
}

func TestObserver_GetsRunsAndOverlaps(t *testing.T) {
	bubble(t, func(t *testing.T) {
		c := newCluster(t)
		old := time.Now().Add(-24 * time.Hour)
		for range 2 {
			c.db.Add(cleanup.Run{Time: old, Status: cleanup.StatusComplete})
		}
		c.due()
		var events []cleanup.Event
		n := c.node(cleanup.ModeClean, cleanup.WithObserver(func(_ context.Context, e cleanup.Event) { events = append(events, e) }))
		try := func() cleanup.Event {
			_, err := n.TryRun(t.Context(), cleanup.ExecutorFrontendAPI)
			require.NoError(t, err)
			return events[len(events)-1]
		}
		e := try()
		require.Equal(t, cleanup.ResultCompleted, e.Result)
		require.Empty(t, e.Overlaps, "what was before it began is no news")
		require.Equal(t, guard+time.Second, e.Duration)

		time.Sleep(time.Hour)
		e = try()
		require.Equal(t, cleanup.ResultNotDue, e.Result)
		require.InDelta(t, time.Hour, e.SinceComplete, float64(time.Second))

		at := time.Now()
		for range 2 { // two PHP nodes
			c.db.Add(cleanup.Run{Time: at, Status: cleanup.StatusComplete, Executor: cleanup.ExecutorFrontendAPI})
		}
		e = try()
		require.Len(t, e.Overlaps, 1)
		require.Empty(t, try().Overlaps, "told once")
		o, err := n.Overview(t.Context())
		require.NoError(t, err)
		require.Len(t, o.Overlaps, 2)
	})
}

func TestObserver_GetsAnOverlapOfTheFirstRuns(t *testing.T) {
	bubble(t, func(t *testing.T) {
		c := newCluster(t)
		var last cleanup.Event
		n := c.node(cleanup.ModeClean, cleanup.WithObserver(func(_ context.Context, e cleanup.Event) { last = e }))
		for range 2 {
			_, err := n.TryRun(t.Context(), cleanup.ExecutorFrontendAPI)
			require.NoError(t, err)
			require.Empty(t, last.Overlaps)
		}
		for range 2 {
			c.db.Add(cleanup.Run{Time: time.Now(), Status: cleanup.StatusComplete})
		}
		_, err := n.TryRun(t.Context(), cleanup.ExecutorFrontendAPI)
		require.NoError(t, err)
		require.Len(t, last.Overlaps, 1)
	})
}
