package cleanup_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/mosparo/go-cluster/cache"
	"github.com/mosparo/go-cluster/cache/cachetest"
	"github.com/mosparo/go-cluster/cache/memoryadapter"
	"github.com/mosparo/go-cluster/cleanup"
	"github.com/mosparo/go-cluster/cleanup/cleanuptest"
	"github.com/mosparo/go-cluster/cleanup/internal/runrecord"
	"github.com/mosparo/go-cluster/lock"
	"github.com/mosparo/go-cluster/lock/memorylocker"
)

// cluster is what the nodes of a test share.
type cluster struct {
	t       *testing.T
	adapter *memoryadapter.Adapter
	pool    *cache.Pool
	locks   *memorylocker.Backend
	db      *cleanuptest.Fake
}

func newCluster(t *testing.T) *cluster {
	a, db := memoryadapter.New(), cleanuptest.NewFake()
	db.Takes = time.Second
	return &cluster{t: t, adapter: a, pool: cache.NewPool(a), locks: memorylocker.New(), db: db}
}

// locker is the locker of one Go node.
func (c *cluster) locker() *lock.Locker {
	l := lock.New(c.locks)
	c.t.Cleanup(l.Close)
	return l
}

// node is a Go node with a locker of its own.
func (c *cluster) node(m cleanup.Mode, opts ...cleanup.Option) *cleanup.Scheduler {
	return cleanup.New(c.pool, c.locker(), c.db, append(opts, cleanup.WithMode(m))...)
}

// nodeWith is a node with other settings.
func (c *cluster) nodeWith(p cleanup.Policy, m cleanup.Mode) *cleanup.Scheduler {
	return c.node(m, cleanup.WithPolicy(p))
}

// guard is the default guard time.
const guard = 250 * time.Millisecond

// pauseKey is where a pause is.
const pauseKey cache.Key[cleanup.Pause] = "mosparoGoPause"

// cleanFunc cleans as the Clean of a database does.
type cleanFunc = func(context.Context, cleanup.Job) (cleanup.Report, error)

// withClean is a database that cleans in another way.
type withClean struct {
	cleanup.Database
	clean cleanFunc
}

func (w withClean) Clean(ctx context.Context, j cleanup.Job) (cleanup.Report, error) {
	return w.clean(ctx, j)
}

// takesTime is a cleaning that nothing counts.
func takesTime(d time.Duration) cleanFunc {
	db := cleanuptest.NewFake()
	db.Takes = d
	return db.Clean
}

// due makes the cleanup due since an hour.
func (c *cluster) due() {
	require.NoError(c.t, cleanup.NextCleanup.Set(c.t.Context(), c.pool, time.Now().Add(-time.Hour), 0))
}

// times reads the three keys; nil is null or absent.
func (c *cluster) times() (next, additional, started *time.Time) {
	c.t.Helper()
	get := func(k cache.Key[time.Time]) *time.Time {
		v, err := k.Get(context.Background(), c.pool)
		if errors.Is(err, cache.ErrNotFound) || errors.Is(err, cache.ErrNull) {
			return nil
		}
		require.NoError(c.t, err)
		return &v
	}
	return get(cleanup.NextCleanup), get(cleanup.AdditionalCleanup), get(cleanup.CleanupStartedAt)
}

func bubble(t *testing.T, f func(t *testing.T)) {
	t.Helper()
	synctest.Test(t, f)
}

func TestTryRun_CleansWhenDue(t *testing.T) {
	bubble(t, func(t *testing.T) {
		c := newCluster(t)
		c.due()
		began := time.Now()
		a, err := c.node(cleanup.ModeClean).TryRun(t.Context(), cleanup.ExecutorFrontendAPI)
		require.NoError(t, err)
		require.Equal(t, cleanup.ResultCompleted, a.Result)
		require.Equal(t, time.Second, a.Duration)
		require.Equal(t, guard+time.Second, time.Since(began))

		next, additional, started := c.times()
		require.True(t, next.Equal(time.Now().Add(6*time.Hour)))
		require.Nil(t, additional)
		require.Nil(t, started)
		for _, key := range []cache.Key[time.Time]{cleanup.CleanupStartedAt, cleanup.AdditionalCleanup} {
			_, err = key.Get(t.Context(), c.pool)
			require.ErrorIs(t, err, cache.ErrNull, "null is stored, as by PHP")
		}
		_, err = runrecord.Key.Get(t.Context(), c.pool)
		require.ErrorIs(t, err, cache.ErrNotFound)
		rows := c.db.Runs()
		require.Len(t, rows, 1)
		require.Equal(t, cleanup.StatusComplete, rows[0].Status)
		require.Equal(t, cleanup.ExecutorFrontendAPI, rows[0].Executor)
		require.True(t, rows[0].Time.Equal(began), "the row has the time of the start")

		a, err = c.node(cleanup.ModeClean).TryRun(t.Context(), cleanup.ExecutorFrontendAPI)
		require.NoError(t, err)
		require.Equal(t, cleanup.ResultNotDue, a.Result)
	})
}

func TestTryRun_ANodeThatObservesWritesNothing(t *testing.T) {
	bubble(t, func(t *testing.T) {
		c := newCluster(t)
		c.due()
		before := snapshot(t, c)
		a, err := c.node(cleanup.ModeObserve).TryRun(t.Context(), cleanup.ExecutorFrontendAPI)
		require.NoError(t, err)
		require.Equal(t, cleanup.ResultObserved, a.Result)
		require.Equal(t, before, snapshot(t, c))
		require.Empty(t, c.db.Runs())
		_, err = c.locks.Holder(t.Context(), cleanup.LockName)
		require.ErrorIs(t, err, lock.ErrNotHeld)
		require.Zero(t, c.db.Cleans())
	})
}

func snapshot(t *testing.T, c *cluster) map[string]string {
	t.Helper()
	all := map[string]string{}
	for key, err := range c.adapter.List(t.Context(), "") {
		require.NoError(t, err)
		v, err := c.adapter.Get(t.Context(), key)
		require.NoError(t, err)
		all[key] = string(v[0])
	}
	return all
}

func TestTryRun_FreshClusterGetsAScheduleAndNoRun(t *testing.T) {
	bubble(t, func(t *testing.T) {
		c := newCluster(t)
		a, err := c.node(cleanup.ModeClean).TryRun(t.Context(), cleanup.ExecutorFrontendAPI)
		require.NoError(t, err)
		require.Equal(t, cleanup.ResultNotDue, a.Result)
		next, additional, started := c.times()
		require.True(t, next.Equal(time.Now().Add(6*time.Hour)))
		require.Nil(t, additional)
		require.Nil(t, started)
		require.Len(t, snapshot(t, c), 1, "nothing else")
		require.Empty(t, c.db.Runs())
	})
}

func TestTryRun_AFlushedCacheStartsNoRun(t *testing.T) {
	bubble(t, func(t *testing.T) {
		c := newCluster(t)
		c.db.Add(cleanup.Run{Time: time.Now().Add(-time.Hour), Status: cleanup.StatusComplete})
		a, err := c.node(cleanup.ModeClean).TryRun(t.Context(), cleanup.ExecutorFrontendAPI)
		require.NoError(t, err)
		require.Equal(t, cleanup.ResultNotDue, a.Result)
		require.Empty(t, snapshot(t, c))
	})
}

func TestTryRun_AmongGoNodesOneCleans(t *testing.T) {
	bubble(t, func(t *testing.T) {
		c := newCluster(t)
		for round := range 20 {
			c.due()
			results := make([]cleanup.Attempt, 8)
			var all sync.WaitGroup
			for i := range results {
				n := c.node(cleanup.ModeClean)
				all.Go(func() {
					a, err := n.TryRun(t.Context(), cleanup.ExecutorFrontendAPI)
					require.NoError(t, err)
					results[i] = a
				})
			}
			all.Wait()
			require.Equal(t, round+1, c.db.Cleans())
			time.Sleep(time.Hour)
		}
		require.Zero(t, c.db.OverlappingCleans())
	})
}

func TestTryRun_ForcedRunsTakeTheLockToo(t *testing.T) {
	bubble(t, func(t *testing.T) {
		c := newCluster(t)
		var all sync.WaitGroup
		for range 4 {
			n := c.node(cleanup.ModeClean)
			all.Go(func() {
				_, err := n.TryRun(t.Context(), cleanup.ExecutorCommand)
				require.NoError(t, err)
			})
		}
		all.Wait()
		require.Equal(t, 1, c.db.Cleans())
	})
}

func TestTryRun_APHPNodeThatCleansKeepsGoNodesOut(t *testing.T) {
	bubble(t, func(t *testing.T) {
		c := newCluster(t)
		c.due()
		require.NoError(t, cleanup.CleanupStartedAt.Set(t.Context(), c.pool, time.Now().Add(-time.Minute), 0))
		a, err := c.node(cleanup.ModeClean).TryRun(t.Context(), cleanup.ExecutorFrontendAPI)
		require.NoError(t, err)
		require.Equal(t, cleanup.ResultAlreadyRunning, a.Result)

		c.db.Add(cleanup.Run{Time: time.Now().Add(-time.Minute)})
		a, err = c.node(cleanup.ModeClean).TryRun(t.Context(), cleanup.ExecutorCommand)
		require.NoError(t, err)
		require.Equal(t, cleanup.ResultRunPending, a.Result)
		require.Zero(t, c.db.Cleans())
	})
}

// A PHP node has looked, and wakes up when the Go node has begun.
func TestTryRun_WithdrawsWhenAPHPNodeHasBegunMeanwhile(t *testing.T) {
	for name, takes := range map[string]time.Duration{"still running": time.Minute, "complete again": time.Millisecond} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				c := newCluster(t)
				c.due()
				php := &cleanuptest.PHPNode{Pool: c.pool, Database: withClean{c.db, takesTime(takes)}, Sleep: func() time.Duration { return 0 }, Stall: 50 * time.Millisecond}
				var all sync.WaitGroup
				all.Go(func() {
					r, err := php.Cleanup(t.Context(), cleanup.ExecutorFrontendAPI)
					require.NoError(t, err)
					require.Equal(t, cleanup.ResultCompleted, r)
				})
				time.Sleep(10 * time.Millisecond) // the PHP node stalls between its look and its row
				a, err := c.node(cleanup.ModeClean).TryRun(t.Context(), cleanup.ExecutorFrontendAPI)
				require.NoError(t, err)
				require.Equal(t, cleanup.ResultRunPending, a.Result)
				require.GreaterOrEqual(t, a.RetryAfter, time.Second)
				require.LessOrEqual(t, a.RetryAfter, time.Minute)
				_, _, started := c.times()
				require.Equal(t, takes == time.Minute, started != nil, "PHP's marker was left alone")
				all.Wait()
				rows := c.db.Runs()
				require.Len(t, rows, 1, "our row is withdrawn")
				require.Equal(t, cleanup.StatusComplete, rows[0].Status)
				require.Zero(t, c.db.Cleans())
			})
		})
	}
}

func TestTryRun_StopsBetweenRoundsWhenAPHPNodeStalledForLong(t *testing.T) {
	bubble(t, func(t *testing.T) {
		c := newCluster(t)
		c.due()
		c.db.Takes, c.db.Round = 10*time.Second, time.Second
		time.AfterFunc(2500*time.Millisecond, func() { c.db.Add(cleanup.Run{Time: time.Now(), Executor: cleanup.ExecutorFrontendAPI}) })
		a, err := c.node(cleanup.ModeClean).TryRun(t.Context(), cleanup.ExecutorFrontendAPI)
		require.NoError(t, err)
		require.Equal(t, cleanup.ResultUnfinished, a.Result)
		require.Less(t, a.Duration, 4*time.Second)
		_, additional, _ := c.times()
		require.True(t, additional.Equal(time.Now().Add(10*time.Minute)))
		require.Equal(t, cleanup.StatusIncomplete, c.db.Runs()[0].Status)
	})
}

// Forced PHP runs look at unknown rows younger than the unfinished interval
// only, unforced ones at markers younger than five minutes.
func TestTryRun_LongRunLooksAliveToPHP(t *testing.T) {
	bubble(t, func(t *testing.T) {
		c := newCluster(t)
		c.due()
		c.db.Takes, c.db.Round = time.Hour, time.Second
		php := &cleanuptest.PHPNode{Pool: c.pool, Database: c.db}
		done := make(chan struct{})
		began := time.Now()
		go func() {
			defer close(done)
			a, err := c.node(cleanup.ModeClean).TryRun(t.Context(), cleanup.ExecutorCommand)
			require.NoError(t, err)
			require.Equal(t, cleanup.ResultCompleted, a.Result)
		}()
		for range 59 {
			time.Sleep(time.Minute)
			r, err := php.Cleanup(t.Context(), cleanup.ExecutorFrontendAPI)
			require.NoError(t, err)
			require.Equal(t, cleanup.ResultAlreadyRunning, r)
			r, err = php.Cleanup(t.Context(), cleanup.ExecutorCommand)
			require.NoError(t, err)
			require.Equal(t, cleanup.ResultRunPending, r)
		}
		<-done
		require.Equal(t, 1, c.db.Cleans())
		require.True(t, c.db.Runs()[0].Time.Equal(began))
	})
}

// A node that is gone lets its lease expire; its traces stay. crash is a
// context to whose end no node may react.
func TestTryRun_AnotherNodeContinuesImmediatelyAfterACrash(t *testing.T) {
	bubble(t, func(t *testing.T) {
		c := newCluster(t)
		c.due()
		// The traces of a run in the middle: marker, row, record; the lease is gone.
		started := time.Now().Add(-30 * time.Second)
		id := c.db.Add(cleanup.Run{Time: started, Executor: cleanup.ExecutorFrontendAPI})
		record := runrecord.Record{Row: id, Marker: started, Previous: started, Started: started, Host: "gone", PID: 1}
		require.NoError(t, cache.Write(t.Context(), c.pool, runrecord.Key.With(record, time.Hour), cleanup.CleanupStartedAt.With(started, 0)))

		php := &cleanuptest.PHPNode{Pool: c.pool, Database: c.db}
		r, err := php.Cleanup(t.Context(), cleanup.ExecutorFrontendAPI)
		require.NoError(t, err)
		require.Equal(t, cleanup.ResultAlreadyRunning, r, "PHP waits")

		a, err := c.node(cleanup.ModeClean).TryRun(t.Context(), cleanup.ExecutorFrontendAPI)
		require.NoError(t, err)
		require.Equal(t, cleanup.ResultCompleted, a.Result)
		rows := c.db.Runs()
		require.Equal(t, cleanup.StatusIncomplete, rows[0].Status)
		require.Equal(t, cleanup.StatusComplete, rows[1].Status)
	})
}

func TestTryRun_ACrashedPHPRunBlocksAsItBlocksPHP(t *testing.T) {
	bubble(t, func(t *testing.T) {
		c := newCluster(t)
		c.due()
		crashed := time.Now()
		require.NoError(t, cleanup.CleanupStartedAt.Set(t.Context(), c.pool, crashed, 0))
		c.db.Add(cleanup.Run{Time: crashed})
		n := c.node(cleanup.ModeClean)
		for _, step := range []struct {
			at   time.Duration
			want cleanup.Result
		}{
			{4 * time.Minute, cleanup.ResultAlreadyRunning},
			{6 * time.Minute, cleanup.ResultRunPending},
			{11 * time.Minute, cleanup.ResultCompleted},
		} {
			time.Sleep(time.Until(crashed.Add(step.at)))
			a, err := n.TryRun(t.Context(), cleanup.ExecutorFrontendAPI)
			require.NoError(t, err)
			require.Equal(t, step.want, a.Result, step.at)
		}
	})
}

func TestTryRun_LostLeaseTouchesTheOwnRowOnly(t *testing.T) {
	bubble(t, func(t *testing.T) {
		c := newCluster(t)
		c.due()
		c.db.Takes = time.Minute
		during := make(chan map[string]string, 1)
		time.AfterFunc(5*time.Second, func() {
			c.locks.Forget()
			during <- snapshot(t, c)
		})
		a, err := c.node(cleanup.ModeClean).TryRun(t.Context(), cleanup.ExecutorFrontendAPI)
		require.ErrorIs(t, err, lock.ErrLost)
		require.Equal(t, cleanup.ResultUnfinished, a.Result)
		require.Less(t, a.Duration, 31*time.Second)
		require.Equal(t, <-during, snapshot(t, c), "no key was changed")
		require.Equal(t, cleanup.StatusIncomplete, c.db.Runs()[0].Status)
	})
}

func TestTryRun_EndsInOrderWhenCancelled(t *testing.T) {
	bubble(t, func(t *testing.T) {
		c := newCluster(t)
		c.due()
		c.db.Takes = time.Minute
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		a, err := c.node(cleanup.ModeClean).TryRun(ctx, cleanup.ExecutorFrontendAPI)
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.Equal(t, cleanup.ResultUnfinished, a.Result)
		next, additional, started := c.times()
		require.True(t, next.After(time.Now()))
		require.True(t, additional.Equal(time.Now().Add(10*time.Minute)))
		require.Nil(t, started)
		require.Equal(t, cleanup.StatusIncomplete, c.db.Runs()[0].Status)
		_, err = c.locks.Holder(t.Context(), cleanup.LockName)
		require.ErrorIs(t, err, lock.ErrNotHeld)
	})
}

func TestTryRun_SurvivesAPanicOfTheCleaner(t *testing.T) {
	bubble(t, func(t *testing.T) {
		c := newCluster(t)
		c.due()
		c.db.Do = func(context.Context) error { panic("oops") }
		var log bytes.Buffer
		n := c.node(cleanup.ModeClean, cleanup.WithLogger(slog.New(slog.NewTextHandler(&log, nil))))
		a, err := n.TryRun(t.Context(), cleanup.ExecutorFrontendAPI)
		require.ErrorContains(t, err, "the cleaner panicked: oops")
		require.Contains(t, log.String(), "TestTryRun_SurvivesAPanicOfTheCleaner", "the stack")
		require.Equal(t, cleanup.ResultUnfinished, a.Result)
		_, _, started := c.times()
		require.Nil(t, started)
		require.Equal(t, cleanup.StatusIncomplete, c.db.Runs()[0].Status)
	})
}

func TestTryRun_WithoutTheLockServerThereIsNoRun(t *testing.T) {
	bubble(t, func(t *testing.T) {
		c := newCluster(t)
		c.due()
		l := lock.New(brokenLocks{})
		defer l.Close()
		n := cleanup.New(c.pool, l, c.db, cleanup.WithMode(cleanup.ModeClean))
		before := snapshot(t, c)
		a, err := n.TryRun(t.Context(), cleanup.ExecutorCommand)
		require.ErrorIs(t, err, lock.ErrUnavailable)
		require.Equal(t, cleanup.ResultUnavailable, a.Result)
		require.Equal(t, before, snapshot(t, c))
		require.Empty(t, c.db.Runs())
	})
}

type brokenLocks struct{}

var errBroken = errors.New("broken")

func (brokenLocks) Acquire(context.Context, string, lock.Claim, time.Duration) (uint64, error) {
	return 0, errBroken
}

func (brokenLocks) Renew(context.Context, string, lock.Token, time.Duration) error { return errBroken }

func (brokenLocks) Release(context.Context, string, lock.Token) error { return errBroken }

func (brokenLocks) Properties() lock.Properties { return lock.Properties{} }

func (brokenLocks) Holder(context.Context, string) (lock.Holder, error) {
	return lock.Holder{}, errBroken
}

func TestTryRun_ACheckKeepsTheNodeFromCleaning(t *testing.T) {
	bubble(t, func(t *testing.T) {
		c := newCluster(t)
		c.due()
		before := snapshot(t, c)
		n := c.node(cleanup.ModeClean, cleanup.WithCheck(func(context.Context, cleanup.Snapshot) error {
			return fmt.Errorf("%w: the database is of version 2", cleanup.ErrRefused)
		}))
		a, err := n.TryRun(t.Context(), cleanup.ExecutorCommand)
		require.ErrorIs(t, err, cleanup.ErrRefused)
		require.Equal(t, cleanup.ResultRefused, a.Result)
		require.Equal(t, before, snapshot(t, c))
		require.Empty(t, c.db.Runs())
	})
}

func TestTryRun_ATimeTooFarAheadCountsAsNotSet(t *testing.T) {
	bubble(t, func(t *testing.T) {
		c := newCluster(t)
		c.db.Add(cleanup.Run{Time: time.Now().Add(-7 * time.Hour), Status: cleanup.StatusComplete})
		require.NoError(t, cleanup.NextCleanup.Set(t.Context(), c.pool, time.Now().AddDate(50, 0, 0), 0))
		a, err := c.node(cleanup.ModeClean).TryRun(t.Context(), cleanup.ExecutorFrontendAPI)
		require.NoError(t, err)
		require.Equal(t, cleanup.ResultCompleted, a.Result)
	})
}

// Every step of a run fails once; afterwards another node, Go or PHP, continues.
func TestTryRun_AnyFailureLeavesAStateToContinueFrom(t *testing.T) {
	for _, op := range []string{"Recent", "Begin", "Finish", "Withdraw", "Touch"} {
		for nth := 1; nth <= 4; nth++ {
			t.Run(fmt.Sprintf("%s %d", op, nth), func(t *testing.T) {
				bubble(t, func(t *testing.T) {
					c := newCluster(t)
					c.due()
					n := 0
					c.db.Fail = func(o string) error {
						if o == op {
							if n++; n == nth {
								return errBroken
							}
						}
						return nil
					}
					_, err := c.node(cleanup.ModeClean).TryRun(t.Context(), cleanup.ExecutorFrontendAPI)
					if n < nth {
						require.NoError(t, err)
						return
					}
					c.db.Fail = nil
					time.Sleep(11 * time.Minute)
					runs := c.db.Cleans()
					a, err := c.node(cleanup.ModeClean).TryRun(t.Context(), cleanup.ExecutorCommand)
					require.NoError(t, err)
					require.Equal(t, cleanup.ResultCompleted, a.Result)
					require.Equal(t, runs+1, c.db.Cleans())
				})
			})
		}
	}
}

func TestRun_CleansAgainAndAgainAndOutlastsOutages(t *testing.T) {
	bubble(t, func(t *testing.T) {
		c := newCluster(t)
		c.due()
		faulty := cachetest.NewFaulty(c.adapter)
		c.pool = cache.NewPool(faulty)
		ctx, cancel := context.WithTimeout(t.Context(), 7*24*time.Hour)
		defer cancel()
		var all sync.WaitGroup
		for range 3 {
			n := c.node(cleanup.ModeClean)
			all.Go(func() { require.NoError(t, n.Run(ctx)) })
		}
		time.AfterFunc(50*time.Hour, func() { c.locks.Forget() })
		time.AfterFunc(60*time.Hour, func() { time.AfterFunc(2*time.Hour, faulty.Down()) })
		all.Wait()
		require.Zero(t, c.db.OverlappingCleans())
		require.InDelta(t, 28, c.db.Cleans(), 1, "four a day")
	})
}
