package cleanuptest

import (
	"context"
	"time"
)

// watch notes cleanups that are due and do not start.
func (w *world) watch() {
	for sleep(w.ctx, w.between(2*time.Minute, 3*time.Minute, "watch")) == nil {
		if !w.isQuiet() {
			w.noteLateness(w.now(), false)
		}
	}
}

// noteLateness notes for how long the cleanup has been due without a fault and without a run
// under way.
func (w *world) noteLateness(at time.Duration, starts bool) {
	due, ok := w.due()
	w.mu.Lock()
	defer w.mu.Unlock()
	since := max(due, w.fault)
	for _, r := range w.runs {
		if r.End < 0 {
			return // it is under way
		}
		since = max(since, r.End)
	}
	if !ok || w.faults > 0 || w.up == 0 || at <= since {
		return
	}
	late := at - since
	w.late = max(w.late, late)
	if late > w.MaxDelay && w.lastMiss != since && !starts {
		w.lastMiss = since
		w.missed = append(w.missed, MissedRun{Due: due, Noticed: at, Late: late})
	}
}

// due returns when the cleanup is due by the actual state of cache and database, and whether
// that time has come.
func (w *world) due() (time.Duration, bool) {
	php := &PHPNode{Pool: w.direct, Database: w.db, Policy: w.Policy}
	s := php.schedule(context.Background())
	rows, _ := php.statistics(context.Background())
	s.Newest, s.NewestUnknown = rows.Newest, rows.NewestUnknown
	d := w.Policy.Decide(s, time.Now(), false)
	if s.Next == nil && s.Additional == nil && s.Newest == nil {
		return 0, true // nothing is planned, which is due now
	}
	return d.Due.Sub(w.began), !d.Due.After(time.Now())
}

// overlaps returns the pairs of runs that should have been one.
func (w *world) overlaps(runs []Run) (found []OverlappingRuns) {
	for i, b := range runs {
		for _, a := range runs[:i] {
			if o, ok := w.pair(a, b); ok {
				found = append(found, o)
			}
		}
		if i > 0 && w.tooSoon(runs[:i], b) {
			found = append(found, OverlappingRuns{A: runs[i-1], B: b, Avoidable: true, Why: "a Go node has cleaned again before the interval was over"})
		}
	}
	return found
}

// tooSoon reports whether a Go node cleaned although the run before was complete:
// without faults every end is saved, and then nothing is due for an interval,
// unless a run that was stopped beside it has asked for more.
func (w *world) tooSoon(before []Run, b Run) bool {
	a := before[len(before)-1]
	for _, other := range before {
		if !other.Complete && other.End > a.Start {
			return false
		}
	}
	return !w.Faults && !b.PHP && a.Complete && b.Start >= a.End && b.inserted-a.inserted < w.Policy.ProcessInterval-time.Second
}

// pair reports whether two runs, of which a started first, should have been one.
func (w *world) pair(a, b Run) (OverlappingRuns, bool) {
	o := OverlappingRuns{A: a, B: b}
	overlap := b.Start < a.End
	switch {
	case a.PHP && b.PHP:
		o.Why = "two PHP nodes"
		return o, overlap
	case !a.PHP && !b.PHP:
		o.Avoidable, o.Why = true, "two Go nodes at the same time"
		return o, overlap
	}
	php, node := a, b
	if b.PHP {
		php, node = b, a
	}
	switch {
	case php.inserted > node.readBefore && php.inserted <= node.readAfter:
		// Also if the PHP node had finished before the Go node started.
		o.Avoidable, o.Why = true, "the PHP node's row was there when the Go node read the statistics"
		return o, true
	case !overlap:
		return o, false
	case php.inserted <= node.readBefore:
		o.Avoidable, o.Why = true, "the PHP node's row was there before the Go node started"
	case node.inserted <= php.readBefore && php.readBefore < node.End:
		o.Avoidable, o.Why = true, "the Go node's row did not keep the PHP node away"
	case node.End-php.inserted > node.round+w.maxDetection():
		o.Avoidable, o.Why = true, "the Go node did not detect the PHP node between two rounds"
	default:
		o.Why = "the PHP node stalled for longer than the guard time"
	}
	return o, true
}

// maxDetection returns how long a Go node may take, after the end of a round, to detect a
// PHP node: its database may be slow or not answer.
func (w *world) maxDetection() time.Duration {
	most := 4 * farthest * near
	if w.Faults {
		most += 2*clientTimeout + 2*(2*clientTimeout+near)
	}
	return most
}
