package lock

import (
	"context"
	"sync"
	"time"
)

// tasks are what a Locker has begun and its Close waits for: calls under way,
// work in the background, and leases.
type tasks struct {
	// closing ends, with ErrClosed, when Close begins.
	closing context.Context
	shut    context.CancelCauseFunc

	mu      sync.Mutex // never held across a wait
	leases  map[*Lease]struct{}
	running int
	closed  bool
	closeBy time.Time  // when Close returns at the latest
	idle    *sync.Cond // says that a task or a lease has ended
}

func newTasks() *tasks {
	t := &tasks{leases: map[*Lease]struct{}{}}
	t.idle = sync.NewCond(&t.mu)
	t.closing, t.shut = context.WithCancelCause(context.Background())
	return t
}

func (t *tasks) isClosing() bool { return t.closing.Err() != nil }

// begin counts a call, unless the Locker is closed; finish ends it.
func (t *tasks) begin() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if !t.closed {
		t.running++
	}
	return !t.closed
}

// enter is like begin but does not fail when the Locker is closed: it is for
// what is done for a lease, for which Close waits too.
func (t *tasks) enter() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.running++
}

func (t *tasks) finish() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.running--
	t.idle.Broadcast()
}

// run runs f in the background. The caller is a task itself or has a lease that
// is not yet removed, so that Close still waits.
func (t *tasks) run(f func()) {
	t.enter()
	go func() {
		defer t.finish()
		f()
	}()
}

// add counts a lease until it is removed, unless the Locker is closed.
func (t *tasks) add(le *Lease) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.closed {
		return false
	}
	t.leases[le] = struct{}{}
	return true
}

func (t *tasks) remove(le *Lease) {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.leases, le)
	t.idle.Broadcast()
}

// close lets no more calls and leases begin, and returns the leases that there
// are. Only the first closeBy counts.
func (t *tasks) close(by time.Time) (leases []*Lease) {
	t.mu.Lock()
	if !t.closed {
		t.closed, t.closeBy = true, by
	}
	for le := range t.leases {
		leases = append(leases, le)
	}
	t.mu.Unlock()
	t.shut(ErrClosed)
	return leases
}

// wait returns when no task and no lease is left.
func (t *tasks) wait() {
	t.mu.Lock()
	defer t.mu.Unlock()
	for t.running > 0 || len(t.leases) > 0 {
		t.idle.Wait()
	}
}

// limit returns end, or when Close returns at the latest if that is earlier.
func (t *tasks) limit(end time.Time) time.Time {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.closed && t.closeBy.Before(end) {
		return t.closeBy
	}
	return end
}
