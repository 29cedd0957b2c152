package lock

import (
	"context"
	"slices"
	"time"
)

// permit is the right to ask the server for a name. Its holder records what the
// server answers, for the callers in line and for fairness; pass hands it on.
type permit struct {
	qs   *queues
	name string
	*queue
}

// yield returns for how long, and to whom, this process leaves the name because
// it has had its share and another one waits; nil if the caller may ask now.
func (p permit) yield(ctx context.Context) *HeldError {
	now, poll := time.Now(), p.qs.poll
	if p.fair.shareIsUsed(now, poll) {
		if waiter, ok := p.qs.marks.waiter(ctx, p.name, &p.mark); ok {
			p.fair.yield(now, waiter, poll)
		} else {
			p.fair.extend(now)
		}
	}
	left := p.fair.yieldUntil.Sub(now)
	if left <= 0 {
		return nil
	}
	p.note(answer{owner: p.fair.waiter})
	return &HeldError{Name: p.name, Owner: p.fair.waiter, ExpiresIn: left}
}

// acquired records that this process has the name. It waits no more.
func (p permit) acquired(owner Owner) {
	p.fair.acquired(time.Now(), p.qs.poll)
	p.note(answer{owner: owner})
	p.qs.marks.remove(p.name, &p.mark)
}

// heldElsewhere records that another process has the name.
func (p permit) heldElsewhere(owner Owner) {
	p.fair.heldElsewhere()
	p.note(answer{owner: owner})
}

// failed records that the server did not say who has the name.
func (p permit) failed(err error) { p.note(answer{err: err}) }

// showWait tells the other processes that this one waits.
func (p permit) showWait(ctx context.Context) { p.qs.marks.set(ctx, p.name, &p.mark) }

// note keeps what the server has said for those who wait in line.
func (p permit) note(a answer) {
	p.qs.mu.Lock()
	defer p.qs.mu.Unlock()
	p.last = a
}

// heldErr returns the error of a caller that never got to the head of the queue.
// The caller holds qs.mu.
func (p permit) heldErr() error {
	if p.last.err != nil {
		return p.last.err
	}
	return &HeldError{Name: p.name, Owner: p.last.owner}
}

// leave steps out of the line; a permit that came at the same moment goes to the
// next.
func (p permit) leave(next chan struct{}) error {
	p.qs.mu.Lock()
	i := slices.Index(p.waiting, next)
	if i >= 0 {
		p.waiting = slices.Delete(p.waiting, i, i+1)
	}
	last := p.heldErr()
	p.qs.mu.Unlock()
	if i < 0 {
		p.pass()
	}
	return last
}

// pass hands the permit to the next in line. The caller is a task or has a lease
// that is not yet removed.
func (p permit) pass() {
	p.qs.marks.remove(p.name, &p.mark)
	now := time.Now()
	p.qs.mu.Lock()
	defer p.qs.mu.Unlock()
	p.fair.release(now)
	p.last = answer{}
	switch {
	case len(p.waiting) > 0:
		close(p.waiting[0])
		p.waiting = p.waiting[1:]
	case p.fair.isOver(now, p.qs.poll):
		delete(p.qs.byName, p.name)
	default:
		p.taken = false
	}
}
