package lock_test

import (
	"context"
	"errors"
	"os"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/mosparo/go-cluster/lock"
	"github.com/mosparo/go-cluster/lock/internal/history"
	"github.com/mosparo/go-cluster/lock/locktest"
	"github.com/mosparo/go-cluster/lock/memorylocker"
)

// nodes are Lockers over one server with faults, one fault source each.
func nodes(t *testing.T, n int, opts ...lock.Option) (*memorylocker.Backend, []*lock.Locker, []*locktest.Faulty) {
	t.Helper()
	b := memorylocker.New()
	var ls []*lock.Locker
	var fs []*locktest.Faulty
	for range n {
		f := locktest.NewFaulty(b)
		l := lock.New(f, opts...)
		t.Cleanup(l.Close)
		ls, fs = append(ls, l), append(fs, f)
	}
	return b, ls, fs
}

func TestLease_IsRenewedAtEveryThird(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, l, f := nodes(t, 1)
		lease, err := l[0].Acquire(t.Context(), "n", lock.WithTTL(30*time.Second))
		require.NoError(t, err)
		time.Sleep(time.Hour + time.Second)
		require.NoError(t, lease.Err())
		require.GreaterOrEqual(t, f[0].Calls(locktest.OpRenew), 360)
		require.LessOrEqual(t, f[0].Calls(locktest.OpRenew), 450, "a fifth sooner at most")
		require.NoError(t, lease.Release(t.Context()))
		require.ErrorIs(t, lease.Err(), lock.ErrReleased)
		require.ErrorIs(t, context.Cause(lease.Context()), lock.ErrReleased)
		require.NoError(t, lease.Release(t.Context()), "a second release is no error")
	})
}

func TestLease_RidesOverAShortOutage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, l, f := nodes(t, 1)
		lease, err := l[0].Acquire(t.Context(), "n", lock.WithTTL(30*time.Second))
		require.NoError(t, err)
		time.Sleep(9 * time.Second)
		f[0].Partition(true)
		time.Sleep(15 * time.Second)
		f[0].Partition(false)
		time.Sleep(time.Minute)
		require.NoError(t, lease.Err())
		require.NoError(t, lease.Release(t.Context()))
	})
}

func TestLease_IsLostByItsDeadlineWhenTheServerIsGone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, l, f := nodes(t, 2)
		sent := time.Now()
		lease, err := l[0].Acquire(t.Context(), "n", lock.WithTTL(30*time.Second))
		require.NoError(t, err)
		f[0].Partition(true)
		<-lease.Context().Done()
		require.Equal(t, 30*time.Second, time.Since(sent))
		require.ErrorIs(t, context.Cause(lease.Context()), lock.ErrLost)
		require.ErrorIs(t, lease.Err(), lock.ErrLost)
		_, err = b.Holder(t.Context(), "n")
		require.ErrorIs(t, err, lock.ErrNotHeld, "the server has not kept it longer")
		other, err := l[1].Acquire(t.Context(), "n")
		require.NoError(t, err)
		require.Greater(t, other.Fence(), lease.Fence())
		require.ErrorIs(t, lease.Release(t.Context()), lock.ErrLost)
		require.NoError(t, other.Err(), "the late release did not free the other's lease")
	})
}

func TestLease_CountsFromBeforeTheRequest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, l, f := nodes(t, 1)
		f[0].Delay(time.Second)
		sent := time.Now()
		lease, err := l[0].Acquire(t.Context(), "n", lock.WithTTL(10*time.Second))
		require.NoError(t, err)
		require.True(t, lease.Expiry().Equal(sent.Add(10*time.Second)))
	})
}

func TestLease_EndsAtOnceWhenARenewalSaysLost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, l, _ := nodes(t, 1)
		lease, err := l[0].Acquire(t.Context(), "n", lock.WithTTL(30*time.Second))
		require.NoError(t, err)
		require.NoError(t, b.Break(t.Context(), "n"))
		began := time.Now()
		<-lease.Context().Done()
		require.LessOrEqual(t, time.Since(began), 10*time.Second, "the next renewal")
		require.GreaterOrEqual(t, time.Since(began), 8*time.Second)
		require.ErrorIs(t, lease.Err(), lock.ErrLost)
	})
}

func TestAcquire_UndoesWhatItMayHaveGot(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, l, f := nodes(t, 1)
		f[0].LoseReply(locktest.OpAcquire)
		_, err := l[0].Acquire(t.Context(), "n", lock.WithTTL(time.Hour))
		require.ErrorIs(t, err, lock.ErrUnavailable)
		require.ErrorIs(t, err, locktest.ErrReplyLost)
		synctest.Wait()
		_, err = b.Holder(t.Context(), "n")
		require.ErrorIs(t, err, lock.ErrNotHeld)
	})
}

func TestAcquire_UndoesAfterAPartition(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, l, f := nodes(t, 1)
		f[0].LoseReply(locktest.OpAcquire)
		_, err := l[0].Acquire(t.Context(), "n", lock.WithTTL(time.Hour))
		require.Error(t, err)
		f[0].Partition(true)
		time.Sleep(time.Minute)
		f[0].Partition(false)
		time.Sleep(10 * time.Second)
		_, err = b.Holder(t.Context(), "n")
		require.ErrorIs(t, err, lock.ErrNotHeld)
	})
}

func TestRelease_ThatIsTriedAgainAndFindsNothingHasWorked(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, l, f := nodes(t, 1)
		lease, err := l[0].Acquire(t.Context(), "n")
		require.NoError(t, err)
		f[0].LoseReply(locktest.OpRelease)
		require.NoError(t, lease.Release(t.Context()))
	})
}

func TestRelease_WorksWithACancelledContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, l, _ := nodes(t, 1)
		ctx, cancel := context.WithCancel(t.Context())
		lease, err := l[0].Acquire(ctx, "n")
		require.NoError(t, err)
		cancel()
		require.NoError(t, lease.Err())
		require.NoError(t, lease.Release(ctx))
		_, err = b.Holder(t.Context(), "n")
		require.ErrorIs(t, err, lock.ErrNotHeld)
	})
}

func TestAcquire_QueuesInOrderInsideAProcess(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, l, f := nodes(t, 1)
		first, err := l[0].Acquire(t.Context(), "n")
		require.NoError(t, err)
		var mu sync.Mutex
		var order []int
		var all sync.WaitGroup
		for i := range 10 {
			all.Go(func() {
				lease, err := l[0].Acquire(t.Context(), "n", lock.WithWait(-1))
				require.NoError(t, err)
				mu.Lock()
				order = append(order, i)
				mu.Unlock()
				time.Sleep(time.Second)
				require.NoError(t, lease.Release(t.Context()))
			})
			synctest.Wait()
		}
		_, err = l[0].Acquire(t.Context(), "n")
		require.ErrorIs(t, err, lock.ErrHeld)
		require.Equal(t, 1, f[0].Calls(locktest.OpAcquire), "no other caller asks the server")
		began := time.Now()
		require.NoError(t, first.Release(t.Context()))
		all.Wait()
		require.Equal(t, []int{0, 1, 2, 3, 4, 5, 6, 7, 8, 9}, order)
		require.Less(t, time.Since(began), 11*time.Second, "a hand-over is immediate, but for those before which others get their chance")
		require.Equal(t, 11, f[0].Calls(locktest.OpAcquire))
	})
}

func TestAcquire_WaitsAsLongAsItWasTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, l, _ := nodes(t, 2)
		lease, err := l[0].Acquire(t.Context(), "n")
		require.NoError(t, err)
		for i := range l { // in the queue of the process, and at the server
			began := time.Now()
			_, err = l[i].Acquire(t.Context(), "n", lock.WithWait(5*time.Second))
			require.ErrorIs(t, err, lock.ErrHeld)
			require.Equal(t, 5*time.Second, time.Since(began))

			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			_, err = l[i].Acquire(ctx, "n", lock.WithWait(-1))
			require.ErrorIs(t, err, context.DeadlineExceeded)
			cancel()
		}
		time.AfterFunc(3*time.Second, func() { _ = lease.Release(context.Background()) })
		began := time.Now()
		_, err = l[1].Acquire(t.Context(), "n", lock.WithWait(time.Minute))
		require.NoError(t, err)
		require.Less(t, time.Since(began), 3*time.Second+2*lock.DefaultPoll)
	})
}

func TestMaxHold_EndsAHolderThatHangs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, l, _ := nodes(t, 1)
		lease, err := l[0].Acquire(t.Context(), "n", lock.WithMaxHold(time.Minute))
		require.NoError(t, err)
		began := time.Now()
		<-lease.Context().Done()
		require.Equal(t, time.Minute, time.Since(began))
		require.ErrorIs(t, lease.Err(), lock.ErrMaxHold)
		synctest.Wait()
		_, err = b.Holder(t.Context(), "n")
		require.ErrorIs(t, err, lock.ErrNotHeld)
	})
}

func TestMinHold_KeepsTheNameAfterAnEarlyRelease(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, l, _ := nodes(t, 2)
		began := time.Now()
		require.NoError(t, l[0].Do(t.Context(), "job", func(context.Context) error {
			time.Sleep(time.Second)
			return nil
		}, lock.WithMinHold(10*time.Minute)))
		_, err := l[1].Acquire(t.Context(), "job")
		require.ErrorIs(t, err, lock.ErrHeld)
		_, err = l[1].Acquire(t.Context(), "job", lock.WithWait(-1))
		require.NoError(t, err)
		require.InDelta(t, 10*time.Minute, time.Since(began), float64(2*lock.DefaultPoll))
	})
}

func TestDo_EndsItsContextWithTheLease(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, l, _ := nodes(t, 1)
		time.AfterFunc(time.Second, b.Forget)
		err := l[0].Do(t.Context(), "n", func(ctx context.Context) error {
			<-ctx.Done()
			return context.Cause(ctx)
		})
		require.ErrorIs(t, err, lock.ErrLost)

		err = l[0].Do(t.Context(), "n", func(context.Context) error {
			b.Forget()
			time.Sleep(time.Minute)
			return nil // it has not looked
		})
		require.ErrorIs(t, err, lock.ErrLost, "the caller learns of it all the same")

		require.PanicsWithValue(t, "oops", func() {
			_ = l[0].Do(t.Context(), "n", func(context.Context) error { panic("oops") })
		})
		_, err = b.Holder(t.Context(), "n")
		require.ErrorIs(t, err, lock.ErrNotHeld, "released although it panicked")
	})
}

func TestDo_ACallerThatLostTheNameMayTryAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, l, _ := nodes(t, 1)
		for range 500 {
			time.AfterFunc(time.Second, b.Forget)
			err := l[0].Do(t.Context(), "n", func(ctx context.Context) error {
				<-ctx.Done()
				return nil
			})
			require.ErrorIs(t, err, lock.ErrLost)
		}
	})
}

func TestClose_LetsEverybodyGo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := memorylocker.New()
		l := lock.New(b)
		lease, err := l.Acquire(t.Context(), "n")
		require.NoError(t, err)
		waiting := make(chan error)
		go func() {
			_, err := l.Acquire(t.Context(), "n", lock.WithWait(-1))
			waiting <- err
		}()
		synctest.Wait()
		l.Close()
		require.ErrorIs(t, <-waiting, lock.ErrClosed)
		require.ErrorIs(t, lease.Err(), lock.ErrClosed)
		_, err = b.Holder(t.Context(), "n")
		require.ErrorIs(t, err, lock.ErrNotHeld)
		_, err = l.Acquire(t.Context(), "n")
		require.ErrorIs(t, err, lock.ErrClosed)
		l.Close()
	})
}

func TestOptions_AreChecked(t *testing.T) {
	_, l, _ := nodes(t, 1)
	for name, opts := range map[string][]lock.AcquireOption{
		"":                       nil,
		strings.Repeat("x", 201): nil,
		"negative TTL":           {lock.WithTTL(-1)},
		"negative hold":          {lock.WithMinHold(-1)},
		"minimum above maximum":  {lock.WithMinHold(2), lock.WithMaxHold(1)},
		"label":                  {lock.WithLabel(strings.Repeat("x", 201))},
	} {
		_, err := l[0].Acquire(t.Context(), name, opts...)
		var wrong *lock.ArgumentError
		require.ErrorAs(t, err, &wrong, name)
	}
}

// Two nodes, one of them cut off again and again, for hours: never two holders
// at a time by their own clocks, and no caller waits for ever.
func TestLocker_NeverTwoHoldersUnderNetworkFaults(t *testing.T) {
	hours := time.Duration(1)
	if os.Getenv("MOSPARO_TEST_LONG") == "1" {
		hours = 4
	}
	synctest.Test(t, func(t *testing.T) {
		_, l, f := nodes(t, 3, lock.WithPoll(time.Second))
		var h history.History
		ctx, cancel := context.WithTimeout(t.Context(), hours*time.Hour)
		defer cancel()
		var all sync.WaitGroup
		for i := range l {
			all.Go(func() {
				for ctx.Err() == nil {
					lease, err := l[i].Acquire(ctx, "n", lock.WithTTL(10*time.Second), lock.WithWait(-1))
					if err != nil {
						continue
					}
					done := h.Hold(lease, string(rune('a'+i)))
					select {
					case <-time.After(time.Duration(7+i) * time.Second):
					case <-lease.Context().Done():
					}
					done()
					if err := lease.Release(ctx); err != nil && !errors.Is(err, lock.ErrLost) && !errors.Is(err, lock.ErrUnavailable) {
						t.Error(err)
					}
				}
			})
			all.Go(func() {
				for n := 0; ctx.Err() == nil; n++ {
					time.Sleep(time.Duration(61+7*i) * time.Second)
					switch n % 3 {
					case 0:
						f[i].Partition(true)
						time.Sleep(time.Duration(3+5*i) * time.Second)
						f[i].Partition(false)
					case 1:
						f[i].LoseReply(locktest.OpAcquire)
					case 2:
						f[i].LoseReply(locktest.OpRelease)
					}
				}
			})
		}
		all.Wait()
		require.Empty(t, h.Check(true))
		require.Greater(t, h.Len(), 250*int(hours))
	})
}
