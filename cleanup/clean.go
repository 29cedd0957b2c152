package cleanup

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"sync/atomic"
	"time"

	"github.com/mosparo/go-cluster/cache"
)

// cleaned is the outcome of the clean phase.
type cleaned struct {
	report   Report
	duration time.Duration
	// err is why it ended early, also if it was stopped between two rounds.
	err error
}

func (c cleaned) isComplete() bool { return c.err == nil && c.report.Finished }

// cleaning is the clean phase under way.
type cleaning struct {
	*lockedRun
	own   announcement
	began time.Time
	// lastRound is how long after began the cleaner last began a round.
	lastRound atomic.Int64
	// stopped is why it was stopped between two rounds.
	stopped error
}

// clean calls the cleaner, with a heartbeat meanwhile, until it is done or the lease
// ends.
func (r *lockedRun) clean(ctx context.Context, own announcement) cleaned {
	c := &cleaning{lockedRun: r, own: own, began: time.Now()}
	working, cancel := context.WithCancelCause(ctx)
	stop := context.AfterFunc(r.lease.Context(), func() { cancel(context.Cause(r.lease.Context())) })
	// The heartbeat continues until the cleaner has returned, also after ctx has ended.
	beating, stopHeartbeat := context.WithCancel(context.WithoutCancel(ctx))
	stopped := make(chan struct{})
	go func() {
		defer close(stopped)
		r.heartbeat(beating, own, c.isHung, func() { cancel(ErrHung) })
	}()
	report, err := c.callCleaner(working)
	stopHeartbeat()
	<-stopped
	stop()
	if errors.Is(context.Cause(working), ErrHung) && !errors.Is(err, ErrHung) {
		err = errors.Join(ErrHung, err) // also if it has finished: PHP nodes may have begun since
	}
	cancel(nil)
	if errors.Is(err, context.Canceled) && r.lease.Err() != nil {
		err = nil // caused by the lost lease, whose error finish returns
	}
	return cleaned{report: report, duration: time.Since(c.began), err: err}
}

// callCleaner turns a panic of a cleaner into an error, so that the end of the run
// is saved all the same. The stack is in the log.
func (c *cleaning) callCleaner(ctx context.Context) (r Report, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("the cleaner panicked: %v", p)
			c.s.logger.LogAttrs(ctx, slog.LevelError, "the cleaner panicked", slog.Any("error", err), slog.String("stack", string(debug.Stack())))
		}
	}()
	j := Job{Policy: c.s.policy, Limits: c.req.limits}
	j.Limits.Between = c.between
	r, err = c.s.clean(ctx, j)
	if err == nil {
		err = c.stopped // a cleaner that ignored the error of between
	}
	return r, err
}

// between is the [Limits].Between of the cleaner: it ends the run if another node has
// begun one, or during a pause.
func (c *cleaning) between(ctx context.Context) error {
	c.lastRound.Store(int64(time.Since(c.began)))
	if c.req.limits.Between != nil {
		if err := c.req.limits.Between(ctx); err != nil {
			return err
		}
	}
	c.stopped = c.checkConcurrent(ctx, c.own)
	if c.stopped == nil {
		c.stopped = c.checkPaused(ctx)
	}
	return c.stopped
}

// checkPaused returns [ErrPaused] during a pause, and nil if the cache does not
// answer.
func (c *cleaning) checkPaused(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, c.s.writeTimeout)
	defer cancel()
	var p cache.Result[Pause]
	if err := cache.Read(ctx, c.s.pool, pauseKey.Into(&p)); err == nil && activePause(p, time.Now()) != nil {
		return ErrPaused
	}
	return nil
}

// isHung reports whether the cleaner has not begun a round for too long.
func (c *cleaning) isHung() bool {
	return time.Since(c.began)-time.Duration(c.lastRound.Load()) > maxRound
}
