package cachestore

import (
	"context"
	"errors"

	"github.com/mosparo/go-cluster/cache"
	"github.com/mosparo/go-cluster/cssstore"
)

// maxWrites is how often Put writes a version that PHP nodes keep overwriting.
const maxWrites = 3

func (s *Store) put(ctx context.Context, r *cssstore.Resource) error {
	m := newMark(r)
	if err := s.announce(ctx, r.Project, m); err != nil {
		return err
	}
	for range maxWrites {
		err := cache.Write(ctx, s.pool,
			markKey(r.Project).With(m, markTTL),
			contentKey(r.Project).With(r.CSS, 0),
			hashKey(r.Project).With(r.Hash.String(), 0))
		if err != nil {
			return err
		}
		e, err := s.read(ctx, r.Project)
		if errors.Is(err, cssstore.ErrNotFound) {
			return nil // removed or evicted meanwhile
		}
		if err != nil {
			return err
		}
		if m.matches(e.css) == (e.hash == r.Hash) {
			return nil // either both are ours, or both are another writer's
		}
	}
	// The store has another writer's CSS beside our hash, and may keep both.
	if err := s.remove(ctx, r.Project); err != nil {
		return errors.Join(cssstore.ErrOverwritten, err)
	}
	return cssstore.ErrOverwritten
}

// announce writes the mark before anything else if there is none: several servers are
// written in no particular order, and any mark, also one that does not match, makes
// readers wait.
func (s *Store) announce(ctx context.Context, project cssstore.UUID, m mark) error {
	switch _, err := markKey(project).Get(ctx, s.pool); {
	case err == nil:
		return nil
	case !errors.Is(joinNotFound(err), cssstore.ErrNotFound):
		return err
	}
	return cache.Write(ctx, s.pool, markKey(project).With(m, markTTL))
}

// remove removes the CSS first: PHP redirects to the same URL without end if only the
// hash is missing. It removes the mark last: without it readers would take what is
// left for a pair of PHP's.
func (s *Store) remove(ctx context.Context, project cssstore.UUID) error {
	if err := s.pool.Delete(ctx, string(contentKey(project)), string(hashKey(project))); err != nil {
		return err
	}
	return markKey(project).Delete(ctx, s.pool)
}
