// Package memorylocker provides a [lock.Backend] inside one process: the reference
// for the others, and the fake for tests, where it works in a testing/synctest
// bubble. It does not lock anything between processes.
package memorylocker

import (
	"context"
	"iter"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/mosparo/go-cluster/lock"
)

// Backend is a [lock.Backend] in memory. Create it with New; several Lockers
// over one Backend are several nodes of a cluster. It is safe for concurrent use.
type Backend struct {
	mu    sync.Mutex
	held  map[string]record
	fence uint64 // of the last lease of any name
	sweep int    // how many records there may be before the expired ones go
}

type record struct {
	claim   lock.Claim
	fence   uint64
	expires time.Time
}

// Option changes a default of [New]. There is none yet.
type Option func(*Backend)

// New returns a backend on which nothing is held. It panics if an option is nil.
func New(opts ...Option) *Backend {
	b := &Backend{held: map[string]record{}}
	for _, o := range opts {
		if o == nil {
			panic("memorylocker.New: opts has a nil Option")
		}
		o(b)
	}
	return b
}

// Properties implements [lock.Backend].
func (b *Backend) Properties() lock.Properties {
	return lock.Properties{Exclusive: true, Fencing: true, MinTTL: time.Millisecond}
}

// get returns the record of a name that is held now.
func (b *Backend) get(name string) (record, bool) {
	r, ok := b.held[name]
	if ok && !time.Now().Before(r.expires) {
		delete(b.held, name)
		return record{}, false
	}
	return r, ok
}

// Acquire implements [lock.Backend].
func (b *Backend) Acquire(ctx context.Context, name string, c lock.Claim, ttl time.Duration) (uint64, error) {
	if err := context.Cause(ctx); err != nil {
		return 0, err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	r, ok := b.get(name)
	if ok && r.claim.Token != c.Token {
		return 0, &lock.HeldError{Name: name, Owner: r.claim.Owner, ExpiresIn: time.Until(r.expires)}
	}
	if !ok {
		b.forgetExpired()
		r = record{claim: c}
		if !c.Unfenced {
			b.fence++
			r.fence = b.fence
		}
	}
	r.expires = time.Now().Add(ttl)
	b.held[name] = r
	return r.fence, nil
}

// forgetExpired removes the records of names that are not asked for again, such
// as used slots.
func (b *Backend) forgetExpired() {
	if len(b.held) <= b.sweep {
		return
	}
	for name := range b.held {
		b.get(name)
	}
	b.sweep = max(2*len(b.held), 64)
}

// withHeld returns the record if token holds name, else ErrLost.
func (b *Backend) withHeld(ctx context.Context, name string, token lock.Token) (record, error) {
	if err := context.Cause(ctx); err != nil {
		return record{}, err
	}
	if r, ok := b.get(name); ok && r.claim.Token == token {
		return r, nil
	}
	return record{}, lock.ErrLost
}

// Renew implements [lock.Backend].
func (b *Backend) Renew(ctx context.Context, name string, token lock.Token, ttl time.Duration) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	r, err := b.withHeld(ctx, name, token)
	if err != nil {
		return err
	}
	r.expires = time.Now().Add(ttl)
	b.held[name] = r
	return nil
}

// Release implements [lock.Backend].
func (b *Backend) Release(ctx context.Context, name string, token lock.Token) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if _, err := b.withHeld(ctx, name, token); err != nil {
		return err
	}
	delete(b.held, name)
	return nil
}

// Holder implements [lock.Backend].
func (b *Backend) Holder(ctx context.Context, name string) (lock.Holder, error) {
	if err := context.Cause(ctx); err != nil {
		return lock.Holder{}, err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	r, ok := b.get(name)
	if !ok {
		return lock.Holder{}, lock.ErrNotHeld
	}
	return r.holder(name), nil
}

func (r record) holder(name string) lock.Holder {
	return lock.Holder{Name: name, Owner: r.claim.Owner, Token: r.claim.Token, Fence: r.fence, TTL: time.Until(r.expires)}
}

// Holders implements [lock.Lister].
func (b *Backend) Holders(ctx context.Context) iter.Seq2[lock.Holder, error] {
	return func(yield func(lock.Holder, error) bool) {
		b.mu.Lock()
		var all []lock.Holder
		for _, name := range slices.Sorted(maps.Keys(b.held)) {
			if r, ok := b.get(name); ok {
				all = append(all, r.holder(name))
			}
		}
		b.mu.Unlock()
		for _, h := range all {
			if err := context.Cause(ctx); err != nil {
				yield(lock.Holder{}, err)
				return
			}
			if !yield(h, nil) {
				return
			}
		}
	}
}

// Break implements [lock.Breaker].
func (b *Backend) Break(ctx context.Context, name string) error {
	if err := context.Cause(ctx); err != nil {
		return err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if _, ok := b.get(name); !ok {
		return lock.ErrNotHeld
	}
	delete(b.held, name)
	return nil
}

// Forget loses all leases, as a server that restarts without its data
// or is flushed; fences go on rising.
func (b *Backend) Forget() {
	b.mu.Lock()
	defer b.mu.Unlock()
	clear(b.held)
}
