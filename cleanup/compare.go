package cleanup

import (
	"context"
	"log/slog"
	"time"
)

// comparison logs, on a node that only observes, how the runs of other nodes compare
// with its own decisions.
type comparison struct {
	s *Scheduler
	// The previous attempt: whether there was one, the id of the newest run, when
	// the cleanup was due, and whether the log has that it is due.
	started bool
	newest  int64
	due     time.Time
	logged  bool
}

// add compares an attempt with the previous one.
func (c *comparison) add(ctx context.Context, a Attempt) {
	c.s.mu.Lock()
	var newest Run
	if len(c.s.lastRuns) > 0 {
		newest = c.s.lastRuns[0]
	}
	c.s.mu.Unlock()
	if c.started && newest.ID != c.newest {
		msg := "another node has cleaned"
		if newest.Time.Before(c.due.Truncate(time.Second)) {
			msg = "another node has cleaned before the cleanup was due"
		}
		c.s.logger.LogAttrs(ctx, slog.LevelInfo, msg, slog.Int64("run_id", newest.ID), slog.String("executor", newest.Executor.String()),
			slog.Time("started", newest.Time), slog.Time("due", c.due), slog.Duration("delay", newest.Time.Sub(c.due)))
		c.logged = false
	}
	if a.Result == ResultObserved && !c.logged {
		c.s.logger.LogAttrs(ctx, slog.LevelInfo, "the cleanup is due; this node only observes", slog.Time("due", a.Decision.Due))
	}
	c.logged = a.Result == ResultObserved
	c.started, c.newest, c.due = true, newest.ID, a.Decision.Due
}
