package memoryadapter

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/mosparo/go-cluster/cache"
	"github.com/mosparo/go-cluster/cache/adapterkit"
)

// Adapter keeps entries in the memory of the process. It implements
// [cache.Adapter] and [cache.Clearer], [cache.Expirer], [cache.Lister],
// [cache.Limiter], [cache.Pinger], [cache.Pruner]. It is safe for concurrent
// use. Make one with [New].
type Adapter struct {
	maxValue int
	owned    cache.KeyPatterns
	state    adapterkit.State

	// The lock is never held across a wait, so that the adapter works in a
	// testing/synctest bubble.
	mu      sync.RWMutex
	entries map[string]entry
	pruneAt int
}

type entry struct {
	value []byte
	// expires is zero for an entry without lifetime.
	expires time.Time
}

func (e *entry) isExpired(now time.Time) bool {
	return !e.expires.IsZero() && !now.Before(e.expires)
}

var _ interface {
	cache.Adapter
	cache.Clearer
	cache.Expirer
	cache.Pinger
	cache.Pruner
	cache.Lister
	cache.Limiter
} = (*Adapter)(nil)

// Option changes a default of [New].
type Option func(*Adapter)

// WithMaxValueSize refuses values of more bytes with [cache.ErrTooLarge], as a
// memcached server does (there 1 MiB). The default, also for 0, is no limit; a
// negative size panics.
func WithMaxValueSize(bytes int) Option {
	if bytes < 0 {
		panic("memoryadapter: WithMaxValueSize: bytes is negative")
	}
	return func(a *Adapter) { a.maxValue = bytes }
}

// WithOwned lets [Adapter.Clear] remove the entries whose keys match the
// patterns. Several options add up. The default is none.
func WithOwned(patterns ...string) Option {
	return func(a *Adapter) { a.owned = append(a.owned, patterns...) }
}

// New returns an empty cache. A nil option panics.
func New(opts ...Option) *Adapter {
	a := &Adapter{entries: map[string]entry{}, pruneAt: firstPrune}
	for _, o := range opts {
		if o == nil {
			panic("memoryadapter: New: opts has a nil Option")
		}
		o(a)
	}
	return a
}

// Get implements [cache.Adapter]. It returns copies.
func (a *Adapter) Get(ctx context.Context, keys ...string) ([][]byte, error) {
	if len(keys) == 0 {
		return [][]byte{}, nil
	}
	values := make([][]byte, len(keys))
	a.mu.RLock()
	defer a.mu.RUnlock()
	if err := a.state.Check(ctx); err != nil {
		return nil, adapterkit.Error("get", keys, err)
	}
	for i, k := range keys {
		e, ok := a.entries[k]
		if !ok || !e.expires.IsZero() && e.isExpired(time.Now()) {
			continue
		}
		values[i] = clone(e.value)
	}
	return values, nil
}

// GetWithTTL implements [cache.Expirer].
func (a *Adapter) GetWithTTL(ctx context.Context, key string) ([]byte, time.Duration, error) {
	a.mu.RLock()
	defer a.mu.RUnlock()
	if err := a.state.Check(ctx); err != nil {
		return nil, 0, adapterkit.Error("get", []string{key}, err)
	}
	e, ok := a.entries[key]
	now := time.Now()
	if !ok || e.isExpired(now) || e.value == nil {
		return nil, 0, nil
	}
	if e.expires.IsZero() {
		return clone(e.value), 0, nil
	}
	return clone(e.value), e.expires.Sub(now), nil
}

// Set implements [cache.Adapter]. All items appear at the same time.
func (a *Adapter) Set(ctx context.Context, items ...cache.Item) error {
	if len(items) == 0 {
		return nil
	}
	if err := adapterkit.CheckItems(items, a.maxValue); err != nil {
		return err
	}
	now := time.Now()
	a.mu.Lock()
	defer a.mu.Unlock()
	if err := a.state.Check(ctx); err != nil {
		return adapterkit.Error("set", adapterkit.Keys(items), err)
	}
	for _, it := range items {
		e := entry{value: clone(it.Value)}
		if it.TTL > 0 {
			e.expires = now.Add(it.TTL)
		}
		a.entries[it.Key] = e
	}
	if len(a.entries) >= a.pruneAt {
		a.pruneExpired(now)
		a.pruneAt = max(firstPrune, 2*len(a.entries))
	}
	return nil
}

// Delete implements [cache.Adapter].
func (a *Adapter) Delete(ctx context.Context, keys ...string) error {
	if len(keys) == 0 {
		return nil
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if err := a.state.Check(ctx); err != nil {
		return adapterkit.Error("delete", keys, err)
	}
	for _, k := range keys {
		delete(a.entries, k)
	}
	return nil
}

// Close drops all entries; every later call is [cache.ErrClosed].
func (a *Adapter) Close() error {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.state.Close()
	a.entries = nil
	return nil
}

// Ping implements [cache.Pinger].
func (a *Adapter) Ping(ctx context.Context) error {
	if err := a.state.Check(ctx); err != nil {
		return adapterkit.Error("ping", nil, err)
	}
	return nil
}

// MaxValueSize implements [cache.Limiter].
func (a *Adapter) MaxValueSize() int { return a.maxValue }

// clone copies a value; nil stands for an empty one, which counts as absent.
func clone(value []byte) []byte {
	return slices.Clone(adapterkit.NonEmpty(value))
}
