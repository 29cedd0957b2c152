package cssstore

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"time"

	"github.com/mosparo/go-cluster/cache"
	"github.com/mosparo/go-cluster/lock"
)

// Cached is the [Store] in the shared cache, for clusters with mosparo's
// MOSPARO_PREPARE_CSS_FILES_IN_SHARED_CACHE switched on. It has three entries
// for a project:
//
//	design_{uuid}_content  the CSS: a string without expiry, as mosparo has it
//	design_{uuid}_hash     its hash: likewise
//	mosparoGoCss_{uuid}    what a Go node stored: hash, SHA-256 of the CSS,
//	                       source and time, an array that expires after 30
//	                       days and is written by Put
//
// All three are read in one round trip. Put writes them in this order: ours,
// the CSS, the hash; at once where the backend can and ours is there already. So a reader that finds the
// CSS of our entry knows its hash, whatever the hash beside it, and never pairs
// what a Go node wrote with anything else. Any other pair is PHP's, and is
// settled when it is seen a second time, [SettleTime] after the first. If our
// entry is there and does not match, something may be in the midst of being
// written: then Get waits for the second look before it gives anything out, or
// returns [ErrUnsettled] when the pair changes each time. Other CSS beside the
// very hash of our entry is what a writer leaves who stops in between, or what
// PHP has prepared anew after an update: that has to stay for a second.
//
// It implements [Store] and [Lister]. Make one with [NewCached].
type Cached struct {
	pool   *cache.Pool
	locker *lock.Locker
	sights sightings
}

var _ interface {
	Store
	Lister
} = (*Cached)(nil)

// NewCached returns the store in the pool. Writers of one project take turns
// through the locker, under the name mosparo/css.{uuid}; with a nil locker they do not,
// and what two of them write at the same time on a backend that cannot write
// several entries at once may have to be written again. It panics if pool is
// nil.
func NewCached(pool *cache.Pool, locker *lock.Locker) *Cached {
	if pool == nil {
		panic("cssstore: NewCached: pool is nil")
	}
	return &Cached{pool: pool, locker: locker}
}

// Get implements [Store]. What PHP would take for a miss is [ErrNotFound]: one
// of the two entries missing, null, or not the text it has to be.
func (c *Cached) Get(ctx context.Context, project UUID) (Resource, error) {
	r, err := c.get(ctx, project, pause)
	return r, wrap("get", project, err)
}

const (
	// maxChanges is how many different pairs Get looks at, one after the other.
	maxChanges = 3
	// doubtTime is how long other CSS than ours has to stay beside our hash.
	doubtTime = 4 * SettleTime
)

// waiting waits between two looks, or returns why not.
type waiting func(context.Context, time.Duration) error

func (c *Cached) get(ctx context.Context, project UUID, wait waiting) (Resource, error) {
	for changes := 0; ; {
		e, err := c.read(ctx, project)
		if err != nil {
			return Resource{}, err
		}
		if e.mark.describes(e.css) {
			c.sights.forget(project)
			return e.trusted(), nil
		}
		settles := SettleTime
		if e.hash == e.mark.Hash {
			settles = doubtTime
		}
		since := c.sights.see(project, e)
		if since == 0 {
			changes++
		}
		r := Resource{Project: project, Hash: e.hash, CSS: e.css, Settled: since >= settles}
		if r.Settled {
			return r, nil
		}
		if e.mark.Hash.IsZero() {
			// The three may have been read at different moments: a mark that was
			// written before the CSS is there at the next look at the latest.
			again, err := c.read(ctx, project)
			if err != nil {
				return Resource{}, err
			}
			if again.id() == e.id() {
				return r, nil
			}
			if changes++; changes < maxChanges {
				continue
			}
		}
		if changes >= maxChanges {
			return Resource{}, ErrUnsettled
		}
		if err := wait(ctx, min(settles-since, SettleTime)); err != nil {
			return Resource{}, err
		}
	}
}

// Hash implements [Store].
func (c *Cached) Hash(ctx context.Context, project UUID) (Hash, error) {
	h, err := c.hash(ctx, project, pause)
	return h, wrap("hash", project, err)
}

func (c *Cached) hash(ctx context.Context, project UUID, wait waiting) (Hash, error) {
	var hash cache.Result[string]
	var m cache.Result[mark]
	if err := cache.Read(ctx, c.pool, hashKey(project).Into(&hash), markKey(project).Into(&m)); err != nil {
		return Hash{}, err
	}
	h, err := parseStored(hash)
	if err == nil && m.Err == nil && m.Value.Hash != h {
		// Only the CSS can tell which of the two it is.
		var r Resource
		r, err = c.get(ctx, project, wait)
		h = r.Hash
	}
	return h, err
}

// hasty is the store for somebody who looks again anyway: where Get and Hash
// would wait for a second look they return [ErrUnsettled].
type hasty struct{ *Cached }

func never(context.Context, time.Duration) error { return ErrUnsettled }

// Get implements [Store].
func (h hasty) Get(ctx context.Context, project UUID) (Resource, error) {
	r, err := h.get(ctx, project, never)
	return r, wrap("get", project, err)
}

// Hash implements [Store].
func (h hasty) Hash(ctx context.Context, project UUID) (Hash, error) {
	hash, err := h.hash(ctx, project, never)
	return hash, wrap("hash", project, err)
}

// exclusively runs do while no other writer of the project is at work.
func (c *Cached) exclusively(ctx context.Context, project UUID, do func(context.Context) error) error {
	if c.locker == nil {
		return do(ctx)
	}
	return c.locker.Do(ctx, lockName(project), do, lock.WithWait(lockWaitOf(ctx)), lock.WithLabel("store css"))
}

func lockName(project UUID) string { return lock.ReservedPrefix + "css." + project.String() }

// Put implements [Store]. It looks at what is there afterwards, and writes
// again if a writer that takes no lock came in between. After the third time it
// removes what does not belong together, for PHP to prepare it anew, and returns
// [ErrOverwritten].
func (c *Cached) Put(ctx context.Context, r Resource) error {
	err := r.Check()
	if err == nil {
		err = c.exclusively(ctx, r.Project, func(ctx context.Context) error { return c.put(ctx, &r) })
	}
	return wrap("put", r.Project, err)
}

const writes = 3

func (c *Cached) put(ctx context.Context, r *Resource) error {
	m := newMark(r)
	if err := c.announce(ctx, r.Project, m); err != nil {
		return err
	}
	for range writes {
		err := cache.Write(ctx, c.pool,
			markKey(r.Project).With(m, markTTL),
			contentKey(r.Project).With(r.CSS, 0),
			hashKey(r.Project).With(r.Hash.String(), 0))
		if err != nil {
			return err
		}
		e, err := c.read(ctx, r.Project)
		if errors.Is(err, ErrNotFound) {
			return nil // removed or evicted meanwhile
		}
		if err != nil {
			return err
		}
		if m.describes(e.css) == (e.hash == r.Hash) {
			return nil // ours, or entirely somebody else's
		}
	}
	// What is there now is CSS of theirs under our hash, and may stay so.
	if err := c.remove(ctx, r.Project); err != nil {
		return errors.Join(ErrOverwritten, err)
	}
	return ErrOverwritten
}

// announce puts a mark beside a pair that has none, before anything else is
// written: servers that are written side by side keep no order, and with any
// mark that does not match a reader waits.
func (c *Cached) announce(ctx context.Context, project UUID, m mark) error {
	switch _, err := markKey(project).Get(ctx, c.pool); {
	case err == nil:
		return nil
	case !errors.Is(missing(err), ErrNotFound):
		return err
	}
	return cache.Write(ctx, c.pool, markKey(project).With(m, markTTL))
}

// remove removes the CSS first: PHP redirects to itself for ever when only the
// hash is missing. The mark goes last, so that no reader takes what is left
// for a pair of PHP's.
func (c *Cached) remove(ctx context.Context, project UUID) error {
	if err := c.pool.Delete(ctx, string(contentKey(project)), string(hashKey(project))); err != nil {
		return err
	}
	return markKey(project).Delete(ctx, c.pool)
}

// Delete implements [Store]: it removes the two entries of mosparo, which PHP
// leaves behind, and ours.
func (c *Cached) Delete(ctx context.Context, project UUID) error {
	err := c.exclusively(ctx, project, func(ctx context.Context) error {
		return c.remove(ctx, project)
	})
	c.sights.forget(project)
	return wrap("delete", project, err)
}

// List implements [Lister] where the adapter is a [cache.Lister].
func (c *Cached) List(ctx context.Context) iter.Seq2[UUID, error] {
	return func(yield func(UUID, error) bool) {
		l, ok := c.pool.Adapter().(cache.Lister)
		if !ok {
			yield(UUID{}, fmt.Errorf("cssstore: list: %w", errors.ErrUnsupported))
			return
		}
		seen := map[UUID]bool{}
		for _, prefix := range []string{designPrefix, markPrefix} {
			for key, err := range l.List(ctx, prefix) {
				if err != nil {
					yield(UUID{}, fmt.Errorf("cssstore: list: %w", err))
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
