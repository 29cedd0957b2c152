package lock

import (
	"context"
	"slices"
)

// queue are the callers of this process that wait for their turn at one name.
// The one whose turn it is asks the server, and keeps the turn for as long as
// it holds the lease: so the server hears from one caller of a process, and a
// released lease goes to the next in line at once.
type queue struct {
	waiting []chan struct{}
}

// turn is the right to ask the server for a name; done passes it on.
type turn struct {
	l    *Locker
	name string
}

// turn takes the turn, or waits in line for it. Without wait it returns
// [*HeldError] if it is somebody else's.
func (l *Locker) turn(ctx context.Context, name string, wait bool) (*turn, error) {
	l.mu.Lock()
	if l.closed {
		l.mu.Unlock()
		return nil, ErrClosed
	}
	q, busy := l.queues[name]
	if !busy {
		l.queues[name] = &queue{}
		l.mu.Unlock()
		return &turn{l: l, name: name}, nil
	}
	if !wait {
		l.mu.Unlock()
		return nil, &HeldError{Name: name, Holder: l.owner}
	}
	mine := make(chan struct{})
	q.waiting = append(q.waiting, mine)
	l.mu.Unlock()

	var why error
	select {
	case <-mine:
		return &turn{l: l, name: name}, nil
	case <-ctx.Done():
		why = context.Cause(ctx)
	case <-l.closing.Done():
		why = ErrClosed
	}
	l.leave(name, q, mine)
	return nil, why
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
		(&turn{l: l, name: name}).done()
	}
}

// done passes the turn to the next in line.
func (t *turn) done() {
	t.l.mu.Lock()
	defer t.l.mu.Unlock()
	q := t.l.queues[t.name]
	if len(q.waiting) == 0 {
		delete(t.l.queues, t.name)
		return
	}
	close(q.waiting[0])
	q.waiting = q.waiting[1:]
}
