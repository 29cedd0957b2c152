package cleanup_test

import (
	"context"
	"errors"
	"fmt"
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
	"github.com/mosparo/go-cluster/lock/locktest"
)

// lossy loses the reply to Begin.
type lossy struct{ *cleanuptest.Fake }

func (l lossy) Begin(ctx context.Context, at time.Time, by cleanup.Executor) (int64, error) {
	_, err := l.Fake.Begin(ctx, at, by)
	return 0, errors.Join(err, errBroken)
}

// trace writes what the run of a crashed node leaves.
func (c *cluster) trace(r runrecord.Record) {
	c.t.Helper()
	require.NoError(c.t, cache.Write(c.t.Context(), c.pool, runrecord.Key.With(r, time.Hour), cleanup.CleanupStartedAt.With(r.Marker, 0)))
}

func crashedRecord(row int64, by cleanup.Executor, started time.Time) runrecord.Record {
	return runrecord.Record{Row: row, Executor: int(by), Marker: started, Previous: started, Started: started, Host: "gone", PID: 1}
}

func (c *cluster) php() *cleanuptest.PHPNode {
	return &cleanuptest.PHPNode{Pool: c.pool, Database: c.db}
}

func TestTryRun_ARowWhoseReplyWasLostIsWithdrawn(t *testing.T) {
	bubble(t, func(t *testing.T) {
		c := newCluster(t)
		c.due()
		l := lock.New(c.locks)
		defer l.Close()
		n := cleanup.New(c.pool, l, lossy{c.db}, cleanup.WithMode(cleanup.ModeClean))
		a, err := n.TryRun(t.Context(), cleanup.ExecutorCommand)
		require.ErrorIs(t, err, errBroken)
		require.Equal(t, cleanup.ResultUnavailable, a.Result)
		require.Empty(t, c.db.Runs())
		_, _, started := c.times()
		require.Nil(t, started)
		r, err := c.php().Cleanup(t.Context(), cleanup.ExecutorFrontendAPI)
		require.NoError(t, err)
		require.Equal(t, cleanup.ResultCompleted, r, "PHP continues immediately")
	})
}

// The id of the row is saved after the row. A node that crashed in between has left a
// row that nothing names.
func TestTryRun_ACrashBetweenMarkerAndRow(t *testing.T) {
	started := func() time.Time { return time.Now().Add(-20 * time.Second).Truncate(time.Microsecond) }
	for name, c := range map[string]struct {
		rows   func(c *cluster, at time.Time)
		result cleanup.Result
		left   int
	}{
		"no row": {func(*cluster, time.Time) {}, cleanup.ResultCompleted, 1},
		"its row": {func(c *cluster, at time.Time) {
			c.db.Add(cleanup.Run{Time: at, Executor: cleanup.ExecutorFrontendAPI})
		}, cleanup.ResultCompleted, 1},
		"a row of another executor": {func(c *cluster, at time.Time) {
			c.db.Add(cleanup.Run{Time: at, Executor: cleanup.ExecutorWebCronJob})
		}, cleanup.ResultRunPending, 1},
		"a row of another second": {func(c *cluster, at time.Time) {
			c.db.Add(cleanup.Run{Time: at.Add(time.Second), Executor: cleanup.ExecutorFrontendAPI})
		}, cleanup.ResultRunPending, 1},
		"two rows that could be it": {func(c *cluster, at time.Time) {
			c.db.Add(cleanup.Run{Time: at, Executor: cleanup.ExecutorFrontendAPI})
			c.db.Add(cleanup.Run{Time: at, Executor: cleanup.ExecutorFrontendAPI})
		}, cleanup.ResultRunPending, 2},
		"a PHP node has written its marker since": {func(c *cluster, at time.Time) {
			c.db.Add(cleanup.Run{Time: at, Executor: cleanup.ExecutorFrontendAPI})
			require.NoError(c.t, cleanup.CleanupStartedAt.Set(c.t.Context(), c.pool, at.Add(time.Millisecond), 0))
		}, cleanup.ResultAlreadyRunning, 1},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				cl := newCluster(t)
				cl.due()
				at := started()
				cl.trace(crashedRecord(0, cleanup.ExecutorFrontendAPI, at))
				c.rows(cl, at)
				a, err := cl.node(cleanup.ModeClean).TryRun(t.Context(), cleanup.ExecutorFrontendAPI)
				require.NoError(t, err)
				require.Equal(t, c.result, a.Result)
				require.Len(t, cl.db.Runs(), c.left)
				_, err = runrecord.Key.Get(t.Context(), cl.pool)
				require.ErrorIs(t, err, cache.ErrNotFound, "no node finds it again")
			})
		})
	}
}

func TestTryRun_ACrashedForcedRunIsContinuedBeforeTheScheduleIsDue(t *testing.T) {
	bubble(t, func(t *testing.T) {
		c := newCluster(t)
		require.NoError(t, cleanup.NextCleanup.Set(t.Context(), c.pool, time.Now().Add(3*time.Hour), 0))
		started := time.Now().Add(-time.Minute).UTC()
		c.trace(crashedRecord(c.db.Add(cleanup.Run{Time: started, Executor: cleanup.ExecutorCommand}), cleanup.ExecutorCommand, started))
		a, err := c.node(cleanup.ModeClean).TryRun(t.Context(), cleanup.ExecutorFrontendAPI)
		require.NoError(t, err)
		require.Equal(t, cleanup.ResultCompleted, a.Result)
		rows := c.db.Runs()
		require.Equal(t, cleanup.StatusIncomplete, rows[0].Status)
		require.Equal(t, cleanup.ExecutorCommand, rows[0].Executor)
	})
}

// The schedule knows nothing of a forced run, and a run that cannot write to the cache
// plans no continuation itself.
func TestTryRun_TheRestOfAForcedRunIsContinuedBeforeTheScheduleIsDue(t *testing.T) {
	forced := func(c *cluster, faulty *cachetest.Faulty) {
		n := cleanup.New(cache.NewPool(faulty), c.locker(), c.db, cleanup.WithMode(cleanup.ModeClean))
		a, err := n.TryRun(c.t.Context(), cleanup.ExecutorCommand)
		require.Error(c.t, err)
		require.Equal(c.t, cleanup.ResultUnfinished, a.Result)
	}
	for name, interrupt := range map[string]func(c *cluster, faulty *cachetest.Faulty){
		"after it lost its lease": func(c *cluster, faulty *cachetest.Faulty) {
			time.AfterFunc(time.Minute, c.locks.Forget)
			forced(c, faulty)
		},
		"after it could not save its schedule": func(c *cluster, faulty *cachetest.Faulty) {
			c.db.Do = func(context.Context) error { return errBroken }
			faulty.Inject(cachetest.Fault{Op: cachetest.OpSet, Key: string(cleanup.AdditionalCleanup), Err: errBroken})
			forced(c, faulty)
		},
		"after the node that ended it could not begin": func(c *cluster, _ *cachetest.Faulty) {
			started := time.Now().Add(-time.Minute).UTC()
			c.trace(crashedRecord(c.db.Add(cleanup.Run{Time: started, Executor: cleanup.ExecutorCommand}), cleanup.ExecutorCommand, started))
			c.db.Fail = func(op string) error {
				if op == "Begin" {
					return errBroken
				}
				return nil
			}
			_, err := c.node(cleanup.ModeClean).TryRun(c.t.Context(), cleanup.ExecutorFrontendAPI)
			require.ErrorIs(c.t, err, errBroken)
		},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				c := newCluster(t)
				require.NoError(t, cleanup.NextCleanup.Set(t.Context(), c.pool, time.Now().Add(5*time.Hour), 0))
				c.db.Takes, c.db.Round = 20*time.Minute, time.Second
				interrupt(c, cachetest.NewFaulty(c.adapter))
				c.db.Do, c.db.Fail = nil, nil
				time.Sleep(5 * time.Minute)
				a, err := c.node(cleanup.ModeClean).TryRun(t.Context(), cleanup.ExecutorFrontendAPI)
				require.NoError(t, err)
				require.Equal(t, cleanup.ResultCompleted, a.Result)
				_, additional, _ := c.times()
				require.Nil(t, additional, "nothing is left")
			})
		})
	}
}

// A run notes its end before it saves it, so that another node can do the rest.
func TestTryRun_ACrashWhileTheEndIsSaved(t *testing.T) {
	bubble(t, func(t *testing.T) {
		c := newCluster(t)
		require.NoError(t, cleanup.NextCleanup.Set(t.Context(), c.pool, time.Now().Add(6*time.Hour), 0))
		started := time.Now().Add(-time.Minute).UTC()
		r := crashedRecord(c.db.Add(cleanup.Run{Time: started, Executor: cleanup.ExecutorFrontendAPI}), cleanup.ExecutorFrontendAPI, started)
		r.Status, r.DeletedSubmissions, r.Milliseconds = int(cleanup.StatusComplete), 7, 1500
		c.trace(r)
		a, err := c.node(cleanup.ModeClean).TryRun(t.Context(), cleanup.ExecutorFrontendAPI)
		require.NoError(t, err)
		require.Equal(t, cleanup.ResultNotDue, a.Result)
		row := c.db.Runs()[0]
		require.Equal(t, cleanup.StatusComplete, row.Status)
		require.Equal(t, 7, row.DeletedSubmissions)
		require.Equal(t, 1500*time.Millisecond, row.Duration)
		_, _, marker := c.times()
		require.Nil(t, marker)
		require.Zero(t, c.db.Cleans())
	})
}

// The holder of a lease that the lock server has lost learns of it at its next
// renewal. Until then no node may take it for crashed.
func TestTryRun_ALeaseLostByTheServerStartsNoSecondRun(t *testing.T) {
	bubble(t, func(t *testing.T) {
		c := newCluster(t)
		c.due()
		c.db.Takes, c.db.Round = 10*time.Minute, time.Second
		first := make(chan error, 1)
		go func() {
			_, err := c.node(cleanup.ModeClean).TryRun(t.Context(), cleanup.ExecutorFrontendAPI)
			first <- err
		}()
		time.Sleep(95 * time.Second)
		c.locks.Forget()
		forgotten := time.Now()
		second := c.node(cleanup.ModeClean)
		for {
			a, err := second.TryRun(t.Context(), cleanup.ExecutorCommand)
			require.NoError(t, err)
			if a.Result == cleanup.ResultCompleted {
				break
			}
			require.Equal(t, cleanup.ResultAlreadyRunning, a.Result)
			require.NotZero(t, a.RetryAfter)
			time.Sleep(a.RetryAfter)
		}
		require.Less(t, time.Since(forgotten), 10*time.Minute+time.Minute, "it waited for one lease, then went on")
		require.ErrorIs(t, <-first, lock.ErrLost)
		require.Zero(t, c.db.OverlappingCleans())
		require.Equal(t, 2, c.db.Cleans())
	})
}

func TestTryRun_AWrongClockKeepsNoNodeWaiting(t *testing.T) {
	bubble(t, func(t *testing.T) {
		c := newCluster(t)
		c.due()
		started := time.Now().UTC()
		r := crashedRecord(c.db.Add(cleanup.Run{Time: started, Executor: cleanup.ExecutorFrontendAPI}), cleanup.ExecutorFrontendAPI, started)
		r.Alive = started.AddDate(1, 0, 0)
		c.trace(r)
		a, err := c.node(cleanup.ModeClean).TryRun(t.Context(), cleanup.ExecutorFrontendAPI)
		require.NoError(t, err)
		require.Equal(t, cleanup.ResultCompleted, a.Result)
	})
}

func TestTryRun_ANodeThatMustNotCleanEndsNoRun(t *testing.T) {
	bubble(t, func(t *testing.T) {
		c := newCluster(t)
		c.due()
		started := time.Now().Add(-time.Minute).UTC()
		c.trace(crashedRecord(c.db.Add(cleanup.Run{Time: started}), 0, started))
		before := snapshot(t, c)
		for _, m := range []cleanup.Mode{cleanup.ModeClean, cleanup.ModeObserve} {
			n := c.node(m, cleanup.WithCheck(func(context.Context, cleanup.Snapshot) error { return cleanup.ErrRefused }))
			_, err := n.TryRun(t.Context(), cleanup.ExecutorCommand)
			if m == cleanup.ModeClean {
				require.ErrorIs(t, err, cleanup.ErrRefused)
			}
			require.Equal(t, before, snapshot(t, c))
			require.Equal(t, cleanup.StatusUnknown, c.db.Runs()[0].Status)
		}
	})
}

// Every way a run can end, and then: another Go node and PHP continue, at the
// latest when one unfinished interval is over, and with a server that was gone back.
func TestTryRun_EveryOutcomeLeavesAStateToContinueFrom(t *testing.T) {
	type world struct {
		*cluster
		cache *cachetest.Faulty
		locks *locktest.Faulty
		stop  context.CancelFunc
		gone  atomic.Bool // the database
	}
	middle := func(w *world, what func()) {
		w.db.Takes, w.db.Round = time.Minute, time.Second
		time.AfterFunc(10*time.Second+time.Millisecond, what)
	}
	for name, prepare := range map[string]func(w *world){
		"done":       func(*world) {},
		"unfinished": func(w *world) { w.db.Do = func(context.Context) error { return cleanup.ErrPaused } },
		"failed":     func(w *world) { w.db.Do = func(context.Context) error { return errBroken } },
		"panic":      func(w *world) { w.db.Do = func(context.Context) error { panic("oops") } },
		"lost lease": func(w *world) { middle(w, w.cluster.locks.Forget) },
		"cancelled":  func(w *world) { middle(w, w.stop) },
		"cache gone": func(w *world) { middle(w, func() { w.cache.Down() }) },
		"lock gone":  func(w *world) { middle(w, func() { w.locks.Partition(true) }) },
		"database gone": func(w *world) {
			middle(w, func() { w.gone.Store(true) })
		},
		"everything gone": func(w *world) {
			middle(w, func() { w.gone.Store(true); w.cache.Down(); w.locks.Partition(true) })
		},
	} {
		for _, next := range []string{"Go", "PHP"} {
			t.Run(name+", then "+next, func(t *testing.T) {
				bubble(t, func(t *testing.T) {
					w := &world{cluster: newCluster(t)}
					w.cache = cachetest.NewFaulty(w.adapter)
					w.locks = locktest.NewFaulty(w.cluster.locks)
					w.pool = cache.NewPool(w.cache)
					w.db.Fail = func(string) error {
						if w.gone.Load() {
							return errBroken
						}
						return nil
					}
					w.due()
					ctx, cancel := context.WithCancel(t.Context())
					defer cancel()
					w.stop = cancel
					prepare(w)
					l := lock.New(w.locks)
					a, err := cleanup.New(w.pool, l, w.db, cleanup.WithMode(cleanup.ModeClean)).TryRun(ctx, cleanup.ExecutorFrontendAPI)
					l.Close()
					require.Contains(t, []cleanup.Result{cleanup.ResultCompleted, cleanup.ResultUnfinished}, a.Result, err)
					require.Equal(t, 1, w.db.Cleans())
					if name == "done" {
						require.NoError(t, err)
					}

					w.cache.Heal()
					w.locks.Partition(false)
					w.gone.Store(false)
					w.db.Do, w.db.Takes = nil, time.Second
					time.Sleep(10*time.Minute + 2*time.Second)
					if next == "PHP" {
						r, err := w.php().Cleanup(t.Context(), cleanup.ExecutorCommand)
						require.NoError(t, err)
						require.Equal(t, cleanup.ResultCompleted, r)
					} else {
						a, err := w.node(cleanup.ModeClean).TryRun(t.Context(), cleanup.ExecutorCommand)
						require.NoError(t, err)
						require.Equal(t, cleanup.ResultCompleted, a.Result)
						_, err = runrecord.Key.Get(t.Context(), w.pool)
						require.ErrorIs(t, err, cache.ErrNotFound)
						for _, row := range w.db.Runs() {
							require.NotEqual(t, cleanup.StatusUnknown, row.Status, "nothing is left open")
						}
					}
					require.Zero(t, w.db.OverlappingCleans())
					_, additional, started := w.times()
					require.Nil(t, additional)
					require.Nil(t, started)
				})
			})
		}
	}
}

// What a run cannot save is saved by the next Go node that comes, before
// anybody has waited for it.
func TestTryRun_TheNextNodeSavesWhatCouldNotBeSaved(t *testing.T) {
	for _, op := range []string{"Finish", "Withdraw"} {
		t.Run(op, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				c := newCluster(t)
				c.due()
				c.db.Fail = func(o string) error {
					if o == "Begin" && op == "Withdraw" {
						time.AfterFunc(time.Millisecond, func() { c.db.Add(cleanup.Run{Time: time.Now(), Status: cleanup.StatusComplete}) })
					}
					if o == op {
						return errBroken
					}
					return nil
				}
				_, err := c.node(cleanup.ModeClean).TryRun(t.Context(), cleanup.ExecutorFrontendAPI)
				require.ErrorIs(t, err, errBroken)
				c.db.Fail = nil
				a, err := c.node(cleanup.ModeClean).TryRun(t.Context(), cleanup.ExecutorCommand)
				require.NoError(t, err)
				require.Equal(t, cleanup.ResultCompleted, a.Result)
			})
		})
	}
}

// The cache is anybody's. PHP maps status and executor to enums, and cannot
// read a table any longer that has others.
func TestTryRun_ARecordOfAnotherProgramBreaksNoRow(t *testing.T) {
	bubble(t, func(t *testing.T) {
		c := newCluster(t)
		c.due()
		started := time.Now().Add(-time.Minute).UTC().Truncate(time.Second)
		r := crashedRecord(c.db.Add(cleanup.Run{Time: started, Executor: cleanup.ExecutorFrontendAPI}), cleanup.ExecutorFrontendAPI, started)
		r.Status, r.DeletedTokens, r.StoredSubmissions, r.Milliseconds = 7, -1, -2, -3
		r.Started = started.AddDate(100, 0, 0)
		c.trace(r)
		_, err := c.node(cleanup.ModeClean).TryRun(t.Context(), cleanup.ExecutorFrontendAPI)
		require.NoError(t, err)
		require.Equal(t, cleanup.Run{ID: r.Row, Time: started, Executor: cleanup.ExecutorFrontendAPI, Status: cleanup.StatusIncomplete}, c.db.Runs()[0])
	})
}

// A statement that hangs, behind an ALTER TABLE say, or on a connection that is
// gone, would keep PHP nodes out for ever.
func TestTryRun_ACleanerThatHangsKeepsPHPOutForNoLongerThanARound(t *testing.T) {
	for name, heeds := range map[string]bool{"and heeds its context": true, "for good": false} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				c := newCluster(t)
				c.due()
				c.db.Takes, c.db.Round = 2*time.Hour, 10*time.Minute
				wake := make(chan struct{})
				began := time.Now()
				c.db.Do = func(ctx context.Context) error {
					if time.Since(began) < time.Hour { // it goes well at first
						return nil
					}
					if heeds {
						<-ctx.Done()
						return ctx.Err()
					}
					<-wake
					return nil
				}
				done := make(chan error, 1)
				go func() {
					a, err := c.node(cleanup.ModeClean).TryRun(t.Context(), cleanup.ExecutorCommand)
					require.Equal(t, cleanup.ResultUnfinished, a.Result)
					done <- err
				}()
				php := c.php()
				php.Database = withClean{c.db, cleanuptest.NewFake().Clean}
				r := cleanup.ResultRunPending
				for r != cleanup.ResultCompleted {
					time.Sleep(time.Minute)
					require.Less(t, time.Since(began), 3*time.Hour)
					var err error
					r, err = php.Cleanup(t.Context(), cleanup.ExecutorCommand)
					require.NoError(t, err)
				}
				require.Greater(t, time.Since(began), 2*time.Hour-11*time.Minute)
				close(wake)
				require.ErrorIs(t, <-done, cleanup.ErrHung)
			})
		})
	}
}

// The lease of a run is renewed until its cleaner returns, which may still delete.
func TestTryRun_GoNodesWaitForACleanerThatIgnoresItsContext(t *testing.T) {
	bubble(t, func(t *testing.T) {
		c := newCluster(t)
		c.due()
		wake, done := make(chan struct{}), make(chan error)
		hung := withClean{c.db, func(context.Context, cleanup.Job) (cleanup.Report, error) { <-wake; return cleanup.Report{}, nil }}
		go func() {
			_, err := cleanup.New(c.pool, c.locker(), hung, cleanup.WithMode(cleanup.ModeClean)).TryRun(t.Context(), cleanup.ExecutorCommand)
			done <- err
		}()
		for range 3 {
			time.Sleep(24 * time.Hour)
			a, err := c.node(cleanup.ModeClean).TryRun(t.Context(), cleanup.ExecutorCommand)
			require.NoError(t, err)
			require.Equal(t, cleanup.ResultAlreadyRunning, a.Result)
		}
		close(wake)
		require.EqualError(t, <-done, "cleanup: the cleaner hangs")
		a, err := c.node(cleanup.ModeClean).TryRun(t.Context(), cleanup.ExecutorCommand)
		require.NoError(t, err)
		require.Equal(t, cleanup.ResultCompleted, a.Result)
	})
}

func TestTryRun_TheErrorOfAHungCleanerSaysSoOnce(t *testing.T) {
	for name, c := range map[string]struct {
		of   func(context.Context) error
		want string
	}{
		"the cause":          {context.Cause, "cleanup: the cleaner hangs"},
		"a wrapped cause":    {func(ctx context.Context) error { return fmt.Errorf("count: %w", context.Cause(ctx)) }, "cleanup: count: the cleaner hangs"},
		"the error":          {context.Context.Err, "cleanup: the cleaner hangs\ncontext canceled"},
		"the database's own": {func(context.Context) error { return errBroken }, "cleanup: the cleaner hangs\n" + errBroken.Error()},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				cl := newCluster(t)
				db := withClean{cl.db, func(ctx context.Context, _ cleanup.Job) (cleanup.Report, error) {
					<-ctx.Done()
					return cleanup.Report{}, c.of(ctx)
				}}
				_, err := cleanup.New(cl.pool, cl.locker(), db, cleanup.WithMode(cleanup.ModeClean)).TryRun(t.Context(), cleanup.ExecutorCommand)
				require.ErrorIs(t, err, cleanup.ErrHung)
				require.EqualError(t, err, c.want)
			})
		})
	}
}

// A caller that recovers from the panic, as net/http does, must not keep a lease that
// is renewed for ever.
func TestTryRun_APanicOutsideOfTheCleanerFreesTheLock(t *testing.T) {
	bubble(t, func(t *testing.T) {
		c := newCluster(t)
		c.due()
		n := c.node(cleanup.ModeClean, cleanup.WithCheck(func(context.Context, cleanup.Snapshot) error { panic("oops") }))
		require.Panics(t, func() { _, _ = n.TryRun(t.Context(), cleanup.ExecutorFrontendAPI) })
		time.Sleep(time.Minute)
		a, err := c.node(cleanup.ModeClean).TryRun(t.Context(), cleanup.ExecutorFrontendAPI)
		require.NoError(t, err)
		require.Equal(t, cleanup.ResultCompleted, a.Result)
	})
}
