package cleanup

import "time"

// MaxDelay returns the maximum time between the end of the last fault and the start
// of a due cleanup, provided that a node is in [Scheduler.Run], and no pause, check or
// PHP node prevents it. Marker, row and lease of a crashed node keep the others waiting
// until they expire; then the others make an attempt within two poll intervals, or a
// minute after a withdrawal.
func (s *Scheduler) MaxDelay() time.Duration {
	return max(markerAge, s.policy.UnfinishedInterval, s.leaseTTL) + s.leaseTTL + 2*s.poll + longestRetry
}

// longestRetry is the longest delay after a withdrawal.
const longestRetry = time.Minute

// jitter returns the random part of a delay: 10 ms and up to a 60th of the poll
// interval.
func (s *Scheduler) jitter() time.Duration {
	return 10*time.Millisecond + s.random(max(s.poll/60, time.Millisecond))
}

// delay returns the time until the next attempt: until the cleanup is due, but at most
// the poll interval, and after failures a backoff. It has a random part, so that nodes
// do not act at the same time.
func (s *Scheduler) delay(a Attempt, failures int) time.Duration {
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
