package cachestore

import (
	"context"
	"errors"
	"iter"

	"github.com/mosparo/go-cluster/cache"
	"github.com/mosparo/go-cluster/cssstore"
	"github.com/mosparo/go-cluster/cssstore/internal/lockwait"
	"github.com/mosparo/go-cluster/cssstore/internal/operr"
	"github.com/mosparo/go-cluster/cssstore/internal/option"
	"github.com/mosparo/go-cluster/cssstore/internal/sleep"
	"github.com/mosparo/go-cluster/lock"
)

// Store is the [cssstore.Store] in a shared cache. It is a [cssstore.Lister]
// where the adapter of the pool is a [cache.Lister], and a
// [cssstore.NonBlocker]. It is safe for concurrent use. Make one with [New].
type Store struct {
	pool   *cache.Pool
	locker *lock.Locker
	seen   firstSeen
}

var _ interface {
	cssstore.Store
	cssstore.Lister
	cssstore.NonBlocker
} = (*Store)(nil)

// Option changes a default of [New].
type Option func(*Store)

// WithLocker sets the locker with which Put and Delete take the lock
// mosparo/css.{uuid}, so that Go nodes write a project one after the other. They wait
// for the lock for up to 10 seconds. Every store that writes should have one: without
// it (the default, and nil) concurrent writers may have to write again, and may end
// with [cssstore.ErrOverwritten], if the backend cannot write several entries
// atomically.
func WithLocker(l *lock.Locker) Option { return func(s *Store) { s.locker = l } }

// New returns a store in the pool. It sends no request. It panics if pool or an option
// is nil.
func New(pool *cache.Pool, opts ...Option) *Store {
	if pool == nil {
		panic("cachestore: New: pool is nil")
	}
	s := &Store{pool: pool}
	option.Apply("cachestore: New", s, opts)
	return s
}

// Get implements [cssstore.Store]. As in PHP, the error is [cssstore.ErrNotFound] if
// one of mosparo's two entries is missing, null, or not a valid text.
func (s *Store) Get(ctx context.Context, project cssstore.UUID) (cssstore.Resource, error) {
	r, err := s.get(ctx, project, sleep.For)
	return r, operr.Wrap("get", project, err)
}

// Hash implements [cssstore.Store].
func (s *Store) Hash(ctx context.Context, project cssstore.UUID) (cssstore.Hash, error) {
	h, err := s.hash(ctx, project, sleep.For)
	return h, operr.Wrap("hash", project, err)
}

// Put implements [cssstore.Store]. It reads the entries afterwards, and writes again if
// a PHP node wrote at the same time. After three attempts it removes the entries,
// which do not belong together, so that they are prepared anew, and returns
// [cssstore.ErrOverwritten].
func (s *Store) Put(ctx context.Context, r cssstore.Resource) error {
	err := r.Check()
	if err == nil {
		err = s.withLock(ctx, r.Project, func(ctx context.Context) error { return s.put(ctx, &r) })
	}
	return operr.Wrap("put", r.Project, err)
}

// Delete implements [cssstore.Store]. It removes all three entries; PHP leaves its two
// behind when a project is deleted.
func (s *Store) Delete(ctx context.Context, project cssstore.UUID) error {
	err := s.withLock(ctx, project, func(ctx context.Context) error { return s.remove(ctx, project) })
	s.seen.forget(project)
	return operr.Wrap("delete", project, err)
}

// withLock runs do under the lock of the project, if there is a locker.
func (s *Store) withLock(ctx context.Context, project cssstore.UUID, do func(context.Context) error) error {
	if s.locker == nil {
		return do(ctx)
	}
	name := lock.ReservedPrefix + "css." + project.String()
	return s.locker.Do(ctx, name, do, lock.WithWait(lockwait.Of(ctx)), lock.WithLabel("store css"))
}

// List implements [cssstore.Lister].
func (s *Store) List(ctx context.Context) iter.Seq2[cssstore.UUID, error] {
	return func(yield func(cssstore.UUID, error) bool) {
		l, ok := s.pool.Adapter().(cache.Lister)
		if !ok {
			yield(cssstore.UUID{}, operr.WrapAll("list", errors.ErrUnsupported))
			return
		}
		seen := map[cssstore.UUID]bool{}
		for _, prefix := range []string{designPrefix, markPrefix} {
			for key, err := range l.List(ctx, prefix) {
				if err != nil {
					yield(cssstore.UUID{}, operr.WrapAll("list", err))
					return
				}
				project, ok := projectOf(key)
				if !ok || seen[project] {
					continue
				}
				seen[project] = true
				if !yield(project, nil) {
					return
				}
			}
		}
	}
}
