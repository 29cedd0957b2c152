package lock

import (
	"context"
	"slices"
	"sync"
	"time"
)

// queues are the callers of one process that wait for names. At each name one
// of them has the slot: it asks the server, and keeps the slot for as long as
// it holds the lease. So the server hears from one caller of a process, and a
// released lease goes to the next in line immediately.
type queues struct {
	closing <-chan struct{} // ends all waiting
	poll    time.Duration

	mu     sync.Mutex // never held across a wait
	byName map[string]*queue
	sweep  int // how many queues there may be before the idle ones are dropped
}

// queue is the state of one name in this process.
type queue struct {
	waiting []chan struct{}
	taken   bool // somebody has the slot
	last    answer

	// For the holder of the slot alone.
	fair fairness
	mark waitMark
}

// answer is what the holder of the slot has heard last of the server: who holds
// the name, or an error.
type answer struct {
	holder Owner
	err    error
}

// slot is the right to ask the server for a name; pass hands it on.
type slot struct {
	qs   *queues
	name string
	*queue
}

func newQueues(closing <-chan struct{}, poll time.Duration) *queues {
	return &queues{closing: closing, poll: poll, byName: map[string]*queue{}}
}

// enter takes the slot, or waits in line for it. Without a slot, stop is why
// the waiting ended, nil if wait is false, and last is what the holder of the
// slot has met.
func (qs *queues) enter(ctx context.Context, name string, wait bool) (s slot, stop, last error) {
	qs.mu.Lock()
	q := qs.byName[name]
	if q == nil {
		qs.dropIdle()
		q = &queue{}
		qs.byName[name] = q
	}
	s = slot{qs, name, q}
	if !q.taken {
		q.taken = true
		qs.mu.Unlock()
		return s, nil, nil
	}
	if !wait {
		defer qs.mu.Unlock()
		return slot{}, nil, s.heldErr()
	}
	mine := make(chan struct{})
	q.waiting = append(q.waiting, mine)
	qs.mu.Unlock()

	select {
	case <-mine:
		return s, nil, nil
	case <-ctx.Done():
		stop = context.Cause(ctx)
	case <-qs.closing:
		stop = ErrClosed
	}
	return slot{}, stop, s.leave(mine)
}

// dropIdle forgets names that nobody wants and whose fairness is over. The
// caller holds qs.mu.
func (qs *queues) dropIdle() {
	if len(qs.byName) <= qs.sweep {
		return
	}
	now := time.Now()
	for name, q := range qs.byName {
		if !q.taken && q.fair.isOver(now, qs.poll) {
			delete(qs.byName, name)
		}
	}
	qs.sweep = max(2*len(qs.byName), 64)
}

// heldErr is the error of a caller that did not come to ask the server. The
// caller holds qs.mu.
func (s slot) heldErr() error {
	if s.last.err != nil {
		return s.last.err
	}
	return &HeldError{Name: s.name, Owner: s.last.holder}
}

// leave steps out of the line; a slot that came at the same moment goes to the
// next.
func (s slot) leave(mine chan struct{}) error {
	s.qs.mu.Lock()
	i := slices.Index(s.waiting, mine)
	if i >= 0 {
		s.waiting = slices.Delete(s.waiting, i, i+1)
	}
	last := s.heldErr()
	s.qs.mu.Unlock()
	if i < 0 {
		s.pass()
	}
	return last
}

// note keeps what the server has said for those who wait in line.
func (s slot) note(a answer) {
	s.qs.mu.Lock()
	defer s.qs.mu.Unlock()
	s.last = a
}

// pass hands the slot to the next in line.
func (s slot) pass() {
	now := time.Now()
	s.qs.mu.Lock()
	defer s.qs.mu.Unlock()
	s.fair.release(now)
	s.last = answer{}
	switch {
	case len(s.waiting) > 0:
		close(s.waiting[0])
		s.waiting = s.waiting[1:]
	case s.fair.isOver(now, s.qs.poll):
		delete(s.qs.byName, s.name)
	default:
		s.taken = false
	}
}
