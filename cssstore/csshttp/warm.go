package csshttp

import (
	"bytes"
	"context"
	"errors"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/mosparo/go-cluster/cssstore"
)

const (
	// warmers is how many projects are loaded concurrently.
	warmers = 8
	// warmRetry is the pause between two attempts to read the list of projects.
	warmRetry = 250 * time.Millisecond
)

// Warm loads the CSS of all projects into memory, or until the limit of [WithMemory], so
// that the first requests do not wait for the store. Projects whose CSS cannot be read
// are left out, and no CSS is prepared. If the list of projects cannot be read, Warm
// tries again until ctx ends, and returns the cause of that.
func (h *Handler) Warm(ctx context.Context) error {
	_, _, ok := h.find(ctx, cssstore.UUID{})
	for ; !ok; _, _, ok = h.find(ctx, cssstore.UUID{}) {
		select {
		case <-time.After(warmRetry):
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-h.ctx.Done():
			return errors.New("csshttp: the handler is closed")
		}
	}
	list := h.projects.list.Load().hashes
	ids := slices.SortedFunc(maps.Keys(list), func(a, b cssstore.UUID) int { return bytes.Compare(a[:], b[:]) })
	next := make(chan cssstore.Project)
	var loading sync.WaitGroup
	for range min(warmers, len(ids)) {
		loading.Go(func() {
			for p := range next {
				h.warm(ctx, p)
			}
		})
	}
	for _, id := range ids {
		if ctx.Err() != nil || h.ctx.Err() != nil || h.tier.isFull() {
			break
		}
		next <- cssstore.Project{UUID: id, Hash: list[id]}
	}
	close(next)
	loading.Wait()
	return context.Cause(ctx)
}

// warm loads what a request for the current version of a project reads.
func (h *Handler) warm(ctx context.Context, p cssstore.Project) {
	if h.mode == ModeFiles && !p.Hash.IsZero() {
		if s := h.get(ctx, key{p.UUID, p.Hash}, p, false); s.version != nil || !errors.Is(s.err, cssstore.ErrNotFound) {
			return
		}
	}
	h.get(ctx, key{project: p.UUID}, p, false)
}
