package cleanup

import (
	"context"
	"log/slog"
	"time"
)

// Run looks at the schedule again and again and runs the cleanup when it is due,
// until ctx ends; then it ends the running cleanup in order and returns nil. It
// outlasts a cache, lock server or database that goes away and comes back.
//
// It sleeps until the cleanup is due, but looks at least once in the poll
// interval ([WithPoll]) for what other nodes have changed, so that it follows a
// schedule that was brought forward within that time. All pauses have a random
// part.
//
// It asks the checks when it starts, so that log and status say from then on
// whether this node may clean.
//
// How late it may be: a cleanup that is due begins within seconds if nothing
// fails. After a fault is over it begins within [Scheduler.Bound]; a fault
// itself (a cache, lock server or database that cannot be reached) puts
// it off for as long as it lasts.
func (s *Scheduler) Run(ctx context.Context) error {
	o := observer{s: s}
	by := order{by: s.loop, limits: s.limits[s.loop], policy: s.policy}
	if s.loop.Forced() {
		by.policy.GracePeriod = false
	}
	failures := 0
	s.checkAtStart(ctx)
	for ctx.Err() == nil {
		began := time.Now()
		a, err := s.try(ctx, by)
		s.checkAgain(ctx, began)
		if a.Result == Unavailable || a.Result == Refused {
			failures++
		} else {
			failures = 0
		}
		if err == nil && s.mode == Observe {
			o.compare(ctx, a)
		}
		t := time.NewTimer(s.pause(a, failures))
		select {
		case <-t.C:
		case <-ctx.Done():
			t.Stop()
		}
	}
	return nil
}

// Bound is how long after the last fault a due cleanup begins at the latest, if
// one node runs Run and none is paused, refused or held up by a PHP node: what
// a dead node left keeps the others away for the longer of marker age and unfinished
// interval or for the lease, then they look within the poll interval or the
// pause after a withdrawal.
func (s *Scheduler) Bound() time.Duration {
	return max(MarkerAge, s.policy.Unfinished(), s.leaseT) + s.leaseT + 2*s.poll + longestRetry
}

// longestRetry is the longest pause after a withdrawal.
const longestRetry = time.Minute

// jitter is the random part of a pause: a 60th of the poll interval.
func (s *Scheduler) jitter() time.Duration {
	return 10*time.Millisecond + s.random(max(s.poll/60, time.Millisecond))
}

// pause is the time to the next look: until the cleanup is due, but no longer
// than poll, since another node may change the schedule; with a random part, so
// that nodes do not look all at once.
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

// observer compares what this node would have done with what others did.
type observer struct {
	s    *Scheduler
	seen bool
	last int64     // the newest row of the look before
	due  time.Time // when the cleanup was due by the look before
	told bool      // that it is due
}

func (o *observer) compare(ctx context.Context, a Attempt) {
	o.s.mu.Lock()
	var newest Row
	if len(o.s.seen) > 0 {
		newest = o.s.seen[0]
	}
	o.s.mu.Unlock()
	if o.seen && newest.ID != o.last {
		msg := "another node has cleaned"
		if newest.Time.Before(o.due.Truncate(time.Second)) {
			msg = "another node has cleaned before the cleanup was due"
		}
		o.s.logger.LogAttrs(ctx, slog.LevelInfo, msg, slog.Int64("row", newest.ID), slog.String("executor", newest.Executor.String()),
			slog.Time("time", newest.Time), slog.Time("due", o.due), slog.Duration("later", newest.Time.Sub(o.due)))
		o.told = false
	}
	if a.Result == Observed && !o.told {
		o.s.logger.LogAttrs(ctx, slog.LevelInfo, "the cleanup is due; this node only observes", slog.Time("due", a.Decision.Due))
	}
	o.told = a.Result == Observed
	o.seen, o.last, o.due = true, newest.ID, a.Decision.Due
}
