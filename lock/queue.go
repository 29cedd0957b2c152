package lock

import (
	"context"
	"slices"
	"time"
)

// queue are the callers of this process that wait for their turn at one name.
// The one whose turn it is asks the server, and keeps the turn for as long as
// it holds the lease: so the server hears from one caller of a process, and a
// released lease goes to the next in line at once.
type queue struct {
	waiting []chan struct{}
	spell   spell
	idle    bool // nobody has the turn; kept a while for the sake of the spell
	listed  bool // in the Locker's list of idle ones
}

// turn is the right to ask the server for a name; done passes it on.
type turn struct {
	l    *Locker
	name string
	q    *queue
}

// turn takes the turn, or waits in line for it. Without wait it returns
// [*HeldError] if it is somebody else's.
func (l *Locker) turn(ctx context.Context, name string, wait bool) (turn, error) {
	l.mu.Lock()
	if l.closed {
		l.mu.Unlock()
		return turn{}, ErrClosed
	}
	l.forgetIdle()
	q := l.queues[name]
	if q == nil {
		q = &queue{idle: true}
		l.queues[name] = q
	}
	if q.idle {
		q.idle = false
		l.mu.Unlock()
		return turn{l: l, name: name, q: q}, nil
	}
	if !wait {
		l.mu.Unlock()
		return turn{}, &HeldError{Name: name, Holder: l.owner}
	}
	mine := make(chan struct{})
	q.waiting = append(q.waiting, mine)
	l.mu.Unlock()

	var why error
	select {
	case <-mine:
		return turn{l: l, name: name, q: q}, nil
	case <-ctx.Done():
		why = context.Cause(ctx)
	case <-l.closing.Done():
		why = ErrClosed
	}
	l.leave(name, q, mine)
	return turn{}, why
}

// leave steps out of the line; a turn that came at the same moment goes on to
// the next.
func (l *Locker) leave(name string, q *queue, mine chan struct{}) {
	l.mu.Lock()
	i := slices.Index(q.waiting, mine)
	if i >= 0 {
		q.waiting = slices.Delete(q.waiting, i, i+1)
	}
	l.mu.Unlock()
	if i < 0 {
		turn{l: l, name: name, q: q}.done()
	}
}

// done passes the turn to the next in line.
func (t turn) done() {
	t.l.mu.Lock()
	defer t.l.mu.Unlock()
	if len(t.q.waiting) > 0 {
		close(t.q.waiting[0])
		t.q.waiting = t.q.waiting[1:]
		return
	}
	if t.q.spell.began.IsZero() || t.l.closed {
		delete(t.l.queues, t.name)
		return
	}
	t.q.idle = true
	t.q.spell.ended = time.Now()
	if !t.q.listed {
		t.q.listed = true
		t.l.idle = append(t.l.idle, t)
	}
}

// forgetIdle drops the queues whose spell is over, and looks at those that were
// needed again since a spell later once more. The caller holds l.mu.
func (l *Locker) forgetIdle() {
	now := time.Now()
	for range len(l.idle) {
		t := l.idle[0]
		switch {
		case t.q.idle && t.q.spell.over(now, l.poll):
			delete(l.queues, t.name)
		case !t.q.idle:
			t.q.listed = false
		case now.Sub(l.looked) < standBack(l.poll):
			return
		default:
			l.idle = append(l.idle, t)
		}
		l.idle = l.idle[1:]
	}
	l.looked = now
}
