package lock_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/mosparo/go-cluster/lock"
	"github.com/mosparo/go-cluster/lock/locktest"
)

// Processes with many callers each, that all want one name all the time.
func TestAcquire_IsFairBetweenProcesses(t *testing.T) {
	const poll = 10 * time.Millisecond
	for _, c := range []struct{ processes, callers int }{{8, 8}, {8, 1}, {2, 1}} {
		t.Run(fmt.Sprintf("%d processes with %d callers", c.processes, c.callers), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				_, l, f := nodes(t, c.processes, lock.WithPoll(poll))
				ctx, cancel := context.WithTimeout(t.Context(), 8*time.Second)
				defer cancel()
				shares := make([]float64, c.processes)
				longest := make([]time.Duration, c.processes)
				var mu sync.Mutex
				var all sync.WaitGroup
				for i := range l {
					f[i].Delay(100*time.Microsecond + time.Duration(i)) // a phase of its own
					for range c.callers {
						all.Go(func() {
							for began := time.Now(); ; began = time.Now() {
								lease, err := l[i].Acquire(ctx, "n", lock.WithWait(-1))
								if err != nil {
									return
								}
								time.Sleep(time.Millisecond)
								mu.Lock()
								shares[i]++
								longest[i] = max(longest[i], time.Since(began))
								mu.Unlock()
								if err := lease.Release(t.Context()); err != nil {
									t.Error(err)
								}
							}
						})
					}
				}
				all.Wait()
				t.Logf("shares %v, longest waits %v, Jain %.3f", shares, longest, locktest.Jain(shares))
				require.GreaterOrEqual(t, locktest.Jain(shares), 0.9)
				var sum float64
				for i, n := range shares {
					sum += n
					require.Less(t, longest[i], 6*time.Second, "nobody starves")
				}
				perSecond := sum / 8
				require.Greater(t, perSecond, 500.0, "of at most 833 with a hold of 1 ms and two round trips of 0.1 ms")
			})
		})
	}
}

// Standing back costs a process little that has the name for itself.
func TestAcquire_MakesWayMoreSeldomWhenNobodyComes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, l, _ := nodes(t, 1)
		n := 0
		for began := time.Now(); time.Since(began) < 10*time.Second; n++ {
			require.NoError(t, l[0].Do(t.Context(), "n", func(context.Context) error {
				time.Sleep(time.Millisecond)
				return nil
			}, lock.WithWait(-1)))
		}
		require.Greater(t, n, 9000, "less than a tenth of the time")
	})
}

// A caller with little time does not spend it on making way.
func TestAcquire_MakesNoWayForNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, l, _ := nodes(t, 1)
		for range 1000 {
			began := time.Now()
			lease, err := l[0].Acquire(t.Context(), "n", lock.WithWait(lock.DefaultPoll))
			require.NoError(t, err)
			require.Zero(t, time.Since(began))
			time.Sleep(time.Millisecond)
			require.NoError(t, lease.Release(t.Context()))
		}
	})
}
