package cleanup_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/mosparo/go-cluster/cache"
	"github.com/mosparo/go-cluster/cache/cachetest"
	"github.com/mosparo/go-cluster/cleanup"
	"github.com/mosparo/go-cluster/cleanup/cleanuptest"
	"github.com/mosparo/go-cluster/cleanup/internal/runrecord"
	"github.com/mosparo/go-cluster/lock"
	"github.com/mosparo/go-cluster/lock/memorylocker"
)

// limited says with which limits it was called.
type limited struct{ last cleanup.Limits }

func (l *limited) Clean(_ context.Context, j cleanup.Job) (cleanup.Report, error) {
	l.last = j.Limits
	return cleanup.Report{Finished: true}, nil
}

func TestTryRun_ExecutorsHaveMosparosLimitsAndNumbers(t *testing.T) {
	for by, want := range map[cleanup.Executor]cleanup.Limits{
		cleanup.ExecutorUnknown:     {Rounds: 10, Time: 1500 * time.Millisecond},
		cleanup.ExecutorCommand:     {},
		cleanup.ExecutorFrontendAPI: {Rounds: 10, Time: 1500 * time.Millisecond},
		cleanup.ExecutorWebCronJob:  {},
	} {
		t.Run(by.String(), func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				c := newCluster(t)
				c.due()
				l := lock.New(c.locks)
				defer l.Close()
				work := &limited{}
				a, err := cleanup.New(c.pool, l, withClean{c.db, work.Clean}, cleanup.WithMode(cleanup.ModeClean)).TryRun(t.Context(), by)
				require.NoError(t, err)
				require.Equal(t, cleanup.ResultCompleted, a.Result)
				work.last.Between = nil
				require.Equal(t, want, work.last)
				require.Equal(t, by, c.db.Runs()[0].Executor)
				require.EqualValues(t, 2, c.db.Runs()[0].Status)
			})
		})
	}
}

// PHP maps the column to an enum, and fails on any other number.
func TestTryRun_RefusesAnExecutorThatMosparoDoesNotKnow(t *testing.T) {
	bubble(t, func(t *testing.T) {
		c := newCluster(t)
		c.due()
		for _, by := range []cleanup.Executor{-1, 4} {
			a, err := c.node(cleanup.ModeClean).TryRun(t.Context(), by)
			require.ErrorIs(t, err, cleanup.ErrRefused)
			require.Equal(t, cleanup.ResultRefused, a.Result)
			require.Empty(t, c.db.Runs())
		}
	})
}

func TestTryRun_GracePeriodIsForTheFrontendOnly(t *testing.T) {
	bubble(t, func(t *testing.T) {
		c := newCluster(t)
		c.due()
		l := lock.New(c.locks)
		defer l.Close()
		p := cleanup.Policy{GracePeriod: true}
		run := func(d time.Duration, opts ...cleanup.Option) {
			ctx, cancel := context.WithTimeout(t.Context(), d)
			defer cancel()
			require.NoError(t, cleanup.New(c.pool, l, c.db, append(opts, cleanup.WithMode(cleanup.ModeClean), cleanup.WithPolicy(p))...).Run(ctx))
		}
		run(22 * time.Hour)
		require.Zero(t, c.db.Cleans(), "it leaves the cron job time to come first")
		run(2 * time.Hour)
		require.Equal(t, 1, c.db.Cleans())
	})
}

func TestRun_AsTheCronJobObeysTheScheduleWithoutGracePeriod(t *testing.T) {
	bubble(t, func(t *testing.T) {
		c := newCluster(t)
		c.due()
		l := lock.New(c.locks)
		defer l.Close()
		ctx, cancel := context.WithTimeout(t.Context(), 13*time.Hour)
		defer cancel()
		n := cleanup.New(c.pool, l, c.db, cleanup.WithMode(cleanup.ModeClean), cleanup.WithPolicy(cleanup.Policy{GracePeriod: true}), cleanup.WithExecutor(cleanup.ExecutorCommand))
		require.NoError(t, n.Run(ctx))
		require.Equal(t, 3, c.db.Cleans(), "immediately, and after 6 and 12 hours")
		require.Equal(t, cleanup.ExecutorCommand, c.db.Runs()[0].Executor)
	})
}

// A node reads the newest 50 rows. When some of them are withdrawn, older ones move
// up.
func TestTryRun_AnOldRowThatMovesUpIsNoConcurrentRun(t *testing.T) {
	bubble(t, func(t *testing.T) {
		c := newCluster(t)
		c.due()
		for i := range 60 {
			c.db.Add(cleanup.Run{Time: time.Now().Add(time.Duration(i-100) * time.Hour), Status: cleanup.StatusComplete})
		}
		for range 3 {
			old := c.db.Add(cleanup.Run{Time: time.Now().Add(-50 * time.Hour)})
			time.AfterFunc(100*time.Millisecond, func() { require.NoError(t, c.db.Withdraw(context.Background(), old)) })
		}
		a, err := c.node(cleanup.ModeClean).TryRun(t.Context(), cleanup.ExecutorFrontendAPI)
		require.NoError(t, err)
		require.Equal(t, cleanup.ResultCompleted, a.Result)
	})
}

func TestTryRun_AForcedRunOfAFreshClusterCleans(t *testing.T) {
	bubble(t, func(t *testing.T) {
		c := newCluster(t)
		a, err := c.node(cleanup.ModeClean).TryRun(t.Context(), cleanup.ExecutorCommand)
		require.NoError(t, err)
		require.Equal(t, cleanup.ResultCompleted, a.Result)
		require.Equal(t, 1, c.db.Cleans())
	})
}

// deaf does not heed the error of Between.
type deaf struct{}

func (deaf) Clean(ctx context.Context, j cleanup.Job) (cleanup.Report, error) {
	time.Sleep(time.Second)
	_ = j.Limits.Between(ctx)
	return cleanup.Report{Finished: true}, nil
}

func TestTryRun_ACleanerThatContinuesBesideAConcurrentRunIsNotComplete(t *testing.T) {
	bubble(t, func(t *testing.T) {
		c := newCluster(t)
		c.due()
		l := lock.New(c.locks)
		defer l.Close()
		time.AfterFunc(500*time.Millisecond, func() { c.db.Add(cleanup.Run{Time: time.Now()}) })
		a, err := cleanup.New(c.pool, l, withClean{c.db, deaf{}.Clean}, cleanup.WithMode(cleanup.ModeClean)).TryRun(t.Context(), cleanup.ExecutorFrontendAPI)
		require.NoError(t, err)
		require.Equal(t, cleanup.ResultUnfinished, a.Result)
		require.ErrorIs(t, a.Stopped, cleanup.ErrConcurrentRun)
	})
}

func TestTryRun_ALongRunLeavesAPHPNodesMarkerAlone(t *testing.T) {
	bubble(t, func(t *testing.T) {
		c := newCluster(t)
		c.due()
		c.db.Takes = 10 * time.Minute
		theirs := time.Now().Add(time.Minute)
		time.AfterFunc(time.Minute, func() { require.NoError(t, cleanup.CleanupStartedAt.Set(context.Background(), c.pool, theirs, 0)) })
		_, err := c.node(cleanup.ModeClean).TryRun(t.Context(), cleanup.ExecutorCommand)
		require.NoError(t, err)
		_, _, started := c.times()
		require.NotNil(t, started)
		require.WithinDuration(t, theirs, *started, time.Microsecond)
	})
}

func TestTryRun_ANodeThatALeaseKeepsWaitingReturnsWhenItExpires(t *testing.T) {
	bubble(t, func(t *testing.T) {
		c := newCluster(t)
		c.due()
		_, err := c.locks.Acquire(t.Context(), cleanup.LockName, lock.Claim{Token: "of a crashed node"}, 20*time.Second)
		require.NoError(t, err)
		a, err := c.node(cleanup.ModeClean).TryRun(t.Context(), cleanup.ExecutorFrontendAPI)
		require.NoError(t, err)
		require.Equal(t, cleanup.ResultAlreadyRunning, a.Result)
		require.WithinRange(t, time.Now().Add(a.RetryAfter), time.Now().Add(20*time.Second), time.Now().Add(22*time.Second))
	})
}

// One minute is the shortest unfinished interval, and all that forced PHP runs
// look at. The cache is flushed in the middle.
func TestTryRun_LongRunWithTheShortestIntervalAndAFlush(t *testing.T) {
	bubble(t, func(t *testing.T) {
		c := newCluster(t)
		c.due()
		c.db.Takes, c.db.Round = 30*time.Minute, time.Second
		p := cleanup.Policy{UnfinishedInterval: time.Minute}
		l := lock.New(c.locks)
		defer l.Close()
		done := make(chan cleanup.Attempt)
		go func() {
			a, err := cleanup.New(c.pool, l, c.db, cleanup.WithMode(cleanup.ModeClean), cleanup.WithPolicy(p)).TryRun(t.Context(), cleanup.ExecutorCommand)
			require.NoError(t, err)
			done <- a
		}()
		php := c.php()
		php.Policy = p
		for i := range 29 {
			time.Sleep(time.Minute)
			if i == 10 {
				_, err := c.adapter.Flush(t.Context())
				require.NoError(t, err)
			}
			r, err := php.Cleanup(t.Context(), cleanup.ExecutorCommand)
			require.NoError(t, err)
			require.Equal(t, cleanup.ResultRunPending, r)
			if i > 12 {
				_, _, started := c.times()
				require.NotNil(t, started, "the marker is written again")
				require.Less(t, time.Since(*started), 5*time.Minute)
				record, err := runrecord.Key.Get(t.Context(), c.pool)
				require.NoError(t, err)
				require.True(t, record.Alive.After(time.Now()))
			}
		}
		require.Equal(t, cleanup.ResultCompleted, (<-done).Result)
		require.Equal(t, 1, c.db.Cleans())
	})
}

func TestCheckVersion(t *testing.T) {
	for _, c := range []struct {
		installed bool
		version   string
		ok        bool
	}{
		{true, "1.5.0", true},
		{true, "1.5.4", true},
		{true, "1.5.12", true},
		{true, "1.4.9", false},
		{true, "1.6.0", false},
		{true, "1.50.1", false},
		{true, "1.5", false},
		{true, "1.5.", false},
		{true, "1.5.4-beta1", false},
		{true, "2.0.0", false},
		{true, "", false},
		{false, "1.5.4", false},
	} {
		err := cleanup.CheckVersion(c.installed, c.version)
		if c.ok {
			require.NoError(t, err, c.version)
		} else {
			require.ErrorIs(t, err, cleanup.ErrRefused, c.version)
		}
	}
}

// mosparo is updated while the node runs.
func TestRun_StopsCleaningWhenMosparoIsUpdated(t *testing.T) {
	bubble(t, func(t *testing.T) {
		c := newCluster(t)
		c.due()
		var updated atomic.Bool
		n := c.node(cleanup.ModeClean, cleanup.WithCheck(func(context.Context, cleanup.Snapshot) error {
			if updated.Load() {
				return cleanup.CheckVersion(true, "1.6.0")
			}
			return cleanup.CheckVersion(true, "1.5.4")
		}))
		ctx, cancel := context.WithTimeout(t.Context(), 48*time.Hour)
		defer cancel()
		time.AfterFunc(13*time.Hour, func() { updated.Store(true) })
		require.NoError(t, n.Run(ctx))
		require.Equal(t, 3, c.db.Cleans())
	})
}

func TestRun_FollowsAScheduleThatWasBroughtForward(t *testing.T) {
	bubble(t, func(t *testing.T) {
		c := newCluster(t)
		require.NoError(t, cleanup.NextCleanup.Set(t.Context(), c.pool, time.Now().Add(6*time.Hour), 0))
		ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
		defer cancel()
		time.AfterFunc(20*time.Minute, c.due)
		n := c.node(cleanup.ModeClean)
		began := time.Now()
		c.db.Do = func(context.Context) error {
			require.Less(t, time.Since(began), 20*time.Minute+time.Minute+2*time.Second)
			return nil
		}
		require.NoError(t, n.Run(ctx))
		require.Equal(t, 1, c.db.Cleans())
	})
}

func TestRun_SleepsUntilDueAndStartsWithinSeconds(t *testing.T) {
	bubble(t, func(t *testing.T) {
		c := newCluster(t)
		due := time.Now().Add(90*time.Minute + 17*time.Second)
		require.NoError(t, cleanup.NextCleanup.Set(t.Context(), c.pool, due, 0))
		ctx, cancel := context.WithTimeout(t.Context(), 2*time.Hour)
		defer cancel()
		require.NoError(t, c.node(cleanup.ModeClean).Run(ctx))
		rows := c.db.Runs()
		require.Len(t, rows, 1)
		require.WithinRange(t, rows[0].Time, due, due.Add(2*time.Second))
	})
}

func TestRun_EndsInOrder(t *testing.T) {
	bubble(t, func(t *testing.T) {
		c := newCluster(t)
		c.due()
		c.db.Takes, c.db.Round = time.Hour, time.Second
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		require.NoError(t, c.node(cleanup.ModeClean).Run(ctx))
		require.Equal(t, cleanup.StatusIncomplete, c.db.Runs()[0].Status)
		_, additional, started := c.times()
		require.NotNil(t, additional)
		require.Nil(t, started)
	})
}

func TestRun_TriesAgainSoonAfterAnOutage(t *testing.T) {
	bubble(t, func(t *testing.T) {
		c := newCluster(t)
		c.due()
		var back atomic.Bool
		var reads atomic.Int64
		c.db.Fail = func(string) error {
			if back.Load() {
				return nil
			}
			reads.Add(1)
			return errBroken
		}
		time.AfterFunc(3*time.Hour, func() { back.Store(true) })
		began := time.Now()
		ctx, cancel := context.WithTimeout(t.Context(), 4*time.Hour)
		defer cancel()
		n := c.node(cleanup.ModeClean)
		require.NoError(t, n.Run(ctx))
		rows := c.db.Runs()
		require.Len(t, rows, 1)
		require.Less(t, rows[0].Time.Sub(began), 3*time.Hour+time.Minute+time.Second)
		require.Less(t, reads.Load(), int64(6*60+10), "and not too often meanwhile")
	})
}

// hangs never answers.
type hangs struct{ *cleanuptest.Fake }

func (hangs) Recent(ctx context.Context, _ int) ([]cleanup.Run, error) {
	<-ctx.Done()
	return nil, ctx.Err()
}

func TestTryRun_ADatabaseThatHangsDoesNotHangTheScheduler(t *testing.T) {
	bubble(t, func(t *testing.T) {
		c := newCluster(t)
		c.due()
		l := lock.New(c.locks)
		defer l.Close()
		began := time.Now()
		a, err := cleanup.New(c.pool, l, hangs{c.db}, cleanup.WithMode(cleanup.ModeClean)).TryRun(t.Context(), cleanup.ExecutorCommand)
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.Equal(t, cleanup.ResultUnavailable, a.Result)
		require.Less(t, time.Since(began), time.Minute)
	})
}

// logged are the messages of a scheduler with their attributes.
func logged(b *bytes.Buffer) (lines []map[string]any) {
	for line := range strings.Lines(b.String()) {
		var m map[string]any
		if json.Unmarshal([]byte(line), &m) == nil {
			lines = append(lines, m)
		}
	}
	return lines
}

func TestRun_LogsOneLineARun(t *testing.T) {
	bubble(t, func(t *testing.T) {
		c := newCluster(t)
		c.due()
		var out bytes.Buffer
		n := c.node(cleanup.ModeClean, cleanup.WithLogger(slog.New(slog.NewJSONHandler(&out, nil))))
		ctx, cancel := context.WithTimeout(t.Context(), 13*time.Hour)
		defer cancel()
		require.NoError(t, n.Run(ctx))
		require.Equal(t, 3, c.db.Cleans())
		var runs []map[string]any
		for _, l := range logged(&out) {
			if l["msg"] == "cleanup" {
				runs = append(runs, l)
			}
		}
		require.Len(t, runs, 3)
		require.Equal(t, "completed", runs[0]["result"])
		require.Equal(t, "regular_schedule", runs[0]["reason"])
		require.Contains(t, runs[0], "duration")
		require.Contains(t, runs[0], "deleted_rows")
	})
}

func TestRun_LogsOnceWhatPreventsACleanup(t *testing.T) {
	bubble(t, func(t *testing.T) {
		c := newCluster(t)
		c.due()
		require.NoError(t, cleanup.AdditionalCleanup.Set(t.Context(), c.pool, time.Now().AddDate(0, 1, 0), 0))
		var out bytes.Buffer
		n := c.node(cleanup.ModeClean, cleanup.WithLogger(slog.New(slog.NewJSONHandler(&out, nil))),
			cleanup.WithCheck(func(context.Context, cleanup.Snapshot) error { return cleanup.ErrRefused }))
		ctx, cancel := context.WithTimeout(t.Context(), 6*time.Hour)
		defer cancel()
		require.NoError(t, n.Run(ctx))
		require.Equal(t, 1, strings.Count(out.String(), `"refused"`))
		require.Equal(t, 1, strings.Count(out.String(), "mosparoAdditionalCleanup is"))
	})
}

// Errors of connections name ports, which are others every time.
func TestTryRun_LogsOnceForAllRequestsThatAServerIsUnavailable(t *testing.T) {
	bubble(t, func(t *testing.T) {
		c := newCluster(t)
		c.due()
		port := 40000
		c.db.Fail = func(string) error {
			port++
			return fmt.Errorf("dial tcp 10.0.0.1:%d->10.0.0.2:3306: connection refused", port)
		}
		var out bytes.Buffer
		n := c.node(cleanup.ModeClean, cleanup.WithLogger(slog.New(slog.NewJSONHandler(&out, nil))))
		for range 10 {
			_, err := n.TryRun(t.Context(), cleanup.ExecutorFrontendAPI)
			require.Error(t, err)
		}
		require.Len(t, logged(&out), 1)
	})
}

func TestTryRun_LogsOnceThatALongRunCannotSendItsHeartbeat(t *testing.T) {
	bubble(t, func(t *testing.T) {
		c := newCluster(t)
		c.due()
		c.db.Takes, c.db.Round = 30*time.Minute, time.Second
		faulty := cachetest.NewFaulty(c.adapter)
		c.pool = cache.NewPool(faulty)
		for _, at := range []time.Duration{5 * time.Minute, 15 * time.Minute} {
			time.AfterFunc(at, func() { time.AfterFunc(5*time.Minute, faulty.Down()) })
		}
		var out bytes.Buffer
		n := c.node(cleanup.ModeClean, cleanup.WithLogger(slog.New(slog.NewJSONHandler(&out, nil))))
		a, err := n.TryRun(t.Context(), cleanup.ExecutorCommand)
		require.NoError(t, err)
		require.Equal(t, cleanup.ResultCompleted, a.Result)
		require.Equal(t, 2, strings.Count(out.String(), "heartbeat of the run failed"), "once each time that the cache is gone")
	})
}

func TestTryRun_ALongRunContinuesBesideAMarkerThatIsNoTime(t *testing.T) {
	bubble(t, func(t *testing.T) {
		c := newCluster(t)
		c.due()
		c.db.Takes, c.db.Round = 30*time.Minute, time.Second
		junk := cache.Item{Key: string(cleanup.CleanupStartedAt), Value: []byte("junk")}
		time.AfterFunc(time.Minute, func() { require.NoError(t, c.adapter.Set(context.Background(), junk)) })
		var out bytes.Buffer
		n := c.node(cleanup.ModeClean, cleanup.WithLogger(slog.New(slog.NewJSONHandler(&out, nil))))
		a, err := n.TryRun(t.Context(), cleanup.ExecutorCommand)
		require.NoError(t, err)
		require.Equal(t, cleanup.ResultCompleted, a.Result)
		require.NotContains(t, out.String(), "heartbeat of the run failed")
		require.Equal(t, "junk", snapshot(t, c)[junk.Key], "it is another program's")
	})
}

func TestScheduleOfAWrongClockIsBoundedAndReported(t *testing.T) {
	at := time.Now()
	for name, c := range map[string]struct {
		key  cache.Key[time.Time]
		time time.Duration
		row  time.Duration
		warn string
		runs bool
	}{
		"next far ahead":         {cleanup.NextCleanup, 26 * time.Hour, -7 * time.Hour, "mosparoNextCleanup", true},
		"next just ahead":        {cleanup.NextCleanup, 24 * time.Hour, -7 * time.Hour, "", false},
		"additional far ahead":   {cleanup.AdditionalCleanup, 7 * time.Hour, -7 * time.Hour, "mosparoAdditionalCleanup", true},
		"additional just ahead":  {cleanup.AdditionalCleanup, 6 * time.Hour, -7 * time.Hour, "", false},
		"marker ahead":           {cleanup.CleanupStartedAt, time.Hour, -7 * time.Hour, "mosparoCleanupStartedAt", true},
		"next long ago":          {cleanup.NextCleanup, -100 * 24 * time.Hour, -7 * time.Hour, "more than two days ago", true},
		"a row in the future":    {cleanup.NextCleanup, -time.Minute, 3 * time.Hour, "in the future", true},
		"a row a little earlier": {cleanup.NextCleanup, -time.Minute, 2 * time.Minute, "", true},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				cl := newCluster(t)
				at = time.Now()
				cl.db.Add(cleanup.Run{Time: at.Add(c.row), Status: cleanup.StatusComplete})
				require.NoError(t, c.key.Set(t.Context(), cl.pool, at.Add(c.time), 0))
				n := cl.node(cleanup.ModeClean)
				o, err := n.Overview(t.Context())
				require.NoError(t, err)
				if c.warn == "" {
					require.Empty(t, o.Warnings)
				} else {
					require.Len(t, o.Warnings, 1)
					require.Contains(t, o.Warnings[0], c.warn)
				}
				a, err := n.TryRun(t.Context(), cleanup.ExecutorFrontendAPI)
				require.NoError(t, err)
				require.Equal(t, c.runs, a.Result == cleanup.ResultCompleted)
			})
		})
	}
}

func TestRun_ANodeThatObservesComparesItselfWithPHP(t *testing.T) {
	bubble(t, func(t *testing.T) {
		c := newCluster(t)
		require.NoError(t, cleanup.NextCleanup.Set(t.Context(), c.pool, time.Now().Add(time.Hour), 0))
		before := snapshot(t, c)
		var out bytes.Buffer
		n := c.node(cleanup.ModeObserve, cleanup.WithLogger(slog.New(slog.NewJSONHandler(&out, nil))))
		ctx, cancel := context.WithTimeout(t.Context(), 90*time.Minute)
		defer cancel()
		var all sync.WaitGroup
		all.Go(func() { require.NoError(t, n.Run(ctx)) })
		time.Sleep(70 * time.Minute)
		require.Equal(t, before, snapshot(t, c))
		r, err := c.php().Cleanup(t.Context(), cleanup.ExecutorFrontendAPI)
		require.NoError(t, err)
		require.Equal(t, cleanup.ResultCompleted, r)
		all.Wait()
		var told []string
		for _, l := range logged(&out) {
			told = append(told, l["msg"].(string))
			if l["msg"] == "another node has cleaned" {
				require.InDelta(t, float64(10*time.Minute), l["delay"], float64(time.Second))
			}
		}
		require.Equal(t, []string{"cleanup", "the cleanup is due; this node only observes", "another node has cleaned"}, told)
	})
}

// Locks that are not shared, such as those of a temporary directory on each
// node, leave Go nodes to the handshake.
func TestTryRun_WithoutASharedLockTheHandshakeKeepsGoNodesApart(t *testing.T) {
	bubble(t, func(t *testing.T) {
		c := newCluster(t)
		c.db.Takes, c.db.Round = 3*time.Second, 500*time.Millisecond
		var nodes []*cleanup.Scheduler
		for range 3 {
			l := lock.New(memorylocker.New())
			t.Cleanup(l.Close)
			nodes = append(nodes, cleanup.New(c.pool, l, c.db, cleanup.WithMode(cleanup.ModeClean)))
		}
		for round := range 30 {
			c.due()
			var all sync.WaitGroup
			for i, n := range nodes {
				all.Go(func() {
					time.Sleep(time.Duration(i*round) * 20 * time.Millisecond)
					for {
						a, err := n.TryRun(t.Context(), cleanup.ExecutorFrontendAPI)
						require.NoError(t, err)
						if a.RetryAfter == 0 {
							return
						}
						time.Sleep(a.RetryAfter)
					}
				})
			}
			all.Wait()
			require.Equal(t, round+1, c.db.Cleans())
			time.Sleep(time.Hour)
		}
		require.Zero(t, c.db.OverlappingCleans())
	})
}
