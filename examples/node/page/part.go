package page

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"sync"
	"time"
)

// The page answers within two seconds: a read has a deadline, and the page does not wait
// for one that ignores it, as a read of a file on a dead NFS server or of a client that
// knows no contexts.
const (
	readTimeout = time.Second
	waitTimeout = 1300 * time.Millisecond
)

// errNoAnswer is the error of a read that goes on beyond waitTimeout.
var errNoAnswer = errors.New("no answer in time")

// part is something that the page reads from the cluster. At most one read is in flight,
// and requests share it: browsers that show the page do not add up.
type part[T any] struct {
	// keep is how long a result counts.
	keep time.Duration
	// share is how many times as long as a read took its result counts at least, so that
	// one of very much data costs only a small share of the cluster's time. It is not for
	// failures: the end of an outage shows.
	share int
	// timeout is the deadline of a read, readTimeout if it is 0.
	timeout time.Duration
	// read returns what could be read, also with an error.
	read func(ctx context.Context) (T, error)

	mu      sync.Mutex
	current *call[T]
	last    *call[T] // the one before, nil if there is none
}

type call[T any] struct {
	begun time.Time
	done  chan struct{}
	// The rest is valid when done is closed.
	ended time.Time
	value T
	err   error
}

// took returns how long the read took.
func (c *call[T]) took() time.Duration { return c.ended.Sub(c.begun) }

// get returns the result of a read that is recent or in flight. ctx gives the read its
// values only: others may wait for it as well.
func (p *part[T]) get(ctx context.Context) (T, error) {
	c := p.join(ctx)
	if c.wait() {
		return c.value, c.err
	}
	var none T
	return none, errNoAnswer
}

// wait waits for the read and reports whether it has ended in time.
func (c *call[T]) wait() bool {
	late := time.NewTimer(time.Until(c.begun.Add(waitTimeout)))
	defer late.Stop()
	select {
	case <-c.done:
		return true
	default:
	}
	select {
	case <-c.done:
		return true
	case <-late.C:
		return false
	}
}

func (p *part[T]) join(ctx context.Context) *call[T] {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.current == nil || p.current.isOld(p.keep, p.share) {
		p.last = p.current
		p.current = &call[T]{begun: time.Now(), done: make(chan struct{})}
		go p.current.run(context.WithoutCancel(ctx), cmp.Or(p.timeout, readTimeout), p.read)
	}
	return p.current
}

// isOld reports whether the read has ended too long ago.
func (c *call[T]) isOld(keep time.Duration, share int) bool {
	select {
	case <-c.done:
		if c.err == nil {
			keep = max(keep, time.Duration(share)*c.took())
		}
		return time.Since(c.ended) >= keep
	default:
		return false
	}
}

func (c *call[T]) run(ctx context.Context, timeout time.Duration, read func(context.Context) (T, error)) {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	defer close(c.done)
	defer func() { c.ended = time.Now() }()
	defer func() {
		if v := recover(); v != nil { // of a part that an application provides
			c.err = fmt.Errorf("panic: %v", v)
		}
	}()
	c.value, c.err = read(ctx)
}

// latest returns the result of the last read that has ended without an error, and false if
// there is none. It does not wait for the one that it starts if the result is old.
func (p *part[T]) latest(ctx context.Context) (value T, ok bool) {
	c := p.join(ctx)
	select {
	case <-c.done:
		return c.value, c.err == nil
	default:
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.last == nil {
		return value, false
	}
	return p.last.value, p.last.err == nil // it has ended before the other began
}

// forget makes the next request read again.
func (p *part[T]) forget() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.current == nil {
		return
	}
	select {
	case <-p.current.done:
		p.current = nil
	default: // one is in flight
	}
}
