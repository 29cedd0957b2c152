package memcachedlocker

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/bradfitz/gomemcache/memcache"

	"github.com/mosparo/go-cluster/lock"
	"github.com/mosparo/go-cluster/lock/internal/names"
)

// Client is the part of [*memcache.Client] that a backend uses.
type Client interface {
	Get(key string) (*memcache.Item, error)
	Add(item *memcache.Item) error
	CompareAndSwap(item *memcache.Item) error
}

// Backend is a [lock.Backend] on memcached. It implements [lock.Breaker]. It
// is safe for concurrent use.
type Backend struct {
	client Client
	prefix string
}

// Option changes a default of [New].
type Option func(*Backend)

// WithPrefix puts a text before all keys, so that several clusters can share
// one memcached. The default is none.
func WithPrefix(prefix string) Option {
	return func(b *Backend) { b.prefix = names.Encode(prefix) }
}

// New returns a backend that uses the client, which the caller keeps open and
// closes. gomemcache knows no contexts: its Timeout bounds connecting and every
// reply (500 ms by default), and should be well below the TTL of leases;
// MaxIdleConns (2 by default) should be as many as locks are in use at one time,
// or each request dials. twemproxy may be between. A call here is one to five
// requests, and the context is looked at before each. With several
// servers every node must choose the same one for a key. It panics if client
// or an option is nil.
func New(client Client, opts ...Option) *Backend {
	if c, ok := client.(*memcache.Client); client == nil || ok && c == nil {
		panic("memcachedlocker.New: client is nil")
	}
	b := &Backend{client: client}
	for _, o := range opts {
		if o == nil {
			panic("memcachedlocker.New: opts has a nil Option")
		}
		o(b)
	}
	return b
}

// Properties implements [lock.Backend].
func (b *Backend) Properties() lock.Properties {
	return lock.Properties{Shared: true, MinTTL: time.Second, Margin: 100 * time.Millisecond}
}

// record is the value of a lock.
type record struct {
	Token lock.Token `json:"token"`
	Owner lock.Owner `json:"owner"`
}

// attempts bounds how often a call begins again since another process has
// changed the item in between.
const attempts = 5

// Acquire implements [lock.Backend]: three round trips, two if it is held.
func (b *Backend) Acquire(ctx context.Context, name string, c lock.Claim, ttl time.Duration) (uint64, error) {
	seconds, err := lifetime(ttl)
	if err != nil {
		return 0, err
	}
	if !c.Token.IsValid() {
		return 0, &lock.ArgumentError{Arg: "token", Reason: "has another length than those of a Locker"}
	}
	value, err := json.Marshal(record{Token: c.Token, Owner: c.Owner})
	if err != nil {
		return 0, err
	}
	for range attempts {
		err := b.call(ctx, func() error {
			return b.client.Add(&memcache.Item{Key: b.lockKey(name), Value: value, Expiration: seconds})
		})
		if err == nil {
			return b.drawFence(ctx, name, c)
		}
		if !errors.Is(err, memcache.ErrNotStored) {
			return 0, classify(err)
		}
		r, _, err := b.get(ctx, name)
		switch {
		case errors.Is(err, memcache.ErrCacheMiss):
			continue // it has just become free
		case err != nil:
			return 0, classify(err)
		case r.Token != c.Token:
			return 0, &lock.HeldError{Name: name, Owner: r.Owner}
		}
		if err := b.Renew(ctx, name, c.Token, ttl); err != nil {
			return 0, err
		}
		return b.drawFence(ctx, name, c)
	}
	return 0, &lock.HeldError{Name: name}
}

// Renew implements [lock.Backend]: two round trips.
func (b *Backend) Renew(ctx context.Context, name string, token lock.Token, ttl time.Duration) error {
	seconds, err := lifetime(ttl)
	if err != nil {
		return err
	}
	err = b.swap(ctx, name, func(r record, item *memcache.Item) bool {
		item.Expiration = seconds
		return r.Token == token && r.Token != ""
	})
	if errors.Is(err, memcache.ErrCacheMiss) {
		return lock.ErrLost
	}
	return err
}

// Release implements [lock.Backend]: two round trips.
func (b *Backend) Release(ctx context.Context, name string, token lock.Token) error {
	err := b.swap(ctx, name, func(r record, item *memcache.Item) bool {
		expire(item)
		return r.Token == token && r.Token != ""
	})
	if errors.Is(err, memcache.ErrCacheMiss) {
		return lock.ErrLost
	}
	return err
}

// Break implements [lock.Breaker].
func (b *Backend) Break(ctx context.Context, name string) error {
	err := b.swap(ctx, name, func(_ record, item *memcache.Item) bool {
		expire(item)
		return true
	})
	if errors.Is(err, memcache.ErrCacheMiss) {
		return lock.ErrNotHeld
	}
	return err
}

// longAgo is a time in January 1970, since it is more than 30 days. It expires an
// item immediately, as a negative number does, which twemproxy refuses.
const longAgo = longest + 1

// expire turns item into a tombstone that expires immediately: memcached has
// compare-and-swap but no compare-and-delete.
func expire(item *memcache.Item) { item.Value, item.Expiration = []byte("released"), longAgo }

// swap stores what change makes of an item. It returns memcache.ErrCacheMiss if
// change refuses, or if the item went in between.
func (b *Backend) swap(ctx context.Context, name string, change func(record, *memcache.Item) bool) error {
	for range attempts {
		r, item, err := b.get(ctx, name)
		if err != nil {
			return classify(err)
		}
		if !change(r, item) {
			return memcache.ErrCacheMiss
		}
		err = b.call(ctx, func() error { return b.client.CompareAndSwap(item) })
		switch {
		case errors.Is(err, memcache.ErrNotStored):
			return memcache.ErrCacheMiss
		case !errors.Is(err, memcache.ErrCASConflict):
			return classify(err)
		}
	}
	return fmt.Errorf("%w: other processes change the lock all the time", lock.ErrUnavailable)
}

// Holder implements [lock.Backend]. How long the lease lasts is not known.
func (b *Backend) Holder(ctx context.Context, name string) (lock.Holder, error) {
	r, _, err := b.get(ctx, name)
	if errors.Is(err, memcache.ErrCacheMiss) {
		return lock.Holder{}, lock.ErrNotHeld
	}
	var f fence
	if err == nil {
		f, _, err = b.lastFence(ctx, name)
		if errors.Is(err, memcache.ErrCacheMiss) {
			err = nil
		}
	}
	if err != nil {
		return lock.Holder{}, classify(err)
	}
	h := lock.Holder{Name: name, Owner: r.Owner, Token: r.Token}
	if f.Token == r.Token {
		h.Fence = f.Fence
	}
	return h, nil
}

// get reads the item of a lock. One that is no record is held by an unknown
// owner, until it expires or is broken.
func (b *Backend) get(ctx context.Context, name string) (r record, item *memcache.Item, err error) {
	err = b.call(ctx, func() (err error) {
		item, err = b.client.Get(b.lockKey(name))
		return err
	})
	if err != nil {
		return record{}, nil, err
	}
	if json.Unmarshal(item.Value, &r) != nil || !r.Token.IsValid() {
		r = record{Owner: lock.Owner{Host: "unknown, the record was damaged"}}
	}
	return r, item, nil
}

// call looks at the context before a request.
func (b *Backend) call(ctx context.Context, request func() error) error {
	if err := context.Cause(ctx); err != nil {
		return err
	}
	return request()
}
