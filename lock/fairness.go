package lock

import "time"

// fairness limits the turn of a process at one name: the time for which it
// takes the name again and again, without a break in which another could have
// taken it. Other processes only poll, and would find the name free by luck. So
// when the turn is over and another process waits, this one leaves the name
// alone for as long as all others need to poll once. The zero value is a
// process that has not had the name.
type fairness struct {
	began    time.Time // of the turn; zero: there is none
	released time.Time // zero while the name is held
	yielding time.Time // until when others may have the name
	waiter   Owner     // for whom
}

// turnLength is how long a process keeps a name that others wait for: about as
// long as it takes until they have polled.
func turnLength(poll time.Duration) time.Duration { return poll }

// yieldTime is how long a process leaves a name to others: a little longer than
// the longest pause between two polls.
func yieldTime(poll time.Duration) time.Duration { return poll*3/2 + poll/4 }

// acquired notes that the process has the name.
func (f *fairness) acquired(now time.Time, poll time.Duration) {
	if f.began.IsZero() || f.wasInterrupted(now, poll) {
		f.began = now
	}
	f.released, f.yielding = time.Time{}, time.Time{}
}

// refused notes that another process has the name.
func (f *fairness) refused() { *f = fairness{} }

// release notes that the process does not have the name any more.
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

// turnIsOver reports whether the process yields if another one waits.
func (f *fairness) turnIsOver(now time.Time, poll time.Duration) bool {
	return !f.began.IsZero() && !f.wasInterrupted(now, poll) && now.Sub(f.began) >= turnLength(poll)
}

// extend begins another turn, since nobody waits.
func (f *fairness) extend(now time.Time) { f.began = now }

// yield ends the turn in favour of a process that waits.
func (f *fairness) yield(now time.Time, to Owner, poll time.Duration) {
	*f = fairness{yielding: now.Add(yieldTime(poll)), waiter: to}
}

// isOver reports whether there is nothing to remember.
func (f *fairness) isOver(now time.Time, poll time.Duration) bool {
	return !now.Before(f.yielding) && (f.began.IsZero() || f.wasInterrupted(now, poll))
}
