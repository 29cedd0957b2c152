package lock

import (
	"context"
	"sync"
	"time"
)

// queues are the callers of one process that wait for names. At each name one
// of them has the permit: it asks the server, and keeps the permit for as long as
// it holds the lease. So the server gets requests of one caller of a process, and
// a released lease goes to the next in line immediately.
type queues struct {
	marks   *waitMarks
	closing <-chan struct{} // ends all waiting
	poll    time.Duration

	mu     sync.Mutex // never held across a wait
	byName map[string]*queue
	sweep  int // how many queues there may be before the idle ones are dropped
}

// queue is the state of one name in this process.
type queue struct {
	waiting []chan struct{}
	taken   bool // a caller has the permit
	last    answer

	// For the holder of the permit alone.
	fair fairness
	mark waitMark
}

// answer is the last one that the holder of the permit got from the server: who
// holds the name, or an error.
type answer struct {
	owner Owner
	err   error
}

func newQueues(marks *waitMarks, closing <-chan struct{}, poll time.Duration) *queues {
	return &queues{marks: marks, closing: closing, poll: poll, byName: map[string]*queue{}}
}

// wait queues the caller for name. It returns a permit, or why waiting stopped
// (stop, nil if it was not to queue) and the error that the holder of the permit
// last got from the server (last).
func (qs *queues) wait(ctx context.Context, name string, queue bool) (p permit, stop, last error) {
	p, next, err := qs.enter(name, queue)
	if err != nil || next == nil {
		return p, nil, err
	}
	select {
	case <-next:
		return p, nil, nil
	case <-ctx.Done():
		stop = context.Cause(ctx)
	case <-qs.closing:
		stop = ErrClosed
	}
	return permit{}, stop, p.leave(next)
}

// enter takes the permit of a name if it is free. Else it returns an error or, if
// the caller is to queue, a channel that is closed when the permit is its own.
func (qs *queues) enter(name string, queue bool) (p permit, next chan struct{}, err error) {
	qs.mu.Lock()
	defer qs.mu.Unlock()
	p = permit{qs, name, qs.get(name)}
	switch {
	case !p.taken:
		p.taken = true
		return p, nil, nil
	case !queue:
		return permit{}, nil, p.heldErr()
	}
	next = make(chan struct{})
	p.waiting = append(p.waiting, next)
	return p, next, nil
}

// get returns the queue of a name, a new one if there is none. The caller holds
// qs.mu.
func (qs *queues) get(name string) *queue {
	q := qs.byName[name]
	if q == nil {
		qs.dropIdle()
		q = &queue{}
		qs.byName[name] = q
	}
	return q
}

// dropIdle forgets names that no caller wants and whose fairness is over. The
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
