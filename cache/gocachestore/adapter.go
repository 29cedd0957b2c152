package gocachestore

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/eko/gocache/lib/v4/store"

	"github.com/mosparo/go-cluster/cache"
	"github.com/mosparo/go-cluster/cache/adapterkit"
)

// Adapter is a gocache store as a [cache.Adapter]. It is safe for concurrent
// use as far as the store is. A gocache store knows one key at a time, so that
// several keys take as many round trips and are not written together; it
// returns within the deadline of a context if the store does. Lifetimes are
// passed to the store in whole seconds, rounded up; whether they end then depends
// on the store (BigCache has one lifetime for all entries). Errors of
// the store are [cache.ErrUnavailable].
type Adapter struct {
	store    store.StoreInterface
	maxValue int
	state    adapterkit.State
}

var _ interface {
	cache.Adapter
	cache.Limiter
} = (*Adapter)(nil)

// AdapterOption changes a default of [NewAdapter].
type AdapterOption func(*Adapter)

// WithMaxValueSize refuses to store values of more bytes with
// [cache.ErrTooLarge]. The default, also for 0, is no limit; a negative size
// panics.
func WithMaxValueSize(bytes int) AdapterOption {
	if bytes < 0 {
		panic("gocachestore: WithMaxValueSize: bytes is negative")
	}
	return func(a *Adapter) { a.maxValue = bytes }
}

// NewAdapter returns the cache in the store, which stays the caller's to
// close. A nil store or option panics.
func NewAdapter(s store.StoreInterface, opts ...AdapterOption) *Adapter {
	if s == nil {
		panic("gocachestore: NewAdapter: s is nil")
	}
	a := &Adapter{store: s}
	for _, o := range opts {
		if o == nil {
			panic("gocachestore: NewAdapter: opts has a nil AdapterOption")
		}
		o(a)
	}
	return a
}

// Get implements [cache.Adapter]. The bytes are copies. A value that is
// neither []byte nor string fails its key with a [*TypeError].
func (a *Adapter) Get(ctx context.Context, keys ...string) ([][]byte, error) {
	values := make([][]byte, len(keys))
	var failed adapterkit.Failures
	for i, k := range keys {
		err := a.state.Check(ctx)
		if err == nil {
			values[i], err = a.get(ctx, k)
		}
		failed.Add(k, err)
	}
	return values, failed.Error("get")
}

func (a *Adapter) get(ctx context.Context, key string) ([]byte, error) {
	v, err := a.store.Get(ctx, key)
	switch {
	case isNotFound(err):
		return nil, nil
	case err != nil:
		return nil, classify(ctx, err)
	case v == nil:
		return nil, nil
	}
	raw, ok := bytesOf(v)
	if !ok {
		return nil, &TypeError{Key: key, Got: fmt.Sprintf("%T", v), Want: "[]byte or string"}
	}
	return slices.Clone(adapterkit.NonEmpty(raw)), nil
}

// Set implements [cache.Adapter], one item after the other. An empty value
// counts as absent, so it deletes.
func (a *Adapter) Set(ctx context.Context, items ...cache.Item) error {
	if err := adapterkit.CheckItems(items, a.maxValue); err != nil {
		return err
	}
	for i, it := range items {
		err := a.state.Check(ctx)
		switch {
		case err != nil:
		case len(it.Value) == 0:
			err = a.remove(ctx, it.Key)
		default:
			if err = a.store.Set(ctx, it.Key, slices.Clone(it.Value), store.WithExpiration(wholeSeconds(it.TTL))); err != nil {
				err = classify(ctx, err)
			}
		}
		if err != nil {
			return adapterkit.Error("set", adapterkit.Keys(items[i:]), err)
		}
	}
	return nil
}

// wholeSeconds rounds up: some stores cut half a second to none, which means
// no expiry to them.
func wholeSeconds(ttl time.Duration) time.Duration {
	if ttl > math.MaxInt64-time.Second {
		return ttl.Truncate(time.Second)
	}
	return time.Duration(adapterkit.Seconds(ttl)) * time.Second
}

// Delete implements [cache.Adapter].
func (a *Adapter) Delete(ctx context.Context, keys ...string) error {
	for i, k := range keys {
		err := a.state.Check(ctx)
		if err == nil {
			err = a.remove(ctx, k)
		}
		if err != nil {
			return adapterkit.Error("delete", keys[i:], err)
		}
	}
	return nil
}

// remove deletes a key. Some stores fail to delete an absent key, each with an error
// of its own: that is no error here.
func (a *Adapter) remove(ctx context.Context, key string) error {
	err := a.store.Delete(ctx, key)
	if err == nil || isNotFound(err) {
		return nil
	}
	if _, getErr := a.store.Get(ctx, key); isNotFound(getErr) {
		return nil
	}
	return classify(ctx, err)
}

// Close makes every later call [cache.ErrClosed]; the store stays open.
func (a *Adapter) Close() error {
	a.state.Close()
	return nil
}

// MaxValueSize implements [cache.Limiter].
func (a *Adapter) MaxValueSize() int { return a.maxValue }

func isNotFound(err error) bool { return errors.Is(err, &store.NotFound{}) }

// classify joins the sentinel of package cache to an error of the store, unless
// it has one, as an error of a store over a [cache.Adapter] does.
func classify(ctx context.Context, err error) error {
	if end := ctx.Err(); end != nil {
		return fmt.Errorf("%w: %w", end, err)
	}
	return adapterkit.Classify(err, func(error) error { return nil })
}
