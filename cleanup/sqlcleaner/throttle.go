package sqlcleaner

import (
	"context"
	"time"
)

// The ratio of a run's pauses to its work. Its work is all the time that it spends on the
// database, in which other clients may wait for its locks or for the machine; time in
// which the run waits for others counts as a pause.
const (
	// maxRatio is for writers that can do nothing while the run works, as on SQLite:
	// they keep six sevenths of the time, and lose a little more since their busy
	// handlers sleep beyond the end of a transaction.
	maxRatio = 6.0
	// firstRatio is the ratio until the first pause has shown whether there are other
	// writers.
	firstRatio = 1.0
	// minRatio is for writers that lose nothing.
	minRatio = 0.25
	// lossAllowed is the part of their rate that writers lose at a ratio between these
	// two, as far as a comparison of work and pauses shows it. They lose about as much
	// again that it does not show, since in a pause databases still purge what the run
	// deleted before it.
	lossAllowed = 0.08
	// maxPause limits what a single stall of the database can cost.
	maxPause = 2 * time.Second
)

// idleRatio is the ratio without other writers. The clients of SQLite poll its lock after
// 1, 2, 5, 10, 15, 20, 25, 25, 25, 50, 50 and then every 100 ms: one that has waited for a
// quarter of a second finds it free in a pause of 60 ms. On the other databases a pause
// only has to show whether others write.
func (d Dialect) idleRatio() float64 {
	if d == SQLite {
		return 0.25
	}
	return 0.05
}

// minPause is how long a pause is at least.
func (d Dialect) minPause() time.Duration {
	if d == SQLite {
		return 60 * time.Millisecond
	}
	return 10 * time.Millisecond
}

// throttle pauses a run between its transactions: long if other clients write, otherwise
// just often enough to detect when they begin. It compares what all clients have written
// before and after a pause, in which the run writes nothing.
type throttle struct {
	dialect   Dialect
	traffic   func(context.Context) (traffic, bool) // [DB.readTraffic]
	idleRatio float64
	minPause  time.Duration

	ratio      float64
	work, rest time.Duration // since the last pause
	since      time.Time     // when the work began that is not yet counted
	rates      rates
}

func newThrottle(d Dialect, readTraffic func(context.Context) (traffic, bool)) throttle {
	return throttle{dialect: d, traffic: readTraffic, idleRatio: d.idleRatio(), minPause: d.minPause(), ratio: firstRatio, since: time.Now()}
}

// skip ignores the time since the last transaction, which was not spent on the database.
func (t *throttle) skip() { t.since = time.Now() }

// add counts a transaction that has just ended, with the reads before it. waited is the
// part of that time in which it waited for others.
func (t *throttle) add(waited time.Duration) {
	now := time.Now()
	t.work += now.Sub(t.since) - waited
	t.rest += waited
	t.since = now
}

// wrote counts a transaction that has written.
func (t *throttle) wrote() { t.rates.own++ }

// wait pauses if a pause is due that is long enough, and chooses the next ratio by what
// others have written meanwhile.
func (t *throttle) wait(ctx context.Context) error {
	hasWaited := t.rest >= t.minPause
	if hasWaited {
		t.ratio = max(t.ratio, t.busyRatio())
	}
	due := time.Duration(t.ratio*float64(t.work)) - t.rest
	if due < t.minPause {
		if hasWaited && due <= 0 {
			t.work, t.rest = 0, 0 // a surplus does not count later
		}
		return nil
	}
	others, err := t.pause(ctx, min(due, maxPause))
	if others {
		t.ratio = t.busyRatio()
	} else {
		t.ratio = max(t.ratio/2, t.idleRatio)
	}
	t.work, t.rest, t.since = 0, 0, time.Now()
	return err
}

// pause waits and reports whether others wrote meanwhile: true if that is unknown, since
// the database does not answer.
func (t *throttle) pause(ctx context.Context, d time.Duration) (others bool, err error) {
	began := time.Now()
	before, known := t.traffic(ctx)
	if err := sleep(ctx, d-time.Since(began)); err != nil {
		return false, err
	}
	after, stillKnown := t.traffic(ctx)
	if !known || !stillKnown {
		t.rates = rates{}
		return true, nil
	}
	if t.dialect != SQLite {
		t.rates.add(t.dialect, before, after)
	}
	return before.mark != after.mark, nil
}

// busyRatio returns the ratio at which writers lose what is allowed: they lose a part of
// their rate while the run works, which is 1 / (1 + ratio) of the time.
func (t *throttle) busyRatio() float64 {
	loss, known := t.rates.loss()
	if !known {
		return maxRatio
	}
	return min(max(loss/lossAllowed-1, minRatio), maxRatio)
}
