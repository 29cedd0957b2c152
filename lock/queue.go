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
	last    answer
	idle    bool // nobody has the turn; kept a while for the sake of the spell
	listed  bool // in the Locker's list of idle ones
}

// turn is the right to ask the server for a name; done passes it on.
type turn struct {
	l    *Locker
	name string
	q    *queue
}

// turn takes the turn, or waits in line for it. If it gets none, stop is why it
// did not wait any longer, nil if it was not to wait, and last what the first in
// line has met.
func (l *Locker) turn(ctx context.Context, name string, wait bool) (t turn, stop, last error) {
	l.mu.Lock()
	if l.closed {
		l.mu.Unlock()
		return turn{}, ErrClosed, ErrClosed
	}
	l.forgetIdle()
	q := l.queues[name]
	if q == nil {
		q = &queue{idle: true}
		l.queues[name] = q
	}
	t = turn{l: l, name: name, q: q}
	if q.idle {
		q.idle = false
		l.mu.Unlock()
		return t, nil, nil
	}
	if !wait {
		defer l.mu.Unlock()
		return turn{}, nil, t.refusal()
	}
	mine := make(chan struct{})
	q.waiting = append(q.waiting, mine)
	l.mu.Unlock()

	select {
	case <-mine:
		return t, nil, nil
	case <-ctx.Done():
		stop = context.Cause(ctx)
	case <-l.closing.Done():
		stop = ErrClosed
	}
	return turn{}, stop, t.leave(mine)
}

// answer is what the one whose turn it is has heard last of the server: who
// holds the name, or an error.
type answer struct {
	holder Owner
	err    error
}

// refusal is the error of one who did not come to ask the server. The caller
// holds l.mu.
func (t turn) refusal() error {
	if t.q.last.err != nil {
		return t.q.last.err
	}
	return &HeldError{Name: t.name, Holder: t.q.last.holder}
}

// leave steps out of the line; a turn that came at the same moment goes on to
// the next.
func (t turn) leave(mine chan struct{}) error {
	t.l.mu.Lock()
	i := slices.Index(t.q.waiting, mine)
	if i >= 0 {
		t.q.waiting = slices.Delete(t.q.waiting, i, i+1)
	}
	last := t.refusal()
	t.l.mu.Unlock()
	if i < 0 {
		t.done()
	}
	return last
}

// done passes the turn to the next in line.
func (t turn) done() {
	t.l.mu.Lock()
	defer t.l.mu.Unlock()
	t.q.last = answer{}
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
