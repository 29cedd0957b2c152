package cleanup

import (
	"context"
	"sync"
	"time"
)

// lazyDeadline is what [context.WithTimeout] returns, but starts its timer only when Done
// is called. A database and a cache in memory never do, and their reads are most of what
// the nodes of a simulated cluster do in weeks: a timer is a third of the cost of one.
type lazyDeadline struct {
	context.Context // the parent
	deadline        time.Time

	mu     sync.Mutex
	ctx    context.Context // with a timer; nil until Done is called
	cancel context.CancelFunc
	ended  bool
}

// withLazyTimeout is [context.WithTimeout] with a [lazyDeadline].
func withLazyTimeout(parent context.Context, d time.Duration) (context.Context, context.CancelFunc) {
	at := time.Now().Add(d)
	if earlier, ok := parent.Deadline(); ok && earlier.Before(at) {
		at = earlier
	}
	c := &lazyDeadline{Context: parent, deadline: at}
	return c, c.end
}

// Deadline implements [context.Context].
func (c *lazyDeadline) Deadline() (time.Time, bool) { return c.deadline, true }

// Done implements [context.Context].
func (c *lazyDeadline) Done() <-chan struct{} { return c.withTimer().Done() }

// AfterFunc lets package context derive contexts from this one without a goroutine.
func (c *lazyDeadline) AfterFunc(f func()) (stop func() bool) {
	return context.AfterFunc(c.withTimer(), f)
}

// Err implements [context.Context].
func (c *lazyDeadline) Err() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.ctx != nil:
		return c.ctx.Err()
	case c.Context.Err() != nil:
		return c.Context.Err()
	case c.ended:
		return context.Canceled
	case !time.Now().Before(c.deadline):
		return context.DeadlineExceeded
	}
	return nil
}

func (c *lazyDeadline) withTimer() context.Context {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.ctx == nil {
		c.ctx, c.cancel = context.WithDeadline(c.Context, c.deadline)
		if c.ended {
			c.cancel()
		}
	}
	return c.ctx
}

// end is the function of [context.WithTimeout].
func (c *lazyDeadline) end() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.ended = true
	if c.cancel != nil {
		c.cancel()
	}
}
