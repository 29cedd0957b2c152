package csshttp

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/mosparo/go-cluster/cssstore"
)

// place is the target of a redirect: the CSS of a project with a hash, or, without a
// hash, the base CSS.
type place struct {
	project  cssstore.UUID
	hash     cssstore.Hash
	modified time.Time
	err      error
}

// modifiedOf returns the time for Last-Modified in a redirect to a version, zero for none.
func (h *Handler) modifiedOf(v *version) time.Time {
	if h.mode == ModeFiles {
		return v.modified
	}
	return time.Time{}
}

// newest returns the hash in the list, or one that was read from the shared cache later:
// PHP nodes write to the cache first, and prepare CSS again for every client that
// requests another hash.
func (h *Handler) newest(p listing) cssstore.Hash {
	if e := h.tier.find(key{project: p.UUID}); e != nil {
		if s := e.state.Load(); s != nil && s.version != nil && s.version.replaced.After(p.begun) {
			return s.version.hash
		}
	}
	return p.Hash
}

// current returns the target of a request without a hash in its path.
func (h *Handler) current(ctx context.Context, p listing) place {
	listed := h.mode == ModeSharedCache && !p.Hash.IsZero()
	if listed && !p.isOld() {
		return place{project: p.UUID, hash: h.newest(p)}
	}
	s := h.stored(ctx, p.Project)
	switch {
	case s.version != nil:
		return place{project: p.UUID, hash: s.version.hash, modified: h.modifiedOf(s.version)}
	case listed: // another node may have it
		return place{project: p.UUID, hash: p.Hash}
	}
	return place{project: p.UUID, err: s.err}
}

// detail returns the detail of Cache-Status for an error of the store.
func detail(err error) string {
	switch {
	case errors.Is(err, cssstore.ErrNotFound):
		return "STORE_MISS"
	case errors.Is(err, cssstore.ErrUnsettled):
		return "STORE_UNSETTLED"
	}
	return "STORE_UNAVAILABLE"
}

// redirectTo responds with a redirect or, on the route projectURL, with its URL as text.
func (h *Handler) redirectTo(w http.ResponseWriter, r *http.Request, route route, to place) {
	o, ok := h.origin(r)
	if !ok {
		badHost(w, r)
		return
	}
	notePlace(w, to)
	location := h.baseCSS
	if !to.hash.IsZero() {
		location = o.root + o.prefix + resources + to.project.String() + "/" + to.hash.String() + ".css"
	} else if to.modified = h.baseModified(r.Context()); to.err != nil && !errors.Is(to.err, cssstore.ErrNotFound) {
		w.Header().Set("Cache-Status", "mosparo-go; detail="+detail(to.err))
	}
	if route == projectURL {
		if to.hash.IsZero() {
			location = o.root + location
		}
		setExpired(w.Header())
		text(w, r, http.StatusOK, cacheURL, location)
		return
	}
	if !to.modified.IsZero() {
		w.Header().Set("Last-Modified", to.modified.UTC().Format(http.TimeFormat))
	}
	w.Header()["Cache-Control"] = cacheRedirect
	redirect(w, r, http.StatusTemporaryRedirect, location)
}
