package lock

import "time"

// fairness tracks how long this process has held a name without a gap in which
// another process could have polled it. Others only poll, and would find the
// name free by luck: so after its share the process yields once, long enough for
// every other process to poll, if one of them waits. The zero value is a process
// that has not had the name.
type fairness struct {
	began      time.Time // of the share; zero: there is none
	released   time.Time // zero while the name is held
	yieldUntil time.Time
	waiter     Owner // to whom it yields
}

// share is how long a process keeps a name that others wait for: about as long
// as it takes until they have polled.
func share(poll time.Duration) time.Duration { return poll }

// yieldTime is how long a process leaves a name to others: a little longer than
// the longest pause between two polls.
func yieldTime(poll time.Duration) time.Duration { return poll*3/2 + poll/4 }

// acquired records that the process has the name.
func (f *fairness) acquired(now time.Time, poll time.Duration) {
	if f.began.IsZero() || f.wasInterrupted(now, poll) {
		f.began = now
	}
	f.released, f.yieldUntil = time.Time{}, time.Time{}
}

// heldElsewhere records that another process has the name.
func (f *fairness) heldElsewhere() { *f = fairness{} }

// release records that the process does not have the name any more.
func (f *fairness) release(now time.Time) {
	if !f.began.IsZero() && f.released.IsZero() {
		f.released = now
	}
}

// wasInterrupted reports whether others have had the time to poll since the
// name was free.
func (f *fairness) wasInterrupted(now time.Time, poll time.Duration) bool {
	return !f.released.IsZero() && now.Sub(f.released) > yieldTime(poll)
}

// shareIsUsed reports whether the process yields if another one waits.
func (f *fairness) shareIsUsed(now time.Time, poll time.Duration) bool {
	return !f.began.IsZero() && !f.wasInterrupted(now, poll) && now.Sub(f.began) >= share(poll)
}

// extend begins another share, since no process waits.
func (f *fairness) extend(now time.Time) { f.began = now }

// yield ends the share in favour of a process that waits.
func (f *fairness) yield(now time.Time, to Owner, poll time.Duration) {
	*f = fairness{yieldUntil: now.Add(yieldTime(poll)), waiter: to}
}

// isOver reports whether there is nothing to remember.
func (f *fairness) isOver(now time.Time, poll time.Duration) bool {
	return !now.Before(f.yieldUntil) && (f.began.IsZero() || f.wasInterrupted(now, poll))
}
