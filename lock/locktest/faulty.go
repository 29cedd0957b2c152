package locktest

import (
	"context"
	"errors"
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
	loseNext map[string]bool
	calls    map[string]int
}

// ErrPartition is what a request meets that cannot reach the server.
var ErrPartition = errors.New("no route to the lock server")

// ErrReplyLost is what a request returns whose reply was lost: the server has
// done what was asked.
var ErrReplyLost = errors.New("reply lost")

// NewFaulty wraps a backend that works.
func NewFaulty(b lock.Backend) *Faulty {
	return &Faulty{Backend: b, loseNext: map[string]bool{}, calls: map[string]int{}}
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

// LoseReply loses the reply to the next request of a kind: "Acquire", "Renew"
// or "Release".
func (f *Faulty) LoseReply(op string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.loseNext[op] = true
}

// Calls is how many requests of a kind there were.
func (f *Faulty) Calls(op string) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.calls[op]
}

func (f *Faulty) do(ctx context.Context, op string, request func() error) error {
	f.mu.Lock()
	f.calls[op]++
	down, delay, lose := f.down, f.delay, f.loseNext[op]
	delete(f.loseNext, op)
	f.mu.Unlock()
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
	err := request()
	if lose {
		return ErrReplyLost
	}
	return err
}

// Properties implements [lock.Describer] as the backend below does.
func (f *Faulty) Properties() lock.Properties {
	if d, ok := f.Backend.(lock.Describer); ok {
		return d.Properties()
	}
	return lock.Properties{}
}

// Acquire implements [lock.Backend].
func (f *Faulty) Acquire(ctx context.Context, name string, c lock.Claim, ttl time.Duration) (fence uint64, err error) {
	err = f.do(ctx, "Acquire", func() (err error) {
		fence, err = f.Backend.Acquire(ctx, name, c, ttl)
		return err
	})
	if err != nil {
		fence = 0
	}
	return fence, err
}

// Renew implements [lock.Backend].
func (f *Faulty) Renew(ctx context.Context, name, token string, ttl time.Duration) error {
	return f.do(ctx, "Renew", func() error { return f.Backend.Renew(ctx, name, token, ttl) })
}

// Release implements [lock.Backend].
func (f *Faulty) Release(ctx context.Context, name, token string) error {
	return f.do(ctx, "Release", func() error { return f.Backend.Release(ctx, name, token) })
}
