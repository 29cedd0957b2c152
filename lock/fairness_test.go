package lock_test

import (
	"context"
	"os"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/mosparo/go-cluster/lock"
	"github.com/mosparo/go-cluster/lock/internal/history"
)

// contest is many callers in several processes that want one name all the time.
type contest struct {
	processes, callers int
	hold, roundTrip    time.Duration
	takes              int
	opts               func(process int) []lock.AcquireOption
}

// outcome is what the callers got.
type outcome struct {
	shares  []float64 // by caller
	longest time.Duration
	// perSecond is how often the name was taken, of at most possible.
	perSecond, possible float64
}

func (o outcome) process(i, callers int) (n float64) {
	for _, s := range o.shares[i*callers : (i+1)*callers] {
		n += s
	}
	return n
}

func (c contest) run(t *testing.T) (o outcome) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		_, l, f := nodes(t, c.processes)
		o.shares = make([]float64, c.processes*c.callers)
		o.possible = float64(time.Second) / float64(c.hold+2*c.roundTrip)
		ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
		defer cancel()
		var mu sync.Mutex
		left := c.takes
		began := time.Now()
		waits := make([]time.Time, len(o.shares))
		for i := range waits {
			waits[i] = began
		}
		var all sync.WaitGroup
		for i := range l {
			f[i].Delay(c.roundTrip + time.Duration(i)) // a phase of its own
			opts := c.opts(i)
			for k := range c.callers {
				all.Go(func() {
					me := i*c.callers + k
					for ctx.Err() == nil {
						lease, err := l[i].Acquire(ctx, "n", opts...)
						if err != nil {
							time.Sleep(time.Millisecond) // as one that does not wait tries again
							continue
						}
						time.Sleep(c.hold)
						mu.Lock()
						o.shares[me]++
						o.longest = max(o.longest, time.Since(waits[me]))
						waits[me] = time.Now()
						if left--; left == 0 {
							cancel()
						}
						mu.Unlock()
						if err := lease.Release(t.Context()); err != nil {
							t.Error(err)
						}
					}
				})
			}
		}
		all.Wait()
		for _, w := range waits {
			o.longest = max(o.longest, time.Since(w))
		}
		o.perSecond = float64(c.takes) / time.Since(began).Seconds()
	})
	t.Logf("Jain %.3f, %.0f of %.0f a second, longest wait %v, shares %v", history.Jain(o.shares), o.perSecond, o.possible, o.longest, o.shares)
	return o
}

func waits(int) []lock.AcquireOption { return []lock.AcquireOption{lock.WithWait(-1)} }

func skipLong(t *testing.T) {
	t.Helper()
	if os.Getenv("MOSPARO_TEST_LONG") != "1" {
		t.Skip("long; runs with MOSPARO_TEST_LONG=1")
	}
}

func TestFairness_BetweenProcessesWhoseCallersWait(t *testing.T) {
	for name, c := range map[string]struct {
		contest
		long bool
	}{
		"64 in 8 processes":          {contest{processes: 8, callers: 8, hold: 10 * time.Millisecond, takes: 2000}, false},
		"64 in 64 processes":         {contest{processes: 64, callers: 1, hold: 10 * time.Millisecond, takes: 9600}, true},
		"2 processes":                {contest{processes: 2, callers: 1, hold: 10 * time.Millisecond, takes: 2000}, false},
		"2 processes with many":      {contest{processes: 2, callers: 32, hold: 10 * time.Millisecond, takes: 2000}, true},
		"hold of 1 ms":               {contest{processes: 8, callers: 8, hold: time.Millisecond, takes: 8000}, true},
		"longer than a turn":         {contest{processes: 3, callers: 2, hold: 200 * time.Millisecond, takes: 1000}, true},
		"one process beside another": {contest{processes: 2, callers: 1, hold: 45 * time.Millisecond, takes: 1000}, true},
	} {
		t.Run(name, func(t *testing.T) {
			if c.long {
				skipLong(t)
			}
			c.roundTrip, c.opts = 100*time.Microsecond, waits
			o := c.run(t)
			require.GreaterOrEqual(t, history.Jain(o.shares), 0.9)
			require.GreaterOrEqual(t, o.perSecond, 0.6*o.possible)
		})
	}
}

// Shares are measured in time: they are as long with short holds.
func TestFairness_NoCallerStarvesWithoutAHold(t *testing.T) {
	skipLong(t)
	c := contest{processes: 8, callers: 8, roundTrip: 100 * time.Microsecond, takes: 60_000, opts: waits}
	o := c.run(t)
	require.NotContains(t, o.shares, 0.0)
	require.LessOrEqual(t, o.longest, 100*lock.DefaultPoll)
}

// One that does not wait and tries again and again does not starve those that
// wait.
func TestFairness_HoldsForCallersThatTryInALoop(t *testing.T) {
	c := contest{processes: 5, callers: 1, hold: 10 * time.Millisecond, roundTrip: 100 * time.Microsecond, takes: 4000}
	c.opts = func(process int) []lock.AcquireOption {
		if process == 0 {
			return nil
		}
		return waits(process)
	}
	o := c.run(t)
	for i := 1; i < c.processes; i++ {
		require.Greater(t, o.process(i, 1), 400.0, "of a fair share of 800")
	}
}

// A process that has the name for itself makes way for nobody: one question a
// turn is all that it costs.
func TestFairness_CostsAProcessAloneNothing(t *testing.T) {
	for name, opts := range map[string]func(int) []lock.AcquireOption{
		"waits": waits,
		"tries": func(int) []lock.AcquireOption { return nil },
		"short": func(int) []lock.AcquireOption { return []lock.AcquireOption{lock.WithWait(lock.DefaultPoll / 2)} },
	} {
		t.Run(name, func(t *testing.T) {
			c := contest{processes: 1, callers: 1, roundTrip: 100 * time.Microsecond, takes: 2000, opts: opts}
			o := c.run(t)
			require.GreaterOrEqual(t, o.perSecond, 0.99*o.possible)
		})
	}
}

// Those who wait in vain stand in nobody's way when they are gone.
func TestFairness_ForgetsThoseWhoHaveCeasedToWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, l, _ := nodes(t, 3)
		lease, err := l[0].Acquire(t.Context(), "n")
		require.NoError(t, err)
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error)
		for i := range 2 {
			go func() {
				_, err := l[1+i].Acquire(ctx, "n", lock.WithWait(-1), lock.WithLabel("theirs"))
				ended <- err
			}()
		}
		time.Sleep(time.Second)
		h, err := b.Holder(t.Context(), lock.ReservedPrefix+"waiting/n")
		require.NoError(t, err, "an operator sees that a process waits")
		require.NotEmpty(t, h.Owner.Host)
		require.Zero(t, h.Fence)

		require.NoError(t, lease.Release(t.Context()))
		_, err = l[0].Acquire(t.Context(), "n")
		var held *lock.HeldError
		require.ErrorAs(t, err, &held, "the share is used, and others wait")
		require.Equal(t, h.Owner.Host, held.Owner.Host)
		require.LessOrEqual(t, held.ExpiresIn, 2*lock.DefaultPoll)
		cancel()
		for range 2 {
			if err := <-ended; err == nil {
				require.NoError(t, b.Break(t.Context(), "n"))
			}
		}
		time.Sleep(time.Second)
		_, err = b.Holder(t.Context(), lock.ReservedPrefix+"waiting/n")
		require.ErrorIs(t, err, lock.ErrNotHeld)
		lease, err = l[0].Acquire(t.Context(), "n")
		require.NoError(t, err)
		require.NoError(t, lease.Release(t.Context()))
	})
}
