package gocronlock_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-co-op/gocron/v2"
	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/mosparo/go-cluster/lock"
	"github.com/mosparo/go-cluster/lock/gocronlock"
	"github.com/mosparo/go-cluster/lock/locktest"
	"github.com/mosparo/go-cluster/lock/memorylocker"
)

// bubble is a cluster in virtual time.
type bubble struct {
	t       *testing.T
	backend lock.Backend
	mu      sync.Mutex
	runs    map[int64]int // by minute
	errs    []error
}

// node runs a job that is due at every full minute of a clock that is behind,
// until the returned function stops it. It must not be called while a job
// runs: gocron waits for jobs without letting the bubble's time go on.
func (b *bubble) node(behind time.Duration, job func(*gocronlock.Locker), opts ...lock.AcquireOption) (stop func()) {
	locker := lock.New(b.backend)
	jobs := gocronlock.New(locker, opts...)
	s, err := gocron.NewScheduler(gocron.WithDistributedLocker(jobs))
	require.NoError(b.t, err)
	start := time.Now().Truncate(time.Minute).Add(time.Minute + behind)
	_, err = s.NewJob(gocron.DurationJob(time.Minute),
		gocron.NewTask(func() {
			b.mu.Lock()
			b.runs[time.Now().Unix()/60]++
			b.mu.Unlock()
			job(jobs)
		}),
		gocron.WithName("report"), gocron.WithStartAt(gocron.WithStartDateTime(start)),
		gocron.WithEventListeners(gocron.AfterLockError(func(_ uuid.UUID, _ string, err error) {
			b.mu.Lock()
			defer b.mu.Unlock()
			b.errs = append(b.errs, err)
		})))
	require.NoError(b.t, err)
	s.Start()
	return func() {
		require.NoError(b.t, s.Shutdown())
		locker.Close()
	}
}

// sleep lets time pass and everything come to rest.
func (b *bubble) sleep(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

func inBubble(t *testing.T, test func(b *bubble)) {
	synctest.Test(t, func(t *testing.T) {
		test(&bubble{t: t, backend: memorylocker.New(), runs: map[int64]int{}})
	})
}

func short(*gocronlock.Locker) { time.Sleep(10 * time.Millisecond) }

func TestJob_RunsOnceATickOnNodesWhoseClocksDiffer(t *testing.T) {
	for name, c := range map[string]struct {
		opts []lock.AcquireOption
		each int
	}{
		"as it is":             {nil, 1},
		"without minimum hold": {[]lock.AcquireOption{lock.WithMinHold(0)}, 3}, // that is what it is for
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(b *bubble) {
				const minutes = 24 * 60
				for _, behind := range []time.Duration{0, 700 * time.Millisecond, 4 * time.Second} {
					defer b.node(behind, short, c.opts...)()
				}
				b.sleep(minutes*time.Minute + 30*time.Second)
				require.Len(t, b.runs, minutes)
				for minute, n := range b.runs {
					require.Equal(t, c.each, n, "minute %d", minute)
				}
				for _, err := range b.errs {
					require.ErrorIs(t, err, lock.ErrHeld)
				}
			})
		})
	}
}

// A job by duration is due on each node when its own start says so; see the
// package's text.
func TestJob_ByDurationRunsOnEachNodeThatStartedAtAnotherTime(t *testing.T) {
	for name, c := range map[string]struct {
		opts []lock.AcquireOption
		each int
	}{
		"as it is":                     {nil, 3},
		"hold as long as the interval": {[]lock.AcquireOption{lock.WithMinHold(55 * time.Second)}, 1},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(b *bubble) {
				for _, started := range []time.Duration{0, 20 * time.Second, 40 * time.Second} {
					defer b.node(started, short, c.opts...)()
				}
				b.sleep(time.Hour + 50*time.Second)
				require.Len(t, b.runs, 60)
				for minute, n := range b.runs {
					require.Equal(t, c.each, n, "minute %d", minute)
				}
			})
		})
	}
}

func TestJob_WithANameOfTheLibraryIsRefused(t *testing.T) {
	l := lock.New(memorylocker.New())
	defer l.Close()
	_, err := gocronlock.New(l).Lock(t.Context(), lock.ReservedPrefix+"cleanup")
	var option *lock.ArgumentError
	require.ErrorAs(t, err, &option)
	require.NotErrorIs(t, err, lock.ErrHeld)
}

func TestJob_ThatRunsLongerThanItsIntervalDoesNotOverlap(t *testing.T) {
	inBubble(t, func(b *bubble) {
		running, most := 0, 0
		job := func(*gocronlock.Locker) {
			count := func(n int) {
				b.mu.Lock()
				defer b.mu.Unlock()
				running += n
				most = max(most, running)
			}
			count(1)
			time.Sleep(150 * time.Second)
			count(-1)
		}
		for _, behind := range []time.Duration{1, time.Second} {
			defer b.node(behind, job)()
		}
		b.sleep(time.Hour + 45*time.Second)
		require.Equal(t, 1, most)
		require.Len(t, b.runs, 20, "every third minute")
	})
}

func TestJob_DoesNotRunWhileTheLockServerIsSilent(t *testing.T) {
	inBubble(t, func(b *bubble) {
		faulty := locktest.NewFaulty(b.backend)
		b.backend = faulty
		stop := b.node(0, short)
		faulty.Partition(true)
		b.sleep(5*time.Minute + 30*time.Second)
		require.Empty(t, b.runs)
		require.NotEmpty(t, b.errs)
		for _, err := range b.errs {
			require.ErrorIs(t, err, lock.ErrUnavailable)
		}
		faulty.Partition(false)
		b.sleep(5 * time.Minute)
		require.Len(t, b.runs, 5)
		stop()
	})
}

func TestLease_TellsTheRunningJobThatItsLockWasLost(t *testing.T) {
	inBubble(t, func(b *bubble) {
		backend := b.backend.(*memorylocker.Backend)
		var cause error
		var fence uint64
		stop := b.node(0, func(jobs *gocronlock.Locker) {
			lease := jobs.Lease("report")
			fence = lease.Fence()
			<-lease.Context().Done()
			cause = context.Cause(lease.Context())
		})
		b.sleep(time.Minute + time.Second)
		require.NotZero(t, fence)
		require.NoError(t, cause)
		require.NoError(t, backend.Break(t.Context(), gocronlock.Name("report")))
		b.sleep(5 * time.Second)
		require.ErrorIs(t, cause, lock.ErrLost)
		stop()
	})
}

func TestLease_IsNilWhenTheJobDoesNotRunHere(t *testing.T) {
	l := lock.New(memorylocker.New())
	defer l.Close()
	jobs := gocronlock.New(l)
	require.Nil(t, jobs.Lease("report"))
	held, err := jobs.Lock(t.Context(), "report")
	require.NoError(t, err)
	require.NoError(t, jobs.Lease("report").Err())
	require.Nil(t, jobs.Lease("other"))
	_, err = jobs.Lock(t.Context(), "report")
	require.ErrorIs(t, err, lock.ErrHeld)
	ended, cancel := context.WithCancel(t.Context())
	cancel() // gocron ends the job's context before it unlocks
	require.NoError(t, held.Unlock(ended))
	require.Nil(t, jobs.Lease("report"))
	_, err = jobs.Lock(t.Context(), "report")
	require.ErrorIs(t, err, lock.ErrHeld, "for the minimum hold")
	_, err = jobs.Lock(ended, "other")
	require.True(t, errors.Is(err, context.Canceled))
}

func TestName_OfAnyJobFitsALock(t *testing.T) {
	require.Equal(t, "gocron.report", gocronlock.Name("report"))
	one, other := gocronlock.Name(strings.Repeat("x", 300)+"1"), gocronlock.Name(strings.Repeat("x", 300)+"2")
	require.NotEqual(t, one, other)
	for _, n := range []string{one, other, gocronlock.Name(""), gocronlock.Name(strings.Repeat("x", 200-len(gocronlock.Prefix)))} {
		require.NoError(t, lock.CheckName(n))
	}
}
