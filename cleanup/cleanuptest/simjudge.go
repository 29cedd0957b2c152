package cleanuptest

import (
	"context"
	"time"

	"github.com/mosparo/go-cluster/cleanup"
)

// watch looks for cleanups that are due and do not begin.
func (w *world) watch() {
	for sleep(w.ctx, w.between(2*time.Minute, 3*time.Minute, "watch")) == nil {
		w.lateness(w.now(), false)
	}
}

// lateness notes how long the cleanup has been due, without a fault and
// without anybody at work.
func (w *world) lateness(at time.Duration, begins bool) {
	due, ok := w.due()
	w.mu.Lock()
	defer w.mu.Unlock()
	since := max(due, w.fault)
	for _, work := range w.works {
		if work.End < 0 {
			return // somebody is at work
		}
		since = max(since, work.End)
	}
	if !ok || w.faults > 0 || w.up == 0 || at <= since {
		return
	}
	late := at - since
	w.late = max(w.late, late)
	if late > w.bound && w.lastMiss != since && !begins {
		w.lastMiss = since
		w.misses = append(w.misses, Missed{Due: due, Noticed: at, Late: late})
	}
}

// due is when the cleanup is due by what really is in cache and database.
func (w *world) due() (time.Duration, bool) {
	php := &PHPNode{Pool: w.truth, Statistics: w.db, Policy: w.Policy}
	s := php.schedule(context.Background())
	rows, _ := php.rows(context.Background())
	s.Newest, s.NewestUnknown = rows.Newest, rows.NewestUnknown
	d := w.Policy.Decide(s, time.Now(), false)
	if d.Reason == cleanup.NothingPlanned {
		return 0, true // a schedule is due
	}
	return d.Due.Sub(w.began), !d.Due.After(time.Now())
}

// judge finds work that was done twice.
func (w *world) judge(runs []Work) (doubles []Double) {
	for i, b := range runs {
		for _, a := range runs[:i] {
			if d, ok := w.pair(a, b); ok {
				doubles = append(doubles, d)
			}
		}
		if i > 0 && w.again(runs[:i], b) {
			doubles = append(doubles, Double{A: runs[i-1], B: b, Avoidable: true, Why: "a Go node has cleaned again before the interval was over"})
		}
	}
	return doubles
}

// again reports whether a Go node cleaned although the run before was complete:
// without faults every end is saved, and then nothing is due for an interval,
// unless a run that was stopped beside it has asked for more.
func (w *world) again(before []Work, b Work) bool {
	a := before[len(before)-1]
	for _, other := range before {
		if !other.Complete && other.End > a.Start {
			return false
		}
	}
	return !w.Faults && !b.PHP && a.Complete && b.Start >= a.End && b.Row-a.Row < w.Policy.Interval()-time.Second
}

// pair judges two times of work, of which a began first.
func (w *world) pair(a, b Work) (Double, bool) {
	d := Double{A: a, B: b}
	overlap := b.Start < a.End
	switch {
	case a.PHP && b.PHP:
		d.Why = "two PHP nodes"
		return d, overlap
	case !a.PHP && !b.PHP:
		d.Avoidable, d.Why = true, "two Go nodes at the same time"
		return d, overlap
	}
	php, node := a, b
	if b.PHP {
		php, node = b, a
	}
	switch {
	case php.Row > node.LookBefore && php.Row <= node.LookAfter:
		// Also when the PHP node was done again before the Go node began.
		d.Avoidable, d.Why = true, "the PHP node's row was there when the Go node looked"
		return d, true
	case !overlap:
		return d, false
	case php.Row <= node.LookBefore:
		d.Avoidable, d.Why = true, "the PHP node's row was there before the Go node began"
	case node.Row <= php.LookBefore && php.LookBefore < node.End:
		d.Avoidable, d.Why = true, "the Go node's row did not keep the PHP node away"
	case node.End-php.Row > node.Round+w.notice():
		d.Avoidable, d.Why = true, "the Go node did not notice the PHP node between two rounds"
	default:
		d.Why = "the PHP node stalled for longer than the guard time"
	}
	return d, true
}

// notice is how long a Go node may take to notice a PHP node beyond the round
// that is under way: the look at a database that is slow or does not answer.
func (w *world) notice() time.Duration {
	most := 4 * farthest * quick
	if w.Faults {
		most += 2*patience + 2*(2*patience+quick)
	}
	return most
}
