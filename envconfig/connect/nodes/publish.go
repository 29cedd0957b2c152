package nodes

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/mosparo/go-cluster/cache"
)

// The lifetimes that [Registry.Publish] accepts.
const (
	MinPublishTTL = time.Minute
	MaxPublishTTL = 72 * time.Hour
)

// Publication is what [Registry.Publish] has written.
type Publication struct {
	// Node is the installation as it was found.
	Node Node `json:"node"`
	// Running is true if a Go node that takes part runs in the same directory. Its own
	// record stays as it is.
	Running bool `json:"running"`
	// Files is the number of files in the lists of [WithFileLists].
	Files int `json:"files"`
}

// PublishOption changes a [Registry.Publish].
type PublishOption func(*publishOptions)

type publishOptions struct{ lists bool }

// WithFileLists also writes the lists of all files, for [ReadLists].
func WithFileLists() PublishOption { return func(o *publishOptions) { o.lists = true } }

// Publish takes the fingerprints of the installation and writes its record with a lifetime
// from [MinPublishTTL] to [MaxPublishTTL], so that an installation without a Go node is
// seen, too. It hashes all files that are not hashed yet, and returns early if ctx ends. It
// is for a command and not for a program that calls [Registry.Run]; the mode does not
// matter. Errors: what is missing for fingerprints, cache.ErrInvalidTTL, those of cache and
// lock.
func (r *Registry) Publish(ctx context.Context, ttl time.Duration, opts ...PublishOption) (Publication, error) {
	var o publishOptions
	for _, f := range opts {
		if f == nil {
			panic("nodes: Publish: opts has a nil PublishOption")
		}
		f(&o)
	}
	p, err := r.publish(ctx, ttl, o)
	if err != nil {
		err = fmt.Errorf("nodes: publish: %w", err)
	}
	return p, err
}

func (r *Registry) publish(ctx context.Context, ttl time.Duration, o publishOptions) (Publication, error) {
	if ttl < MinPublishTTL || ttl > MaxPublishTTL {
		return Publication{}, fmt.Errorf("%w: %v is not from %v to %v", cache.ErrInvalidTTL, ttl, MinPublishTTL, MaxPublishTTL)
	}
	taken, err := r.takeAll(ctx)
	if err != nil {
		return Publication{}, err
	}
	v, err := r.read(ctx)
	if err != nil {
		return Publication{}, err
	}
	self := r.snapshotSelf()
	self.Mode, self.Started = ModePublished, time.Time{}
	p := Publication{Node: self}
	if found, ok := v.node(self.ID); ok {
		p.Running = found.Mode == ModeClean && !found.Stopped
		r.mu.Lock()
		r.inherit(found.Fingerprints)
		p.Node.Fingerprints = r.self.Fingerprints
		r.mu.Unlock()
	}
	if !p.Running {
		if err := v.write(ctx, r.pool, r.locker, self.ID, recordKey(self.ID).With(newRecord(&p.Node), ttl)); err != nil {
			return p, err
		}
	}
	if o.lists {
		p.Files, err = writeList(ctx, r.pool, newList(&p.Node, taken.files), ttl)
	}
	return p, err
}

// takeAll takes the fingerprints without a time limit.
func (r *Registry) takeAll(ctx context.Context) (snapshot, error) {
	var t *taker
	select {
	case t = <-r.taking:
	case <-ctx.Done():
		return snapshot{}, context.Cause(ctx)
	}
	taken := t.take(ctx, time.Time{})
	r.taking <- t
	r.keep(ctx, taken)
	switch {
	case ctx.Err() != nil:
		return snapshot{}, context.Cause(ctx)
	case taken.fingerprints.Problem != "":
		return snapshot{}, errors.New(taken.fingerprints.Problem)
	}
	return taken, nil
}
