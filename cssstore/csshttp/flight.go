package csshttp

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"time"
)

// flight lets concurrent requests share one call. In golang.org/x/sync/singleflight the
// first request makes the call; here it runs on a goroutine of the handler, which
// Close ends, and each request chooses how long to wait for it.
type flight struct {
	mu  sync.Mutex // never held across a wait
	now *call
}

// call is a call in flight.
type call struct {
	done  chan struct{}
	since time.Time // when it began
}

// fetchTimeout bounds a call of store, database or generator.
const fetchTimeout = 10 * time.Second

// do returns the call in flight, or starts fn in the background as a new one, with the
// values of ctx. If the handler is closed the call has ended already.
func (h *Handler) do(ctx context.Context, f *flight, fn func(context.Context)) *call {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.now != nil {
		return f.now
	}
	c := &call{done: make(chan struct{}), since: time.Now()}
	if !h.begin() {
		close(c.done)
		return c
	}
	f.now = c
	go func() {
		defer h.running.Done()
		defer func() {
			f.mu.Lock()
			f.now = nil
			f.mu.Unlock()
			close(c.done)
		}()
		ctx, cancel := h.background(ctx)
		defer cancel()
		defer func() {
			if p := recover(); p != nil {
				h.logger.ErrorContext(ctx, "panic in the background", slog.Any("error", p))
			}
		}()
		fn(ctx)
	}()
	return c
}

// background returns the context of a call that a request starts and others wait for. It
// has the values of the request's, such as its id and its span, and ends with the handler
// or after [fetchTimeout].
func (h *Handler) background(ctx context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), fetchTimeout)
	stop := context.AfterFunc(h.ctx, cancel)
	return ctx, func() { stop(); cancel() }
}

// begin counts a goroutine for Close to wait for. It returns false if the handler is
// closed.
func (h *Handler) begin() bool {
	h.closing.Lock()
	defer h.closing.Unlock()
	if h.ctx.Err() != nil {
		return false
	}
	h.running.Add(1)
	return true
}

// For how long after the begin of a call requests wait for its end.
const (
	// waitTimeout is for requests that have nothing in memory to respond with.
	waitTimeout = 4 * time.Second
	// shortWaitTimeout is for requests that have. It is no longer than from
	// [projectsEvery] to [projectsOld]: while a database hangs only the first
	// request waits for it.
	shortWaitTimeout = projectsOld - projectsEvery
)

// await waits for the end of the call, at most until the call has the given age.
func (c *call) await(ctx context.Context, age time.Duration) {
	timer := time.NewTimer(time.Until(c.since.Add(age)))
	defer timer.Stop()
	select {
	case <-c.done:
	case <-ctx.Done():
	case <-timer.C:
	}
}

// recoverTo is deferred to turn a panic in the user's code into an error. net/http
// recovers panics only on the goroutines of requests; on one of the handler's a panic
// would end the program.
func recoverTo(err *error) {
	if p := recover(); p != nil {
		*err = fmt.Errorf("csshttp: panic: %v", p)
	}
}
