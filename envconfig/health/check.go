package health

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"
)

// Timeout is the maximum duration of a check.
const Timeout = time.Second

// grace is how much longer a request waits, so that a check can notice the end of its
// context.
const grace = 500 * time.Millisecond

// Check is a condition for readiness.
type Check struct {
	// Name is in lower_snake_case.
	Name string
	// Func returns nil if the condition holds. All clients of the probe see the text of
	// its error, so it must not contain a secret. The context ends after [Timeout]; Func
	// should return then, and is not called again before it has returned. Concurrent
	// requests share one call, which the end of a request does not cancel.
	Func func(ctx context.Context) error
}

// runner calls a function once for all concurrent requests.
type runner struct {
	f       func(context.Context) error
	mu      sync.Mutex
	current *call // nil if none is in flight
}

type call struct {
	begun time.Time
	done  chan struct{}
	err   error // valid when done is closed
}

// run returns the error of the function, or an error if it takes too long.
func (r *runner) run(ctx context.Context) error {
	c := r.join(ctx)
	late := time.NewTimer(Timeout + grace)
	defer late.Stop()
	select {
	case <-c.done:
		if errors.Is(c.err, context.DeadlineExceeded) {
			return fmt.Errorf("no answer within %s", Timeout)
		}
		return c.err
	case <-late.C:
		return fmt.Errorf("no answer for %s", time.Since(c.begun).Round(100*time.Millisecond))
	}
}

// join returns the call in flight, or starts one.
func (r *runner) join(ctx context.Context) *call {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.current == nil {
		r.current = &call{begun: time.Now(), done: make(chan struct{})}
		go r.call(context.WithoutCancel(ctx), r.current)
	}
	return r.current
}

func (r *runner) call(ctx context.Context, c *call) {
	ctx, cancel := context.WithTimeout(ctx, Timeout)
	c.err = errors.New("the check ended without a result")
	defer func() {
		if p := recover(); p != nil {
			c.err = &panicError{value: p, stack: debug.Stack()}
		}
		cancel()
		r.mu.Lock()
		r.current = nil
		r.mu.Unlock()
		close(c.done)
	}()
	c.err = r.f(ctx)
}

// panicError is a panic of a check. Clients learn only that there was one: its value
// and stack, which may hold secrets, are for the log.
type panicError struct {
	value any
	stack []byte
}

// Error implements error.
func (e *panicError) Error() string { return "the check panicked; see the log of the node" }

// LogValue implements [slog.LogValuer].
func (e *panicError) LogValue() slog.Value {
	return slog.StringValue(fmt.Sprintf("the check panicked: %v\n%s", e.value, e.stack))
}

// outage logs the first failure of a check and its recovery.
type outage struct {
	logger  *slog.Logger
	failing atomic.Bool
}

func (o *outage) note(ctx context.Context, check string, err error) {
	switch {
	case err != nil && !o.failing.Swap(true):
		o.logger.WarnContext(ctx, "a health check fails", slog.String("check", check), slog.Any("error", err))
	case err == nil && o.failing.Load() && o.failing.Swap(false):
		o.logger.InfoContext(ctx, "a health check succeeds again", slog.String("check", check))
	}
}
