package csshttp

import (
	"context"
	"sync"
	"time"
)

// flight lets one call at a time do what many want.
type flight struct {
	mu   sync.Mutex // never held across a wait
	done chan struct{}
}

// fetchTimeout bounds one question to store, database or generator.
const fetchTimeout = 10 * time.Second

// fly starts do, unless it runs already or the handler is closed, and returns
// what is closed when it has ended.
func (h *Handler) fly(f *flight, do func(context.Context)) <-chan struct{} {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.done != nil {
		return f.done
	}
	done := make(chan struct{})
	if !h.begin() {
		close(done)
		return done
	}
	f.done = done
	go func() {
		defer h.running.Done()
		defer func() {
			f.mu.Lock()
			f.done = nil
			f.mu.Unlock()
			close(done)
		}()
		ctx, cancel := context.WithTimeout(h.ctx, fetchTimeout)
		defer cancel()
		do(ctx)
	}()
	return done
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

// patience is how long a request waits for an answer; then it gets what there
// is.
const patience = 5 * time.Second

// await waits for the end of a flight.
func await(ctx context.Context, done <-chan struct{}) {
	t := time.NewTimer(patience)
	defer t.Stop()
	select {
	case <-done:
	case <-ctx.Done():
	case <-t.C:
	}
}
