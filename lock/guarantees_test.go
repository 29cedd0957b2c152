package lock_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/mosparo/go-cluster/lock"
	"github.com/mosparo/go-cluster/lock/locktest"
	"github.com/mosparo/go-cluster/lock/memorylocker"
)

// spy is a backend that cannot list or break, and notes when it was asked to
// acquire.
type spy struct {
	lock.Backend
	p  lock.Properties
	mu sync.Mutex
	at []time.Time
}

func (s *spy) Properties() lock.Properties { return s.p }

func (s *spy) Acquire(ctx context.Context, name string, c lock.Claim, ttl time.Duration) (uint64, error) {
	s.mu.Lock()
	if !strings.HasPrefix(name, lock.ReservedPrefix) {
		s.at = append(s.at, time.Now())
	}
	s.mu.Unlock()
	return s.Backend.Acquire(ctx, name, c, ttl)
}

func TestAcquire_PollsWithJitter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := memorylocker.New()
		s := &spy{Backend: b}
		holder, waiter := lock.New(b), lock.New(s)
		defer holder.Close()
		defer waiter.Close()
		_, err := holder.Acquire(t.Context(), "n")
		require.NoError(t, err)
		_, err = waiter.Acquire(t.Context(), "n", lock.WithWait(time.Minute))
		require.ErrorIs(t, err, lock.ErrHeld)
		pauses := map[time.Duration]bool{}
		for i := range len(s.at) - 1 {
			d := s.at[i+1].Sub(s.at[i])
			require.GreaterOrEqual(t, d, lock.DefaultPoll/2)
			require.LessOrEqual(t, d, lock.DefaultPoll*3/2)
			pauses[d] = true
		}
		require.InDelta(t, time.Minute/lock.DefaultPoll, len(s.at), 100)
		require.Greater(t, len(pauses), len(s.at)*9/10, "hardly a pause is like another")
	})
}

func TestAcquire_AsksAtOnceWhenTheHoldersTimeIsOver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := memorylocker.New()
		_, err := b.Acquire(t.Context(), "n", lock.Claim{Token: "of a node that has died"}, 10*time.Second)
		require.NoError(t, err)
		l := lock.New(b, lock.WithPoll(time.Hour))
		defer l.Close()
		began := time.Now()
		_, err = l.Acquire(t.Context(), "n", lock.WithWait(-1))
		require.NoError(t, err)
		require.Equal(t, 10*time.Second+time.Millisecond, time.Since(began))
	})
}

// A request may reach the server after the one that undoes it.
func TestAcquire_UndoesARequestThatComesLate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, l, f := nodes(t, 1)
		f[0].Stray(locktest.OpAcquire, lock.DefaultCallTimeout+time.Second)
		_, err := l[0].Acquire(t.Context(), "n", lock.WithTTL(time.Hour))
		require.ErrorIs(t, err, lock.ErrUnavailable)
		time.Sleep(100 * time.Millisecond)
		require.NotZero(t, f[0].Calls(locktest.OpRelease), "the first answer was: not yours")
		time.Sleep(10 * time.Second)
		_, err = b.Holder(t.Context(), "n")
		require.ErrorIs(t, err, lock.ErrNotHeld)
		n := f[0].Calls(locktest.OpRelease)
		time.Sleep(time.Hour)
		require.Equal(t, n, f[0].Calls(locktest.OpRelease), "and that is the end of it")
	})
}

// A lease that the answer brings after its own deadline is none.
func TestAcquire_RefusesALeaseThatIsOver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := memorylocker.New()
		l := lock.New(&spy{Backend: slow{b, time.Second}, p: lock.Properties{Margin: 100 * time.Millisecond}})
		defer l.Close()
		_, err := l.Acquire(t.Context(), "n", lock.WithTTL(time.Second+50*time.Millisecond))
		require.ErrorIs(t, err, lock.ErrUnavailable)
		time.Sleep(2 * time.Second)
		_, err = b.Holder(t.Context(), "n")
		require.ErrorIs(t, err, lock.ErrNotHeld)
	})
}

// slow answers late, whatever the context says.
type slow struct {
	lock.Backend
	d time.Duration
}

func (s slow) Acquire(ctx context.Context, name string, c lock.Claim, ttl time.Duration) (uint64, error) {
	f, err := s.Backend.Acquire(ctx, name, c, ttl)
	time.Sleep(s.d)
	return f, err
}

// picky has no use for what it is asked.
type picky struct{ lock.Backend }

func (picky) Acquire(context.Context, string, lock.Claim, time.Duration) (uint64, error) {
	return 0, &lock.ArgumentError{Arg: "TTL", Reason: "is not one that this server can keep"}
}

func TestAcquire_DoesNotWaitForABackendThatWillNever(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := locktest.NewFaulty(memorylocker.New())
		l := lock.New(picky{f})
		defer l.Close()
		began := time.Now()
		var option *lock.ArgumentError
		_, err := l.Acquire(t.Context(), "n", lock.WithWait(time.Hour))
		require.ErrorAs(t, err, &option)
		require.NotErrorIs(t, err, lock.ErrUnavailable)
		require.ErrorAs(t, l.Once(t.Context(), lock.Slot{Name: "n", Key: "slot"}, time.Hour, lock.WithWait(time.Hour)), &option)
		time.Sleep(time.Second)
		require.Equal(t, time.Second, time.Since(began))
		require.Zero(t, f.Calls(locktest.OpRelease), "there is nothing to undo")
	})
}

func TestLease_EndsBeforeTheServersByTheMargin(t *testing.T) {
	for name, c := range map[string]struct {
		p           lock.Properties
		ttl, counts time.Duration
		tooShort    time.Duration
	}{
		"a server of this process": {lock.Properties{Margin: 1500 * time.Millisecond}, 10 * time.Second, 8500 * time.Millisecond, 1500 * time.Millisecond},
		"another machine's": {
			lock.Properties{Margin: 1500 * time.Millisecond, Shared: true}, 10 * time.Second, 8400 * time.Millisecond, 1520 * time.Millisecond,
		},
		"for long": {lock.Properties{Shared: true}, 24 * time.Hour, 24*time.Hour - 864*time.Second, time.Millisecond},
		"shortest": {lock.Properties{Margin: time.Hour, Shared: true}, 3672*time.Second + 2*time.Millisecond, 35280*time.Millisecond + 1980*time.Microsecond, time.Hour},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l := lock.New(&spy{Backend: memorylocker.New(), p: c.p})
				defer l.Close()
				lease, err := l.Acquire(t.Context(), "n", lock.WithTTL(c.ttl))
				require.NoError(t, err)
				require.Equal(t, c.counts, time.Until(lease.Expiry()))
				time.Sleep(10 * c.ttl)
				require.NoError(t, lease.Err(), "it is renewed in time")
				_, err = l.Acquire(t.Context(), "m", lock.WithTTL(c.tooShort))
				var option *lock.ArgumentError
				require.ErrorAs(t, err, &option, "nothing would be left")
			})
		})
	}
}

// fast is a server whose clock runs faster than that of the holder.
type fast struct{ lock.Backend }

func (fast) Properties() lock.Properties { return lock.Properties{Exclusive: true, Shared: true} }

func (f fast) Acquire(ctx context.Context, name string, c lock.Claim, ttl time.Duration) (uint64, error) {
	return f.Backend.Acquire(ctx, name, c, ttl-ttl/101)
}

func (f fast) Renew(ctx context.Context, name string, token lock.Token, ttl time.Duration) error {
	return f.Backend.Renew(ctx, name, token, ttl-ttl/101)
}

func TestMinHold_IsKeptByAServerWhoseClockRunsFast(t *testing.T) {
	const minHold = time.Hour
	for name, after := range map[string]time.Duration{"never released": 0, "released early": time.Second, "released late": 50 * time.Minute} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := memorylocker.New()
				f := locktest.NewFaulty(fast{b})
				l, other := lock.New(f), lock.New(b, lock.WithPoll(time.Second))
				defer l.Close()
				defer other.Close()
				began := time.Now()
				lease, err := l.Acquire(t.Context(), "job", lock.WithTTL(time.Minute), lock.WithMinHold(minHold))
				require.NoError(t, err)
				if after > 0 {
					time.Sleep(after)
					require.NoError(t, lease.Release(t.Context()))
				}
				f.Partition(true)
				_, err = other.Acquire(t.Context(), "job", lock.WithWait(-1))
				require.NoError(t, err)
				require.GreaterOrEqual(t, time.Since(began), minHold)
				require.LessOrEqual(t, time.Since(began), minHold+minHold/50)
			})
		})
	}
}

func TestLease_EndsBeforeThatOfAServerWhoseClockRunsFast(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := memorylocker.New()
		f := locktest.NewFaulty(fast{b})
		l, other := lock.New(f), lock.New(b, lock.WithPoll(time.Second))
		defer l.Close()
		defer other.Close()
		lease, err := l.Acquire(t.Context(), "n", lock.WithTTL(time.Hour))
		require.NoError(t, err)
		f.Partition(true)
		_, err = other.Acquire(t.Context(), "n", lock.WithWait(-1), lock.WithTTL(time.Minute))
		require.NoError(t, err)
		require.ErrorIs(t, lease.Err(), lock.ErrLost)
	})
}

// The deadline is on the monotonic clock, which no one sets.
func TestLease_DoesNotCareForTheWallClock(t *testing.T) {
	l := lock.New(memorylocker.New())
	defer l.Close()
	lease, err := l.Acquire(t.Context(), "n")
	require.NoError(t, err)
	require.Contains(t, lease.Expiry().String(), " m=+", "a time without its monotonic reading follows the wall clock")
	require.NoError(t, lease.Renew(t.Context()))
	require.Contains(t, lease.Expiry().String(), " m=+")
}

func TestLease_RenewMovesTheDeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, l, f := nodes(t, 1)
		lease, err := l[0].Acquire(t.Context(), "n", lock.WithTTL(30*time.Second), lock.WithLabel("night shift"))
		require.NoError(t, err)
		time.Sleep(5 * time.Second)
		require.NoError(t, lease.Renew(t.Context()))
		require.Equal(t, 30*time.Second, time.Until(lease.Expiry()))
		require.Equal(t, 30*time.Second, lease.Holder().TTL)
		h, err := l[0].Holder(t.Context(), "n")
		require.NoError(t, err)
		require.Equal(t, lease.Token(), h.Token)
		require.Equal(t, lease.Fence(), h.Fence)
		require.Equal(t, "night shift", h.Owner.Label)
		require.NotEmpty(t, h.Owner.Host)
		require.NotZero(t, h.Owner.PID)
		require.Equal(t, 5*time.Second, time.Since(h.Owner.Since))

		f[0].Partition(true)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		require.ErrorIs(t, lease.Renew(ctx), lock.ErrUnavailable)
		require.NoError(t, lease.Err(), "one renewal that fails is no loss")
		f[0].Partition(false)
		require.NoError(t, b.Break(t.Context(), "n"))
		require.ErrorIs(t, lease.Renew(t.Context()), lock.ErrLost)
		require.ErrorIs(t, lease.Err(), lock.ErrLost)
		require.ErrorIs(t, lease.Renew(t.Context()), lock.ErrLost)
		require.Zero(t, lease.Holder().TTL)
	})
}

func TestMinHold_OutlivesItsHolder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, l, f := nodes(t, 2)
		began := time.Now()
		lease, err := l[0].Acquire(t.Context(), "job", lock.WithTTL(30*time.Second), lock.WithMinHold(10*time.Minute))
		require.NoError(t, err)
		time.Sleep(time.Minute)
		f[0].Partition(true) // as good as dead
		_, err = l[1].Acquire(t.Context(), "job", lock.WithWait(-1))
		require.NoError(t, err)
		require.InDelta(t, 10*time.Minute, time.Since(began), float64(2*lock.DefaultPoll))
		require.ErrorIs(t, lease.Err(), lock.ErrLost)
	})
}

func TestMinHold_EndsWithALongerJob(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, l, f := nodes(t, 1)
		lease, err := l[0].Acquire(t.Context(), "job", lock.WithMinHold(time.Minute))
		require.NoError(t, err)
		time.Sleep(2 * time.Minute)
		require.NoError(t, lease.Release(t.Context()))
		_, err = b.Holder(t.Context(), "job")
		require.ErrorIs(t, err, lock.ErrNotHeld)

		lease, err = l[0].Acquire(t.Context(), "job", lock.WithMinHold(time.Minute))
		require.NoError(t, err)
		time.Sleep(time.Second)
		require.NoError(t, f[0].Expire(t.Context(), "job"))
		f[0].LoseReply(locktest.OpRenew)
		require.ErrorIs(t, lease.Release(t.Context()), lock.ErrLost, "it was not kept for the time that was asked for")
	})
}

// shortest notes the shortest time for which it was asked to keep a name.
type shortest struct {
	lock.Backend
	ttl time.Duration
}

func (s *shortest) Renew(ctx context.Context, name string, token lock.Token, ttl time.Duration) error {
	s.ttl = min(s.ttl, ttl)
	return s.Backend.Renew(ctx, name, token, ttl)
}

func TestMinHold_ThatPassesDuringTheReleaseIsKept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := locktest.NewFaulty(memorylocker.New())
		b := &shortest{Backend: f, ttl: time.Hour}
		l := lock.New(b)
		defer l.Close()
		lease, err := l.Acquire(t.Context(), "n", lock.WithMinHold(time.Second))
		require.NoError(t, err)
		time.Sleep(500 * time.Millisecond)
		f.Delay(600 * time.Millisecond)
		f.LoseReply(locktest.OpRenew)
		require.NoError(t, lease.Release(t.Context()), "it was kept for long enough")
		require.Equal(t, 500*time.Millisecond, b.ttl)
	})
}

func TestRelease_DuringAnOutageIsMadeUpFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, l, f := nodes(t, 1)
		lease, err := l[0].Acquire(t.Context(), "n", lock.WithTTL(time.Hour))
		require.NoError(t, err)
		f[0].Partition(true)
		began := time.Now()
		require.ErrorIs(t, lease.Release(t.Context()), lock.ErrUnavailable)
		require.LessOrEqual(t, time.Since(began), lock.DefaultCallTimeout)
		time.Sleep(time.Minute)
		f[0].Partition(false)
		time.Sleep(10 * time.Second)
		_, err = b.Holder(t.Context(), "n")
		require.ErrorIs(t, err, lock.ErrNotHeld, "long before the hour is over")
	})
}

func TestClose_WaitsForEverythingAndNoLonger(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, l, f := nodes(t, 1)
		for _, name := range []string{"a", "b"} {
			_, err := l[0].Acquire(t.Context(), name)
			require.NoError(t, err)
		}
		f[0].LoseReply(locktest.OpAcquire)
		f[0].Partition(false)
		_, err := l[0].Acquire(t.Context(), "c")
		require.Error(t, err)
		f[0].Partition(true)
		_, err = l[0].Acquire(t.Context(), "d")
		require.Error(t, err)
		began := time.Now()
		l[0].Close()
		require.LessOrEqual(t, time.Since(began), 2*lock.DefaultCallTimeout)
		releases, renewals := f[0].Calls(locktest.OpRelease), f[0].Calls(locktest.OpRenew)
		time.Sleep(time.Hour)
		require.Equal(t, releases, f[0].Calls(locktest.OpRelease))
		require.Equal(t, renewals, f[0].Calls(locktest.OpRenew))
	})
}

// hung is a server that does not answer any more. Its client notices neither
// the end of a context nor, unless it obeys deadlines, anything but its own
// timeout.
type hung struct {
	lock.Backend
	deadlines bool
	down      atomic.Bool
}

func (h *hung) hang(ctx context.Context) error {
	if !h.down.Load() {
		return nil
	}
	d := lock.DefaultCallTimeout
	if end, ok := ctx.Deadline(); ok && h.deadlines {
		d = time.Until(end)
	}
	time.Sleep(d)
	return context.DeadlineExceeded
}

func (h *hung) Renew(ctx context.Context, name string, token lock.Token, ttl time.Duration) error {
	if err := h.hang(ctx); err != nil {
		return err
	}
	return h.Backend.Renew(ctx, name, token, ttl)
}

func (h *hung) Release(ctx context.Context, name string, token lock.Token) error {
	if err := h.hang(ctx); err != nil {
		return err
	}
	return h.Backend.Release(ctx, name, token)
}

func TestClose_AndReleaseTakeTwoRequestsAtAServerThatHangs(t *testing.T) {
	for name, end := range map[string]func(*lock.Locker, *lock.Lease) error{
		"Close":   func(l *lock.Locker, _ *lock.Lease) error { l.Close(); return nil },
		"Release": func(_ *lock.Locker, le *lock.Lease) error { return le.Release(context.Background()) },
	} {
		for _, deadlines := range []bool{true, false} {
			t.Run(fmt.Sprintf("%s of a client that obeys deadlines: %v", name, deadlines), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					h := &hung{Backend: memorylocker.New(), deadlines: deadlines}
					l := lock.New(h)
					defer l.Close()
					lease, err := l.Acquire(t.Context(), "n", lock.WithTTL(time.Minute))
					require.NoError(t, err)
					h.down.Store(true)
					go func() { _ = lease.Renew(context.Background()) }() // it is under way
					synctest.Wait()
					began := time.Now()
					if err := end(l, lease); name == "Release" {
						require.ErrorIs(t, err, lock.ErrUnavailable)
					}
					require.LessOrEqual(t, time.Since(began), 2*lock.DefaultCallTimeout)
				})
			})
		}
	}
}

func TestOperator_SeesAndBreaks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, l, _ := nodes(t, 2)
		lease, err := l[0].Acquire(t.Context(), "n")
		require.NoError(t, err)
		_, err = l[0].Acquire(t.Context(), "m")
		require.NoError(t, err)
		var names []string
		for h, err := range l[1].Holders(t.Context()) {
			require.NoError(t, err)
			names = append(names, h.Name)
		}
		require.ElementsMatch(t, []string{"m", "n"}, names)

		plain := lock.New(&spy{Backend: b}) // can neither list nor break
		defer plain.Close()
		for _, err := range plain.Holders(t.Context()) {
			require.ErrorIs(t, err, errors.ErrUnsupported)
		}
		require.NoError(t, plain.Break(t.Context(), "n"))
		require.ErrorIs(t, plain.Break(t.Context(), "n"), lock.ErrNotHeld)
		require.NoError(t, lease.Err(), "the holder does not know yet")
		<-lease.Context().Done()
		require.ErrorIs(t, lease.Err(), lock.ErrLost)
		_, err = l[1].Holder(t.Context(), "n")
		require.ErrorIs(t, err, lock.ErrNotHeld)
		var option *lock.ArgumentError
		require.ErrorAs(t, l[1].Break(t.Context(), ""), &option)
		_, err = l[1].Holder(t.Context(), "")
		require.ErrorAs(t, err, &option)
	})
}

func TestNew_TakesDefaultsForWhatIsZero(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := lock.New(memorylocker.New(), lock.WithPoll(0), lock.WithCallTimeout(0), lock.WithLogger(nil), lock.WithObserver(nil))
		defer l.Close()
		_, err := l.Acquire(t.Context(), "n")
		require.NoError(t, err)
		_, err = l.Acquire(t.Context(), "n", lock.WithWait(time.Second))
		require.ErrorIs(t, err, lock.ErrHeld)
	})
}

func TestObserver_HearsOfEverything(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		var heard []lock.Event
		b, l, f := nodes(t, 1, lock.WithObserver(func(_ context.Context, e lock.Event) {
			mu.Lock()
			defer mu.Unlock()
			heard = append(heard, e)
		}))
		lease, err := l[0].Acquire(t.Context(), "n", lock.WithTTL(3*time.Second))
		require.NoError(t, err)
		time.Sleep(1500 * time.Millisecond)
		require.NoError(t, lease.Release(t.Context()))
		_, err = l[0].Acquire(t.Context(), "n")
		require.NoError(t, err)
		b.Forget()
		time.Sleep(time.Minute)
		f[0].LoseReply(locktest.OpAcquire)
		_, err = l[0].Acquire(t.Context(), "n")
		require.Error(t, err)
		time.Sleep(time.Minute)
		mu.Lock()
		defer mu.Unlock()
		var ops []string
		for _, e := range heard {
			ops = append(ops, e.Op)
			require.Equal(t, "n", e.Name)
		}
		require.Equal(t, []string{
			"acquire", "renew", "release",
			"acquire", "renew", "end", "undo",
		}, ops[:7])
		require.ElementsMatch(t, []string{"acquire", "undo"}, ops[7:], "the undoing goes on beside the caller")
		require.Equal(t, 1500*time.Millisecond, heard[2].Duration)
		for i, result := range []string{"ok", "ok", "ok", "ok", "lost", "lost"} {
			require.Equal(t, result, heard[i].Result, heard[i].Op)
		}
		require.ErrorIs(t, heard[5].Err, lock.ErrLost)
	})
}
