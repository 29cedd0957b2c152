package cachestore

import (
	"context"
	"time"

	"github.com/mosparo/go-cluster/cache"
	"github.com/mosparo/go-cluster/cssstore"
	"github.com/mosparo/go-cluster/cssstore/internal/operr"
)

const (
	// maxChanges is after how many different pairs Get gives up.
	maxChanges = 3
	// staleMarkTime is for how long CSS has to stay the same beside the hash of a
	// mark that does not match it.
	staleMarkTime = 4 * cssstore.SettleTime
)

// waitFunc waits between two reads, or returns the error to end with.
type waitFunc func(context.Context, time.Duration) error

func (s *Store) get(ctx context.Context, project cssstore.UUID, wait waitFunc) (cssstore.Resource, error) {
	for changes := 0; ; {
		e, err := s.read(ctx, project)
		if err != nil {
			return cssstore.Resource{}, err
		}
		if e.mark.matches(e.css) {
			s.seen.forget(project)
			return e.goVersion(), nil
		}
		settles := cssstore.SettleTime
		if e.hash == e.mark.Hash {
			settles = staleMarkTime
		}
		since := s.seen.since(project, e)
		if since == 0 {
			changes++
		}
		r := cssstore.Resource{Project: project, Hash: e.hash, CSS: e.css, Settled: since >= settles}
		if r.Settled {
			return r, nil
		}
		if e.mark.Hash.IsZero() {
			// The backend may have read the three at different moments. A mark that
			// was written before the CSS is in the next read.
			again, err := s.read(ctx, project)
			if err != nil {
				return cssstore.Resource{}, err
			}
			if again.id() == e.id() {
				return r, nil
			}
			if changes++; changes < maxChanges {
				continue
			}
		}
		if changes >= maxChanges {
			return cssstore.Resource{}, cssstore.ErrUnsettled
		}
		if err := wait(ctx, min(settles-since, cssstore.SettleTime)); err != nil {
			return cssstore.Resource{}, err
		}
	}
}

func (s *Store) hash(ctx context.Context, project cssstore.UUID, wait waitFunc) (cssstore.Hash, error) {
	var hash cache.Result[string]
	var m cache.Result[mark]
	if err := cache.Read(ctx, s.pool, hashKey(project).Into(&hash), markKey(project).Into(&m)); err != nil {
		return cssstore.Hash{}, err
	}
	h, err := parseStored(hash)
	if err == nil && m.Err == nil && m.Value.Hash != h {
		// Which of the two it is depends on the CSS.
		var r cssstore.Resource
		r, err = s.get(ctx, project, wait)
		h = r.Hash
	}
	return h, err
}

// NonBlocking implements [cssstore.NonBlocker].
func (s *Store) NonBlocking() cssstore.Store { return nonBlocking{s} }

type nonBlocking struct{ *Store }

func dontWait(context.Context, time.Duration) error { return cssstore.ErrUnsettled }

// Get implements [cssstore.Store].
func (n nonBlocking) Get(ctx context.Context, project cssstore.UUID) (cssstore.Resource, error) {
	r, err := n.get(ctx, project, dontWait)
	return r, operr.Wrap("get", project, err)
}

// Hash implements [cssstore.Store].
func (n nonBlocking) Hash(ctx context.Context, project cssstore.UUID) (cssstore.Hash, error) {
	h, err := n.hash(ctx, project, dontWait)
	return h, operr.Wrap("hash", project, err)
}
