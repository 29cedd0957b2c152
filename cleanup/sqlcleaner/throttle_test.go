package sqlcleaner

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

// writer is another client, which writes every so often; never if it is 0. While
// the run works, it loses a part of its writes.
type writer struct {
	began    time.Time
	every    time.Duration
	loss     float64
	isSilent bool // the database does not answer

	lost time.Duration
	own  float64 // what the database counts of the run
}

func (w *writer) writes(context.Context) (traffic, bool) {
	now := traffic{at: time.Now(), mark: "none", count: w.own}
	if w.every > 0 {
		n := int64((time.Since(w.began) - w.lost) / w.every)
		now.mark, now.count = fmt.Sprint(n), now.count+float64(n)
	}
	return now, !w.isSilent
}

// work is a transaction of the run.
func (w *writer) work(throttle *throttle, d time.Duration) {
	time.Sleep(d)
	w.lost += time.Duration(w.loss * float64(d))
	if throttle.dialect == PostgreSQL {
		w.own++
	}
}

// steps is a run of n transactions, each of which takes some time after it has
// waited for others. It returns the whole time by that of the work.
func steps(t *testing.T, w *writer, throttle *throttle, n int, waits, works time.Duration) float64 {
	t.Helper()
	began := time.Now()
	for range n {
		time.Sleep(waits)
		w.work(throttle, works)
		throttle.add(waits)
		throttle.wrote()
		require.NoError(t, throttle.wait(t.Context()))
	}
	return time.Since(began).Seconds() / (time.Duration(n) * works).Seconds()
}

// throttled runs f in a bubble for every dialect.
func throttled(t *testing.T, f func(t *testing.T, w *writer, throttle *throttle)) {
	for _, d := range []Dialect{SQLite, MySQL, PostgreSQL} {
		t.Run(d.String(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := &writer{began: time.Now(), loss: 1}
				throttle := newThrottle(d, w.writes)
				f(t, w, &throttle)
			})
		})
	}
}

const someWork = 20 * time.Millisecond // of a transaction

func TestThrottle_LeavesWritersMostOfTheTime(t *testing.T) {
	throttled(t, func(t *testing.T, w *writer, throttle *throttle) {
		w.every = time.Millisecond
		steps(t, w, throttle, 10, 0, someWork)
		require.InDelta(t, 1+maxRatio, steps(t, w, throttle, 100, 0, someWork), 0.1)
	})
}

// What others lose while the run works decides how long it pauses; SQLite does not
// tell.
func TestThrottle_PausesByWhatWritersLose(t *testing.T) {
	for loss, ratio := range map[float64]float64{0: minRatio, 0.1: minRatio, 0.2: 1.5, 0.4: 4, 0.5: 5.25, 0.75: maxRatio, 1: maxRatio} {
		t.Run(fmt.Sprint(loss), func(t *testing.T) {
			throttled(t, func(t *testing.T, w *writer, throttle *throttle) {
				w.every, w.loss = 100*time.Microsecond, loss
				steps(t, w, throttle, 100, 0, someWork)
				want := 1 + ratio
				if throttle.dialect == SQLite {
					want = 1 + maxRatio
				}
				require.InDelta(t, want, steps(t, w, throttle, 100, 0, someWork), 0.1)
			})
		})
	}
}

func TestThrottle_HardlyPausesWithoutOtherWriters(t *testing.T) {
	throttled(t, func(t *testing.T, w *writer, throttle *throttle) {
		steps(t, w, throttle, 100, 0, someWork)
		require.InDelta(t, 1+throttle.idleRatio, steps(t, w, throttle, 500, 0, someWork), 0.03)
	})
}

// A run that has been alone makes room after one short pause, and takes it back
// when the others have gone.
func TestThrottle_FollowsTheWriters(t *testing.T) {
	throttled(t, func(t *testing.T, w *writer, throttle *throttle) {
		steps(t, w, throttle, 100, 0, someWork)
		w.every = time.Millisecond
		toNextPause := int(float64(throttle.minPause)/throttle.idleRatio/float64(someWork)) + 1
		steps(t, w, throttle, toNextPause, 0, someWork)
		require.Greater(t, steps(t, w, throttle, 20, 0, someWork), 1+maxRatio/2)
		steps(t, w, throttle, 50, 0, someWork)
		require.InDelta(t, 1+maxRatio, steps(t, w, throttle, 100, 0, someWork), 0.1)
		w.every = 0
		steps(t, w, throttle, 100, 0, someWork)
		require.InDelta(t, 1+throttle.idleRatio, steps(t, w, throttle, 500, 0, someWork), 0.03)
	})
}

func TestThrottle_TakesADatabaseThatDoesNotAnswerForABusyOne(t *testing.T) {
	throttled(t, func(t *testing.T, w *writer, throttle *throttle) {
		w.isSilent = true
		steps(t, w, throttle, 10, 0, someWork)
		require.InDelta(t, 1+maxRatio, steps(t, w, throttle, 100, 0, someWork), 0.1)
	})
}

// Waiting for locks reveals writers as well, also where it takes more time than a
// run alone would pause.
func TestThrottle_LearnsFromWaitingThatOthersWrite(t *testing.T) {
	throttled(t, func(t *testing.T, w *writer, throttle *throttle) {
		steps(t, w, throttle, 100, 0, someWork)
		w.every = time.Millisecond
		steps(t, w, throttle, 50, someWork/3, someWork)
		want := 1 + maxRatio
		if throttle.dialect != SQLite {
			want = min(1+maxRatio, 0.75/lossAllowed) // a quarter of its time they lose nothing
		}
		require.InDelta(t, want, steps(t, w, throttle, 100, someWork/3, someWork), 0.1)
	})
}

// While it waits for their locks, the others have their time already.
func TestThrottle_CountsWaitingForOthersAsPause(t *testing.T) {
	throttled(t, func(t *testing.T, w *writer, throttle *throttle) {
		w.every = time.Millisecond
		const waits = 3 * someWork
		steps(t, w, throttle, 10, waits, someWork)
		want := 1 + maxRatio
		if throttle.dialect != SQLite {
			want = 1 + 3 // they lose so little that this is enough
		}
		require.InDelta(t, want, steps(t, w, throttle, 100, waits, someWork), 0.1, "it is counted")
		require.InDelta(t, 1+9, steps(t, w, throttle, 100, 9*someWork, someWork), 0.01, "no pause is added")
	})
}

func TestThrottle_PausesBrieflyAfterAStall(t *testing.T) {
	throttled(t, func(t *testing.T, w *writer, throttle *throttle) {
		w.every = time.Millisecond
		steps(t, w, throttle, 10, 0, someWork)
		time.Sleep(10 * time.Minute)
		throttle.add(0)
		began := time.Now()
		require.NoError(t, throttle.wait(t.Context()))
		require.LessOrEqual(t, time.Since(began), maxPause)
	})
}

// What a caller does between two transactions is no work on the database.
func TestThrottle_CountsNoTimeOfCallers(t *testing.T) {
	throttled(t, func(t *testing.T, w *writer, throttle *throttle) {
		w.every = time.Millisecond
		time.Sleep(time.Hour)
		throttle.skip()
		began := time.Now()
		require.NoError(t, throttle.wait(t.Context()))
		require.Zero(t, time.Since(began))
	})
}

func TestThrottle_EndsItsPauseWithTheContext(t *testing.T) {
	throttled(t, func(t *testing.T, w *writer, throttle *throttle) {
		w.every = time.Millisecond
		stop := errors.New("stop")
		ctx, cancel := context.WithTimeoutCause(t.Context(), time.Second+500*time.Millisecond, stop)
		defer cancel()
		time.Sleep(time.Second)
		throttle.add(0)
		require.ErrorIs(t, throttle.wait(ctx), stop)
		require.Equal(t, time.Second+500*time.Millisecond, time.Since(w.began))
	})
}

// Two runs take each other for frontends: both become slower, and both end.
func TestThrottle_LetsTwoRunsEnd(t *testing.T) {
	for _, d := range []Dialect{SQLite, MySQL, PostgreSQL} {
		t.Run(d.String(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var lock sync.Mutex
				written := [2]int{}
				began := time.Now()
				var runs sync.WaitGroup
				for i := range written {
					runs.Go(func() {
						throttle := newThrottle(d, func(context.Context) (traffic, bool) {
							lock.Lock()
							defer lock.Unlock()
							return traffic{at: time.Now(), mark: fmt.Sprint(written), count: float64(written[0] + written[1])}, true
						})
						time.Sleep(time.Duration(i) * time.Millisecond / 3)
						for range 100 {
							steps(t, &writer{}, &throttle, 1, 0, someWork)
							lock.Lock()
							written[i]++
							lock.Unlock()
						}
					})
				}
				runs.Wait()
				require.Less(t, time.Since(began).Seconds(), (1.1+maxRatio)*(100*someWork).Seconds())
			})
		})
	}
}
