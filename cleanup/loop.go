package cleanup

import (
	"context"
	"time"
)

// Run makes an attempt whenever the cleanup is due, until ctx ends. Then it saves the
// end of a run under way as unfinished, and returns nil. It survives outages of cache,
// lock server and database.
//
// Between attempts it sleeps until the cleanup is due, but at most the poll interval
// ([WithPoll]), since other nodes may bring the schedule forward. Every delay has a
// random part. Run makes the checks when it starts, so that log and overview say from
// then on whether this node may clean.
//
// Without a fault a due cleanup starts within seconds; after one, within
// [Scheduler.MaxDelay]. While cache, lock server or database cannot be reached, no
// cleanup starts.
func (s *Scheduler) Run(ctx context.Context) error {
	c := comparison{s: s}
	req := request{by: s.executor, limits: s.limits[s.executor], policy: s.policy}
	if s.executor.Forced() {
		req.policy.GracePeriod = false
	}
	failures := 0
	next := time.NewTimer(time.Hour) // each attempt sets it
	defer next.Stop()
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
			c.add(ctx, a)
		}
		next.Reset(s.delay(a, failures))
		select {
		case <-next.C:
		case <-ctx.Done():
		}
	}
	return nil
}
