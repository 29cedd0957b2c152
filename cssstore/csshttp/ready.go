package csshttp

import (
	"bytes"
	"context"
	"errors"
	"maps"
	"slices"

	"github.com/mosparo/go-cluster/cssstore"
)

// Ready returns nil if the handler can serve CSS, and is for readiness checks. The list
// of projects must have been read once; the database may be down now. And there must
// be CSS of a project in memory, or else the store must answer, even if it has no CSS.
// If the list is empty, Ready returns nil without asking the store.
// Ready returns by the deadline of ctx if the store does. The text of an error contains
// no address; the log has more.
func (h *Handler) Ready(ctx context.Context) error {
	if h.ctx.Err() != nil {
		return errors.New("csshttp: the handler is closed")
	}
	list := h.projects.list.Load()
	if list == nil || !list.ok {
		if _, _, ok := h.find(ctx, cssstore.UUID{}); !ok {
			return errors.New("csshttp: the projects have not been read from the database yet")
		}
		list = h.projects.list.Load()
	}
	for id := range list.hashes {
		if h.tier.latestOf(id) != nil {
			return nil
		}
	}
	ids := slices.SortedFunc(maps.Keys(list.hashes), func(a, b cssstore.UUID) int { return bytes.Compare(a[:], b[:]) })
	if len(ids) == 0 {
		return nil
	}
	for _, id := range ids[:min(len(ids), downAfter)] { // one may have what cannot be read
		if h.storeAnswers(ctx, id) {
			return nil
		}
		if errors.Is(ctx.Err(), context.Canceled) {
			return context.Cause(ctx)
		}
	}
	return errors.New("csshttp: no CSS is in memory, and the store cannot be read")
}

// storeAnswers reports whether the store answers a request for a project.
func (h *Handler) storeAnswers(ctx context.Context, id cssstore.UUID) bool {
	_, err := h.store.Hash(ctx, id)
	if err != nil && errors.Is(ctx.Err(), context.Canceled) {
		return false // the client has hung up, which says nothing about the store
	}
	if errors.Is(err, cssstore.ErrNotFound) || errors.Is(err, cssstore.ErrUnsettled) {
		err = nil
	}
	h.failing.store.note(ctx, h.logger, "stored css cannot be read", err)
	return err == nil
}
