package cachestore

import (
	"context"
	"errors"
	"iter"

	"github.com/mosparo/go-cluster/cache"
	"github.com/mosparo/go-cluster/cssstore"
	"github.com/mosparo/go-cluster/cssstore/internal/lockwait"
	"github.com/mosparo/go-cluster/cssstore/internal/operr"
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

// WithLocker makes writers of one project exclude each other by the lock
// mosparo/css.{uuid}; Put and Delete wait for it for 10 seconds. Give one to
// every store that writes: without it (the default, and nil) two writers on a
// backend that cannot write several entries atomically may have to write again,
// and may end with [cssstore.ErrOverwritten].
func WithLocker(l *lock.Locker) Option { return func(s *Store) { s.locker = l } }

// New returns the store in the pool. Nothing is read before the first request.
// It panics if pool is nil.
func New(pool *cache.Pool, opts ...Option) *Store {
	if pool == nil {
		panic("cachestore: New: pool is nil")
	}
	s := &Store{pool: pool}
	for _, o := range opts {
		o(s)
	}
	return s
}

// Get implements [cssstore.Store]. What PHP takes for a miss is
// [cssstore.ErrNotFound]: one of mosparo's two entries missing, null, or not the
// text that it has to be.
func (s *Store) Get(ctx context.Context, project cssstore.UUID) (cssstore.Resource, error) {
	r, err := s.get(ctx, project, sleep.For)
	return r, operr.Wrap("get", project, err)
}

// Hash implements [cssstore.Store].
func (s *Store) Hash(ctx context.Context, project cssstore.UUID) (cssstore.Hash, error) {
	h, err := s.hash(ctx, project, sleep.For)
	return h, operr.Wrap("hash", project, err)
}

// Put implements [cssstore.Store]. It reads what is there afterwards, and writes
// again if a writer that takes no lock came in between. After the third time it
// removes the entries that do not belong together, for PHP to prepare them anew,
// and returns [cssstore.ErrOverwritten].
func (s *Store) Put(ctx context.Context, r cssstore.Resource) error {
	err := r.Check()
	if err == nil {
		err = s.exclusively(ctx, r.Project, func(ctx context.Context) error { return s.put(ctx, &r) })
	}
	return operr.Wrap("put", r.Project, err)
}

// Delete implements [cssstore.Store]: it removes the two entries of mosparo, which
// PHP leaves behind, and the mark.
func (s *Store) Delete(ctx context.Context, project cssstore.UUID) error {
	err := s.exclusively(ctx, project, func(ctx context.Context) error { return s.remove(ctx, project) })
	s.seen.forget(project)
	return operr.Wrap("delete", project, err)
}

// exclusively runs do while no other Go writer of the project is at work.
func (s *Store) exclusively(ctx context.Context, project cssstore.UUID, do func(context.Context) error) error {
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
