package lock

import (
	"context"
	"slices"
	"time"
)

// slot is the right to ask the server for a name. Its holder notes what the
// server says, for the callers in line and for fairness; pass hands it on.
type slot struct {
	qs   *queues
	name string
	*queue
}

// yield returns for how long, and to whom, this process leaves the name because
// it has had its share and another one waits; nil if the caller may ask now.
func (s slot) yield(ctx context.Context) *HeldError {
	now, poll := time.Now(), s.qs.poll
	if s.fair.shareIsUsed(now, poll) {
		if waiter, ok := s.qs.marks.waiter(ctx, s.name, &s.mark); ok {
			s.fair.yield(now, waiter, poll)
		} else {
			s.fair.extend(now)
		}
	}
	left := s.fair.yieldUntil.Sub(now)
	if left <= 0 {
		return nil
	}
	s.note(answer{owner: s.fair.waiter})
	return &HeldError{Name: s.name, Owner: s.fair.waiter, ExpiresIn: left}
}

// acquired records that this process has the name. It waits no more.
func (s slot) acquired(owner Owner) {
	s.fair.acquired(time.Now(), s.qs.poll)
	s.note(answer{owner: owner})
	s.qs.marks.remove(s.name, &s.mark)
}

// heldElsewhere records that another process has the name.
func (s slot) heldElsewhere(owner Owner) {
	s.fair.heldElsewhere()
	s.note(answer{owner: owner})
}

// failed records that the server did not say who has the name.
func (s slot) failed(err error) { s.note(answer{err: err}) }

// showWait tells the other processes that this one waits.
func (s slot) showWait(ctx context.Context) { s.qs.marks.set(ctx, s.name, &s.mark) }

// note keeps what the server has said for those who wait in line.
func (s slot) note(a answer) {
	s.qs.mu.Lock()
	defer s.qs.mu.Unlock()
	s.last = a
}

// heldErr returns the error of a caller that never got to the head of the queue.
// The caller holds qs.mu.
func (s slot) heldErr() error {
	if s.last.err != nil {
		return s.last.err
	}
	return &HeldError{Name: s.name, Owner: s.last.owner}
}

// leave steps out of the line; a slot that came at the same moment goes to the
// next.
func (s slot) leave(next chan struct{}) error {
	s.qs.mu.Lock()
	i := slices.Index(s.waiting, next)
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

// pass hands the slot to the next in line. The caller is a task or has a lease
// that is not yet removed.
func (s slot) pass() {
	s.qs.marks.remove(s.name, &s.mark)
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
