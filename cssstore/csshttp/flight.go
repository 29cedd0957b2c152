package csshttp

import (
	"context"
	"fmt"
	"sync"
	"time"
)

// flight lets one call at a time do what many requests want. It is no
// golang.org/x/sync/singleflight: here the call runs on a goroutine of the
// handler, which Close ends, and a request waits until the call is of a certain
// age, or not at all.
type flight struct {
	mu  sync.Mutex // never held across a wait
	now *call
}

// call is one such call.
type call struct {
	done chan struct{}
	// since is when it began.
	since time.Time
}

// fetchTimeout bounds one call of store, database or generator.
const fetchTimeout = 10 * time.Second

// do starts fn in the background, unless a call is in flight or the handler is
// closed, and returns the call.
func (h *Handler) do(f *flight, fn func(context.Context)) *call {
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
		ctx, cancel := context.WithTimeout(h.ctx, fetchTimeout)
		defer cancel()
		defer func() {
			if p := recover(); p != nil {
				h.logger.Error("css cannot be looked up", "panic", p)
			}
		}()
		fn(ctx)
	}()
	return c
}

// begin counts a goroutine, unless the handler is closed.
func (h *Handler) begin() bool {
	h.closing.Lock()
	defer h.closing.Unlock()
	if h.ctx.Err() != nil {
		return false
	}
	h.running.Add(1)
	return true
}

// How long after the begin of a call requests wait for its end.
const (
	// waitTimeout is for requests that have nothing else to answer with.
	waitTimeout = 4 * time.Second
	// shortWaitTimeout is for requests that have an earlier answer. It is no
	// longer than from [projectsEvery] to [projectsOld]: where a database hangs,
	// the first request finds out for all.
	shortWaitTimeout = projectsOld - projectsEvery
)

// await waits for the end of the call, until the call is of that age.
func (c *call) await(ctx context.Context, age time.Duration) {
	timer := time.NewTimer(time.Until(c.since.Add(age)))
	defer timer.Stop()
	select {
	case <-c.done:
	case <-ctx.Done():
	case <-timer.C:
	}
}

// recovered, deferred, makes a panic in a caller's code an error. On a goroutine
// of the handler it would end the program; net/http recovers those of requests
// only.
func recovered(err *error) {
	if p := recover(); p != nil {
		*err = fmt.Errorf("csshttp: panic: %v", p)
	}
}
