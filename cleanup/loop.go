package cleanup

import (
	"context"
	"log/slog"
	"math/rand/v2"
	"time"
)

// Run looks at the schedule again and again and runs the cleanup when it is due,
// until ctx ends; then it ends the running cleanup in order and returns nil. It
// outlasts a cache, lock server or database that goes away and comes back.
func (s *Scheduler) Run(ctx context.Context) error {
	o := observer{s: s}
	failures := 0
	for ctx.Err() == nil {
		a, err := s.try(ctx, s.loop, s.limits[s.loop])
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

// pause is the time to the next look: until the cleanup is due, but no longer
// than poll, since another node may change the schedule; with a random part, so
// that nodes do not look all at once.
func (s *Scheduler) pause(a Attempt, failures int) time.Duration {
	if failures > 0 {
		d := min(time.Second<<min(failures, 6), s.poll)
		return d/2 + rand.N(d)
	}
	if a.RetryAfter > 0 {
		return a.RetryAfter
	}
	d := s.poll
	if until := a.Decision.Until; !until.IsZero() {
		d = min(d, max(time.Until(until), 0))
	}
	return d + 10*time.Millisecond + rand.N(max(s.poll/60, time.Millisecond))
}

// observer compares what this node would have done with what others did.
type observer struct {
	s    *Scheduler
	last int64
	seen bool
	due  time.Time
}

func (o *observer) compare(ctx context.Context, a Attempt) {
	rows, err := o.s.db.Recent(ctx, 1)
	if err != nil {
		return // the next look says so
	}
	if a.Result == Observed && o.due.IsZero() {
		o.due = a.Decision.Due
		o.s.logger.Info("the cleanup is due; this node only observes", slog.Time("due", o.due))
	}
	var newest Row
	if len(rows) > 0 {
		newest = rows[0]
	}
	if o.seen && newest.ID != o.last {
		attrs := []any{slog.Int64("row", newest.ID), slog.String("executor", newest.Executor.String()), slog.Time("time", newest.Time)}
		if o.due.IsZero() {
			o.s.logger.Info("another node has cleaned before this one would have", attrs...)
		} else {
			o.s.logger.Info("another node has cleaned", append(attrs, slog.Time("due", o.due))...)
		}
		o.due = time.Time{}
	}
	o.last, o.seen = newest.ID, true
}
