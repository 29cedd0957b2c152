package sqlcleaner

import (
	"context"
	"time"
)

// A throttle divides the time between a run and the other clients that write. Its
// unit is the work of the run, which is all the time that the run spends on the
// database: others may wait meanwhile, for its locks or for the machine. A run
// owes them a pause of ratio times its work, less the time that it waited for
// them.
const (
	// maxRatio holds beside writers that can do nothing while the run works, as on
	// SQLite: they keep seven eighths of the time, and lose a little more since
	// their busy handlers sleep beyond the end of a transaction.
	maxRatio = 7.0
	// minRatio holds beside writers that lose nothing, and until the first pause
	// has shown whether there are any.
	minRatio = 1.0
	// lossAllowed is the part of their rate that writers lose between these two.
	lossAllowed = 0.125
	// maxPause bounds what a single stall of the database can cost.
	maxPause = 2 * time.Second
)

// idleRatio and minPause hold while there are no other writers. The clients of SQLite
// look for its lock after 1, 2, 5, 10, 15, 20, 25, 25, 25, 50, 50 and then every
// 100 ms: one that has waited for a quarter of a second gets it in a pause of 60
// ms. On the other databases a pause only has to show whether anyone writes.
func (d Dialect) idleRatio() float64 {
	if d == SQLite {
		return 0.25
	}
	return 0.05
}

func (d Dialect) minPause() time.Duration {
	if d == SQLite {
		return 60 * time.Millisecond
	}
	return 10 * time.Millisecond
}

// throttle makes a run pause: long where other clients write, and else just
// often enough to notice when they begin. It looks for their writes during its
// pauses, in which the run writes nothing.
type throttle struct {
	dialect   Dialect
	writes    func(context.Context) (traffic, bool) // [DB.writes]
	idleRatio float64
	minPause  time.Duration

	ratio      float64
	work, rest time.Duration // since the last pause
	since      time.Time     // work that is not yet counted begins here
	rates      rates
}

func newThrottle(d Dialect, writes func(context.Context) (traffic, bool)) throttle {
	return throttle{dialect: d, writes: writes, idleRatio: d.idleRatio(), minPause: d.minPause(), ratio: minRatio, since: time.Now()}
}

// skip leaves out the time since the last transaction: it was not spent on the
// database.
func (t *throttle) skip() { t.since = time.Now() }

// add counts a transaction that has just ended, with the reads before it. Some of
// that time it waited for others.
func (t *throttle) add(waited time.Duration) {
	now := time.Now()
	t.work += now.Sub(t.since) - waited
	t.rest += waited
	t.since = now
	t.rates.own++
}

// wait pauses once enough is owed, and chooses the ratio by what it sees.
func (t *throttle) wait(ctx context.Context) error {
	hasWaited := t.rest >= t.minPause
	if hasWaited {
		t.ratio = max(t.ratio, t.busyRatio())
	}
	owed := time.Duration(t.ratio*float64(t.work)) - t.rest
	if owed < t.minPause {
		if hasWaited && owed <= 0 {
			t.work, t.rest = 0, 0 // what they had too much does not count later
		}
		return nil
	}
	others, err := t.pause(ctx, min(owed, maxPause))
	if others {
		t.ratio = t.busyRatio()
	} else {
		t.ratio = max(t.ratio/2, t.idleRatio)
	}
	t.work, t.rest, t.since = 0, 0, time.Now()
	return err
}

// pause waits and reports whether others wrote meanwhile, which a database that
// does not answer leaves open.
func (t *throttle) pause(ctx context.Context, d time.Duration) (others bool, err error) {
	began := time.Now()
	before, known := t.writes(ctx)
	if err := pause(ctx, d-time.Since(began)); err != nil {
		return false, err
	}
	after, stillKnown := t.writes(ctx)
	if !known || !stillKnown {
		t.rates = rates{}
		return true, nil
	}
	if t.dialect != SQLite {
		t.rates.add(t.dialect, before, after)
	}
	return before.mark != after.mark, nil
}

// busyRatio is the ratio at which writers lose what is allowed: of the loss while
// the run works, all together lose one part in 1 + ratio.
func (t *throttle) busyRatio() float64 {
	loss, known := t.rates.loss()
	if !known {
		return maxRatio
	}
	return min(max(loss/lossAllowed-1, minRatio), maxRatio)
}
