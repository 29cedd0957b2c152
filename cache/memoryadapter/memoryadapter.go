package memoryadapter

import (
	"context"
	"iter"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/mosparo/go-cluster/cache"
)

// Adapter keeps entries in the memory of the process. It implements
// [cache.Adapter] and [cache.Clearer], [cache.Expirer], [cache.Lister],
// [cache.Limiter], [cache.Pinger], [cache.Pruner]. It is safe for concurrent
// use. Make one with [New].
type Adapter struct {
	maxValue int

	// The lock is never held across a wait, so that the adapter works in a
	// testing/synctest bubble.
	mu      sync.RWMutex
	entries map[string]entry
	pruneAt int
	closed  bool
}

type entry struct {
	value []byte
	// expires is zero for an entry without lifetime.
	expires time.Time
}

func (e *entry) expired(now time.Time) bool {
	return !e.expires.IsZero() && !now.Before(e.expires)
}

var _ interface {
	cache.Adapter
	cache.Clearer
	cache.Pinger
	cache.Pruner
	cache.Lister
	cache.Limiter
} = (*Adapter)(nil)

// Option changes a default of [New].
type Option func(*Adapter)

// WithMaxValueSize refuses larger values with [cache.ErrTooLarge], as a
// memcached server does (there 1 MiB). The default is 0, no limit; a negative
// size panics.
func WithMaxValueSize(bytes int) Option {
	if bytes < 0 {
		panic("memoryadapter: WithMaxValueSize: bytes is negative")
	}
	return func(a *Adapter) { a.maxValue = bytes }
}

// New returns an empty cache.
func New(opts ...Option) *Adapter {
	a := &Adapter{entries: map[string]entry{}, pruneAt: firstPrune}
	for _, o := range opts {
		o(a)
	}
	return a
}

// Get implements [cache.Adapter]. It returns copies.
func (a *Adapter) Get(ctx context.Context, keys ...string) ([][]byte, error) {
	if len(keys) == 0 {
		return [][]byte{}, nil
	}
	if err := ctx.Err(); err != nil {
		return nil, opError("get", keys, err)
	}
	values := make([][]byte, len(keys))
	a.mu.RLock()
	defer a.mu.RUnlock()
	if a.closed {
		return nil, opError("get", keys, cache.ErrClosed)
	}
	for i, k := range keys {
		e, ok := a.entries[k]
		if !ok || !e.expires.IsZero() && e.expired(time.Now()) {
			continue
		}
		values[i] = bytesOf(e.value)
	}
	return values, nil
}

// Set implements [cache.Adapter]. All items appear at once.
func (a *Adapter) Set(ctx context.Context, items ...cache.Item) error {
	if len(items) == 0 {
		return nil
	}
	if err := cache.CheckItems(items, a.maxValue); err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return opError("set", cache.ItemKeys(items), err)
	}
	now := time.Now()
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.closed {
		return opError("set", cache.ItemKeys(items), cache.ErrClosed)
	}
	for _, it := range items {
		e := entry{value: bytesOf(it.Value)}
		if it.TTL > 0 {
			e.expires = now.Add(it.TTL)
		}
		a.entries[it.Key] = e
	}
	if len(a.entries) >= a.pruneAt {
		a.prune(now)
		a.pruneAt = max(firstPrune, 2*len(a.entries))
	}
	return nil
}

// firstPrune is the number of entries from which on a Set removes the expired
// ones, then again each time their number has doubled: entries that nobody
// reads do not pile up, at a constant cost per Set.
const firstPrune = 1024

// Delete implements [cache.Adapter].
func (a *Adapter) Delete(ctx context.Context, keys ...string) error {
	if len(keys) == 0 {
		return nil
	}
	if err := ctx.Err(); err != nil {
		return opError("delete", keys, err)
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.closed {
		return opError("delete", keys, cache.ErrClosed)
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
	a.closed, a.entries = true, nil
	return nil
}

// Clear implements [cache.Clearer]: it removes the entries that [cache.Owned]
// names.
func (a *Adapter) Clear(ctx context.Context) (int, error) {
	return a.remove(ctx, "clear", func(k string, _ *entry) bool { return cache.Owned(k) })
}

// Flush removes all entries, whoever owns them: in a test, the FLUSHDB or
// flush_all of a stranger.
func (a *Adapter) Flush(ctx context.Context) (int, error) {
	return a.remove(ctx, "flush", func(string, *entry) bool { return true })
}

// Prune implements [cache.Pruner].
func (a *Adapter) Prune(ctx context.Context) (int, error) {
	now := time.Now()
	return a.remove(ctx, "prune", func(_ string, e *entry) bool { return e.expired(now) })
}

// Ping implements [cache.Pinger].
func (a *Adapter) Ping(ctx context.Context) error {
	a.mu.RLock()
	defer a.mu.RUnlock()
	if a.closed {
		return opError("ping", nil, cache.ErrClosed)
	}
	if err := ctx.Err(); err != nil {
		return opError("ping", nil, err)
	}
	return nil
}

// List implements [cache.Lister]. It yields the keys that were there at its
// beginning.
func (a *Adapter) List(ctx context.Context, prefix string) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		keys, err := a.keys(prefix)
		if err != nil {
			yield("", err)
			return
		}
		for _, k := range keys {
			if err := ctx.Err(); err != nil {
				yield("", opError("list", nil, err))
				return
			}
			if !yield(k, nil) {
				return
			}
		}
	}
}

// MaxValueSize implements [cache.Limiter].
func (a *Adapter) MaxValueSize() int { return a.maxValue }

func (a *Adapter) keys(prefix string) ([]string, error) {
	now := time.Now()
	a.mu.RLock()
	defer a.mu.RUnlock()
	if a.closed {
		return nil, opError("list", nil, cache.ErrClosed)
	}
	var keys []string
	for k, e := range a.entries {
		if strings.HasPrefix(k, prefix) && len(e.value) > 0 && !e.expired(now) {
			keys = append(keys, k)
		}
	}
	// In order, so that a simulation with a seed replays.
	slices.Sort(keys)
	return keys, nil
}

func (a *Adapter) remove(ctx context.Context, op string, which func(string, *entry) bool) (int, error) {
	if err := ctx.Err(); err != nil {
		return 0, opError(op, nil, err)
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.closed {
		return 0, opError(op, nil, cache.ErrClosed)
	}
	before := len(a.entries)
	maps.DeleteFunc(a.entries, func(k string, e entry) bool { return which(k, &e) })
	return before - len(a.entries), nil
}

func (a *Adapter) prune(now time.Time) {
	maps.DeleteFunc(a.entries, func(_ string, e entry) bool { return e.expired(now) })
}

// bytesOf copies b; nil stands for an empty value, which counts as absent.
func bytesOf(b []byte) []byte {
	if len(b) == 0 {
		return nil
	}
	return append(make([]byte, 0, len(b)), b...)
}

func opError(op string, keys []string, err error) error {
	return &cache.OpError{Op: op, Keys: slices.Clone(keys), Err: err}
}
