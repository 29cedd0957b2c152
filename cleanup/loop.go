package cleanup

import (
	"context"
	"log/slog"
	"time"
)

// Run makes one attempt after the other, so that the cleanup runs when it is due,
// until ctx ends; then it ends the running cleanup in order and returns nil. It
// survives a cache, lock server or database that goes away and comes back.
//
// It sleeps until the cleanup is due, but reads the schedule at least once in the
// poll interval ([WithPoll]), since other nodes may bring it forward. All pauses
// have a random part. It asks the checks when it starts, so that log and status say
// from then on whether this node may clean.
//
// Without a fault a due cleanup starts within seconds. After a fault it starts
// within [Scheduler.MaxDelay]; while a cache, lock server or database cannot be
// reached there is none.
func (s *Scheduler) Run(ctx context.Context) error {
	o := observer{s: s}
	req := request{by: s.executor, limits: s.limits[s.executor], policy: s.policy}
	if s.executor.Forced() {
		req.policy.GracePeriod = false
	}
	failures := 0
	s.checkAtStart(ctx)
	for ctx.Err() == nil {
		began := time.Now()
		a, err := s.try(ctx, req)
		s.checkAgain(ctx, began)
		if a.Result == ResultUnavailable || a.Result == ResultRefused {
			failures++
		} else {
			failures = 0
		}
		if err == nil && s.mode == ModeObserve {
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

// observer compares what this node would have done with what others did.
type observer struct {
	s *Scheduler
	// Of the attempt before: whether there was one, the newest run, when the
	// cleanup was due, and whether that it is due has been logged.
	started bool
	newest  int64
	due     time.Time
	logged  bool
}

func (o *observer) compare(ctx context.Context, a Attempt) {
	o.s.mu.Lock()
	var newest Run
	if len(o.s.lastRuns) > 0 {
		newest = o.s.lastRuns[0]
	}
	o.s.mu.Unlock()
	if o.started && newest.ID != o.newest {
		msg := "another node has cleaned"
		if newest.Time.Before(o.due.Truncate(time.Second)) {
			msg = "another node has cleaned before the cleanup was due"
		}
		o.s.logger.LogAttrs(ctx, slog.LevelInfo, msg, slog.Int64("row", newest.ID), slog.String("executor", newest.Executor.String()),
			slog.Time("time", newest.Time), slog.Time("due", o.due), slog.Duration("later", newest.Time.Sub(o.due)))
		o.logged = false
	}
	if a.Result == ResultObserved && !o.logged {
		o.s.logger.LogAttrs(ctx, slog.LevelInfo, "the cleanup is due; this node only observes", slog.Time("due", a.Decision.Due))
	}
	o.logged = a.Result == ResultObserved
	o.started, o.newest, o.due = true, newest.ID, a.Decision.Due
}
