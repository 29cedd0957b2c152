package gocachestore

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/eko/gocache/lib/v4/store"

	"github.com/mosparo/go-cluster/cache"
	"github.com/mosparo/go-cluster/cache/adapterkit"
)

// Store is an adapter as a gocache store. It is safe for concurrent use and
// has no state of its own: every node may make one over the same shared cache.
// Closing the adapter is left to who opened it.
type Store struct {
	adapter  cache.Adapter
	defaults *store.Options
	prefix   string
	copyTTL  time.Duration
	codec    codec
	observer cache.Observer
}

var _ store.StoreInterface = (*Store)(nil)

// Type is the result of [Store.GetType].
const Type = "mosparo"

// DefaultCopyTTL is how long a layer above the store keeps a copy at most.
const DefaultCopyTTL = time.Minute

// Option changes a default of [New].
type Option func(*Store)

// WithDefaults sets options for every Set; those of a call come after them.
func WithDefaults(opts ...store.Option) Option {
	for _, o := range opts {
		if o == nil {
			panic("gocachestore: WithDefaults: opts has a nil store.Option")
		}
	}
	return func(s *Store) { s.defaults = store.ApplyOptionsWithDefault(s.defaults, opts...) }
}

// WithPrefix replaces [DefaultPrefix]. Stores with different prefixes do not
// see each other's entries and tags; no prefix may be a prefix of another.
// An empty prefix addresses the entries of PHP nodes by their own keys: then
// [Store.Clear] is not supported.
func WithPrefix(prefix string) Option { return func(s *Store) { s.prefix = prefix } }

// WithCopyTTL bounds what [Store.GetWithTTL] reports, hence how long the
// layers above it in a gocache chain keep their copies, which neither the writes
// nor the invalidations of another node reach. The default, and 0, is
// [DefaultCopyTTL]; a negative time panics. math.MaxInt64 means no bound: then an
// entry without lifetime is copied for as long as the layer above likes.
func WithCopyTTL(d time.Duration) Option {
	if d < 0 {
		panic("gocachestore: WithCopyTTL: d is negative")
	}
	return func(s *Store) { s.copyTTL = cmp.Or(d, DefaultCopyTTL) }
}

// New returns the gocache store over the adapter. Nothing is sent. A nil adapter
// or option panics.
func New(a cache.Adapter, opts ...Option) *Store {
	if a == nil {
		panic("gocachestore: New: a is nil")
	}
	s := &Store{adapter: a, defaults: &store.Options{}, prefix: DefaultPrefix, copyTTL: DefaultCopyTTL, codec: plain}
	for _, o := range opts {
		if o == nil {
			panic("gocachestore: New: opts has a nil Option")
		}
		o(s)
	}
	return s
}

// Get returns the value as []byte, or as the type of [WithPHPValues]. A key
// that is absent, expired or invalidated gives gocache's store.NotFound, which
// unwraps to [cache.ErrNotFound] here; other errors are those of the adapter,
// and [*cache.DecodeError].
func (s *Store) Get(ctx context.Context, key any) (v any, err error) {
	defer s.observe(ctx, cache.OpGet, key, s.start(), &err)
	return s.get(ctx, key)
}

func (s *Store) get(ctx context.Context, key any) (any, error) {
	k, err := s.key(key)
	if err != nil {
		return nil, err
	}
	values, err := s.adapter.Get(ctx, k)
	if err != nil {
		return nil, err
	}
	return s.open(ctx, k, values[0])
}

// GetWithTTL is Get with what is left of the entry's lifetime, bounded by
// [WithCopyTTL]. An entry without lifetime, or one of which the adapter cannot
// tell (memcached), reports that bound.
func (s *Store) GetWithTTL(ctx context.Context, key any) (v any, left time.Duration, err error) {
	defer s.observe(ctx, cache.OpGet, key, s.start(), &err)
	return s.getWithTTL(ctx, key)
}

func (s *Store) getWithTTL(ctx context.Context, key any) (any, time.Duration, error) {
	e, ok := s.adapter.(cache.Expirer)
	if !ok {
		v, err := s.get(ctx, key)
		return v, s.copyTTLOf(err, 0), err
	}
	k, err := s.key(key)
	if err != nil {
		return nil, 0, err
	}
	raw, left, err := e.GetWithTTL(ctx, k)
	if err != nil {
		return nil, 0, err
	}
	v, err := s.open(ctx, k, raw)
	return v, s.copyTTLOf(err, left), err
}

func (s *Store) copyTTLOf(err error, left time.Duration) time.Duration {
	if err != nil {
		return 0
	}
	if s.copyTTL < math.MaxInt64 && (left == 0 || left > s.copyTTL) {
		return s.copyTTL
	}
	return left
}

// open makes a value of stored bytes, nil of which are a miss.
func (s *Store) open(ctx context.Context, key string, raw []byte) (any, error) {
	if raw == nil {
		return nil, notFound(key, cache.ErrNotFound)
	}
	stamps, value, err := unwrap(raw)
	if err != nil {
		return nil, &cache.DecodeError{Key: key, Err: err}
	}
	ok, err := s.valid(ctx, stamps)
	switch {
	case err != nil:
		return nil, err
	case !ok:
		return nil, notFound(key, cache.ErrNotFound)
	}
	return s.codec.decode(key, value)
}

// Set stores []byte or string (or the type of [WithPHPValues]); other types
// give [*TypeError], and an empty value an error, since the shared cache takes
// it for a miss. Of gocache's options it knows the expiration, rounded up to
// what the cache can tell apart (0 = none, a negative one is
// [cache.ErrInvalidTTL]), the tags, and their lifetime. Cost, synchronous
// sets and client-side caching have no meaning here.
func (s *Store) Set(ctx context.Context, key, value any, opts ...store.Option) (err error) {
	defer s.observe(ctx, cache.OpSet, key, s.start(), &err)
	return s.set(ctx, key, value, opts)
}

func (s *Store) set(ctx context.Context, key, value any, opts []store.Option) error {
	k, err := s.key(key)
	if err != nil {
		return err
	}
	raw, err := s.codec.encode(k, value)
	if err != nil {
		return err
	}
	o := store.ApplyOptionsWithDefault(s.defaults, opts...)
	tags, err := checkTags(o.Tags)
	if err != nil {
		return adapterkit.Error("set", []string{k}, err)
	}
	item := cache.Item{Key: k, Value: raw, TTL: o.Expiration}
	if len(tags) > 0 {
		return s.setTagged(ctx, item, tags, o.TagsTTL)
	}
	if bytes.HasPrefix(raw, []byte(magic)) {
		item.Value = wrap(nil, raw) // or its beginning would be taken for tags
	}
	return s.adapter.Set(ctx, item)
}

func (s *Store) setTagged(ctx context.Context, item cache.Item, tags []string, ttl time.Duration) error {
	if ttl == 0 {
		ttl = DefaultTagsTTL
	}
	if err := adapterkit.CheckItems([]cache.Item{item, {Key: item.Key, TTL: ttl}}, 0); err != nil {
		return err // before a round trip
	}
	stamps, fresh, err := s.stampAll(ctx, tags, ttl)
	if err != nil {
		return err
	}
	if item.TTL == 0 || item.TTL > ttl {
		item.TTL = ttl // without its tag's version it is of no use
	}
	item.Value = wrap(stamps, item.Value)
	return s.adapter.Set(ctx, append(fresh, item)...)
}

// Delete removes the entry; an absent one is no error.
func (s *Store) Delete(ctx context.Context, key any) (err error) {
	defer s.observe(ctx, cache.OpDelete, key, s.start(), &err)
	k, err := s.key(key)
	if err != nil {
		return err
	}
	return s.adapter.Delete(ctx, k)
}

// Invalidate makes all entries that have one of the tags misses, on every
// node, in one round trip.
func (s *Store) Invalidate(ctx context.Context, opts ...store.InvalidateOption) (err error) {
	defer s.observe(ctx, OpInvalidate, nil, s.start(), &err)
	tags := store.ApplyInvalidateOptions(opts...).Tags
	if len(tags) == 0 {
		return nil
	}
	return s.adapter.Delete(ctx, s.tagKeys(tags)...)
}

// Clear removes the entries and tags of the store's prefix and nothing else:
// unlike gocache's own stores it never empties the server. It needs a
// prefix and an adapter that is a [cache.Lister], otherwise its error unwraps
// to gocache's store.ErrNotSupported and to [errors.ErrUnsupported].
func (s *Store) Clear(ctx context.Context) (err error) {
	defer s.observe(ctx, OpClear, nil, s.start(), &err)
	l, ok := s.adapter.(cache.Lister)
	switch {
	case s.prefix == "":
		return fmt.Errorf("gocachestore: clear without a prefix: %w", errNotSupported)
	case !ok:
		return fmt.Errorf("gocachestore: clear: the cache cannot list its keys: %w", errNotSupported)
	}
	for _, prefix := range []string{s.prefix, TagPrefix + s.prefix} {
		if err := s.remove(ctx, l, prefix); err != nil {
			return err
		}
	}
	return nil
}

// errNotSupported unwraps to gocache's sentinel and to Go's.
var errNotSupported = fmt.Errorf("%w: %w", store.ErrNotSupported, errors.ErrUnsupported)

// clearBatch is how many keys one Delete removes.
const clearBatch = 500

func (s *Store) remove(ctx context.Context, l cache.Lister, prefix string) error {
	var batch []string
	for k, err := range l.List(ctx, prefix) {
		if err != nil {
			return err
		}
		if batch = append(batch, k); len(batch) < clearBatch {
			continue
		}
		if err := s.adapter.Delete(ctx, batch...); err != nil {
			return err
		}
		batch = batch[:0]
	}
	return s.adapter.Delete(ctx, batch...)
}

// GetType implements gocache's store interface.
func (s *Store) GetType() string { return Type }
