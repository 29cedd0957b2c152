package cleanup

import "time"

// MaxDelay returns the maximum time between the end of the last fault and the start
// of a due cleanup, provided that one node runs Run and none is paused, refused or
// kept waiting by a PHP node. What a crashed node has left keeps the others waiting
// for the age of a marker, the unfinished interval or the lease; then they make an
// attempt within the poll interval, or the pause after a withdrawal.
func (s *Scheduler) MaxDelay() time.Duration {
	return max(markerAge, s.policy.UnfinishedInterval, s.leaseTTL) + s.leaseTTL + 2*s.poll + longestRetry
}

// longestRetry is the longest pause after a withdrawal.
const longestRetry = time.Minute

// jitter returns the random part of a pause: up to a 60th of the poll interval.
func (s *Scheduler) jitter() time.Duration {
	return 10*time.Millisecond + s.random(max(s.poll/60, time.Millisecond))
}

// pause returns the time until the next attempt: until the cleanup is due, but at
// most the poll interval; with a random part, so that nodes do not act at the same
// time.
func (s *Scheduler) pause(a Attempt, failures int) time.Duration {
	if failures > 0 {
		d := max(min(time.Second<<min(failures, 6), s.poll), time.Millisecond)
		return d/2 + s.random(d/2)
	}
	if a.RetryAfter > 0 {
		return a.RetryAfter
	}
	d := s.poll
	if until := a.Decision.Until; !until.IsZero() {
		d = min(d, max(time.Until(until), 0))
	}
	return d + s.jitter()
}
