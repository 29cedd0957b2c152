package locktest

import (
	"context"
	"errors"
	"iter"
	"sync"
	"time"

	"github.com/mosparo/go-cluster/lock"
)

// Faulty is a backend with faults over another one, for tests of programs that
// must survive them. It works in a testing/synctest bubble and is safe for
// concurrent use.
type Faulty struct {
	lock.Backend

	mu       sync.Mutex
	delay    time.Duration
	down     bool
	loseNext map[Op]bool
	stray    map[Op]time.Duration
	calls    map[Op]int
}

// ErrPartition is the error of a request that cannot reach the server.
var ErrPartition = errors.New("no route to the lock server")

// ErrReplyLost is the error of a request whose reply was lost: the server has done
// what was asked.
var ErrReplyLost = errors.New("reply lost")

// FaultyOption changes a default of [NewFaulty]. There is none yet.
type FaultyOption func(*Faulty)

// NewFaulty wraps a backend that works, and which several Faulty may share. It
// panics if backend or an option is nil.
func NewFaulty(backend lock.Backend, opts ...FaultyOption) *Faulty {
	if backend == nil {
		panic("locktest.NewFaulty: backend is nil")
	}
	f := &Faulty{Backend: backend, loseNext: map[Op]bool{}, stray: map[Op]time.Duration{}, calls: map[Op]int{}}
	for _, o := range opts {
		if o == nil {
			panic("locktest.NewFaulty: opts has a nil FaultyOption")
		}
		o(f)
	}
	return f
}

// Partition cuts the server off, or heals the cut. A request waits until its
// context ends.
func (f *Faulty) Partition(cut bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.down = cut
}

// Delay makes every request take so long.
func (f *Faulty) Delay(d time.Duration) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.delay = d
}

// Op is a kind of request.
type Op string

// The kinds of requests that can have faults.
const (
	OpAcquire Op = "acquire"
	OpRenew   Op = "renew"
	OpRelease Op = "release"
)

// LoseReply loses the reply to the next request of a kind.
func (f *Faulty) LoseReply(op Op) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.loseNext[op] = true
}

// Stray delays the next request of a kind: its caller gets no reply until its
// context ends, and the server gets the request after d, when the caller has long
// given up.
func (f *Faulty) Stray(op Op, d time.Duration) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.stray[op] = d
}

// Calls returns how many requests of a kind there were.
func (f *Faulty) Calls(op Op) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.calls[op]
}

func (f *Faulty) do(ctx context.Context, op Op, request func(context.Context) error) error {
	f.mu.Lock()
	f.calls[op]++
	down, delay, lose := f.down, f.delay, f.loseNext[op]
	late, astray := f.stray[op]
	delete(f.loseNext, op)
	delete(f.stray, op)
	f.mu.Unlock()
	if astray {
		time.AfterFunc(late, func() { _ = request(context.WithoutCancel(ctx)) }) // its reply is lost
		<-ctx.Done()
		return errors.Join(ErrReplyLost, context.Cause(ctx))
	}
	if down {
		<-ctx.Done()
		return errors.Join(ErrPartition, context.Cause(ctx))
	}
	if delay > 0 {
		t := time.NewTimer(delay)
		defer t.Stop()
		select {
		case <-t.C:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
	err := request(ctx)
	if lose {
		return ErrReplyLost
	}
	return err
}

// Acquire implements [lock.Backend].
func (f *Faulty) Acquire(ctx context.Context, name string, c lock.Claim, ttl time.Duration) (uint64, error) {
	var mu sync.Mutex // a stray request ends after its caller
	var fence uint64
	err := f.do(ctx, OpAcquire, func(ctx context.Context) error {
		got, err := f.Backend.Acquire(ctx, name, c, ttl)
		mu.Lock()
		defer mu.Unlock()
		fence = got
		return err
	})
	if err != nil {
		return 0, err
	}
	mu.Lock()
	defer mu.Unlock()
	return fence, nil
}

// Renew implements [lock.Backend].
func (f *Faulty) Renew(ctx context.Context, name string, token lock.Token, ttl time.Duration) error {
	return f.do(ctx, OpRenew, func(ctx context.Context) error { return f.Backend.Renew(ctx, name, token, ttl) })
}

// Release implements [lock.Backend].
func (f *Faulty) Release(ctx context.Context, name string, token lock.Token) error {
	return f.do(ctx, OpRelease, func(ctx context.Context) error { return f.Backend.Release(ctx, name, token) })
}

// Holder implements [lock.Backend]; it meets no faults, so that a test can
// look at what the server has.
func (f *Faulty) Holder(ctx context.Context, name string) (lock.Holder, error) {
	return f.Backend.Holder(ctx, name)
}

// Holders implements [lock.Lister], without faults; it yields
// [errors.ErrUnsupported] if the backend below cannot list.
func (f *Faulty) Holders(ctx context.Context) iter.Seq2[lock.Holder, error] {
	if b, ok := f.Backend.(lock.Lister); ok {
		return b.Holders(ctx)
	}
	return func(yield func(lock.Holder, error) bool) { yield(lock.Holder{}, errors.ErrUnsupported) }
}

// Expire takes the name from its holder, as a server does that forgets it or
// whose clock runs fast; the lease ends at its next renewal. The error is
// [lock.ErrNotHeld] if the name is free.
func (f *Faulty) Expire(ctx context.Context, name string) error {
	h, err := f.Backend.Holder(ctx, name)
	if err != nil {
		return err
	}
	return f.Backend.Release(ctx, name, h.Token)
}
