package csshttp

import (
	"context"
	"fmt"
	"sync"
	"time"
)

// flight lets one call at a time do what many want.
type flight struct {
	mu  sync.Mutex // never held across a wait
	now *trip
}

// trip is one such call.
type trip struct {
	done chan struct{}
	// since is when it began.
	since time.Time
}

// fetchTimeout bounds one question to store, database or generator.
const fetchTimeout = 10 * time.Second

// fly starts do, unless it runs already or the handler is closed, and returns
// what can be waited for.
func (h *Handler) fly(f *flight, do func(context.Context)) *trip {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.now != nil {
		return f.now
	}
	t := &trip{done: make(chan struct{}), since: time.Now()}
	if !h.begin() {
		close(t.done)
		return t
	}
	f.now = t
	go func() {
		defer h.running.Done()
		defer func() {
			f.mu.Lock()
			f.now = nil
			f.mu.Unlock()
			close(t.done)
		}()
		ctx, cancel := context.WithTimeout(h.ctx, fetchTimeout)
		defer cancel()
		defer func() {
			if p := recover(); p != nil {
				h.logger.Error("css cannot be looked up", "panic", p)
			}
		}()
		do(ctx)
	}()
	return t
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

// For how long after the beginning of a flight requests wait for its end.
const (
	// patience is for those that have nothing to answer with otherwise.
	patience = 4 * time.Second
	// shortPatience is for those that have an earlier answer. It is no longer
	// than from [projectsEvery] to [projectsOld]: where a database hangs, the
	// first request finds out for all.
	shortPatience = projectsOld - projectsEvery
)

// await waits for the end, until the flight is that old.
func (t *trip) await(ctx context.Context, old time.Duration) {
	timer := time.NewTimer(time.Until(t.since.Add(old)))
	defer timer.Stop()
	select {
	case <-t.done:
	case <-ctx.Done():
	case <-timer.C:
	}
}

// recovered makes an error of a panic in what others have written. In a
// goroutine of ours it would end the program, which net/http keeps it from in
// those of requests.
func recovered(err *error) {
	if p := recover(); p != nil {
		*err = fmt.Errorf("csshttp: panic: %v", p)
	}
}
