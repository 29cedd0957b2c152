package csshttp

import (
	"context"
	"net/http"
	"time"

	"github.com/mosparo/go-cluster/cssstore"
)

// A redirect from one hash to another can send clients in a circle: nodes learn of a
// new design at different times, some cannot reach cache, directory or database for a
// while, and a PHP node redirects from every hash but that of the current design. So a
// hash is redirected to another one only if that is the hash in both the database and
// the store, read after the request came: then all nodes that redirect agree on the
// target. Otherwise, also if reading takes too long or was done too often, the version
// at hand is served, which caches must not keep. [redirectLimit] ends the circles of
// nodes that disagree for longer.

// sameMoment is how much older than a request a read of store and database may be: in
// that time a client does not pass many nodes.
const sameMoment = time.Millisecond

// serveHash serves /resources/{uuid}/{hash}.css.
func (h *Handler) serveHash(w http.ResponseWriter, r *http.Request, p listing, name string) {
	at := time.Now().Add(-sameMoment)
	hash, err := cssstore.ParseHash(name)
	if err != nil { // no node redirects to that
		h.redirectTo(w, r, hashCSS, h.current(r.Context(), p))
		return
	}
	find := h.findInCache
	if h.mode == ModeFiles {
		find = h.findInFiles
	}
	s, now := find(r.Context(), p, hash, at)
	v := s.version
	switch {
	case v == nil:
		h.redirectTo(w, r, hashCSS, place{project: p.UUID, err: s.err})
	case v.has(hash):
		if hash == v.hash {
			h.tier.remember(h.keyOf(p.UUID, hash), p.UUID, hash)
		}
		serveCSS(w, r, s, hash, h.isSure(p, s, hash))
	case h.mayRedirect(r.Context(), p, hash, s, at) && now && h.redirects.take(p.UUID, hash):
		h.redirectTo(w, r, hashCSS, place{project: p.UUID, hash: v.hash, modified: h.modifiedOf(v)})
	default:
		serveCSS(w, r, s, hash, false)
	}
}

func (h *Handler) keyOf(project cssstore.UUID, hash cssstore.Hash) key {
	if h.mode == ModeSharedCache {
		return key{project: project}
	}
	return key{project, hash}
}

// findInCache returns what the shared cache has of a project, and whether it was read at
// the given time or later. It is read again if memory, list and request have different
// hashes.
func (h *Handler) findInCache(ctx context.Context, p listing, hash cssstore.Hash, at time.Time) (*state, bool) {
	k := h.keyOf(p.UUID, hash)
	s := h.get(ctx, k, p.Project, true)
	v := s.version
	if v == nil || v.has(hash) && !s.isBehind(p) {
		return s, false
	}
	if s.isSince(at) || v.has(hash) || hash == p.Hash || h.unknown.take() {
		return h.renew(ctx, k, p.Project, s, at)
	}
	return s, false
}

// findInFiles returns the version with a hash, or the current one if there is none.
func (h *Handler) findInFiles(ctx context.Context, p listing, hash cssstore.Hash, _ time.Time) (*state, bool) {
	k := h.keyOf(p.UUID, hash)
	if hash == p.Hash || h.tier.has(k) || h.unknown.take() {
		if s := h.get(ctx, k, p.Project, hash == p.Hash); s.version != nil {
			return s, true
		}
	}
	return h.stored(ctx, p.Project), true
}

// isSince reports whether the state was read at the given time or later.
func (s *state) isSince(at time.Time) bool { return s.err == nil && !s.begun.Before(at) }

// isBehind reports whether the list may have a newer version: it has another hash, which
// it did not have yet when the store was read.
func (s *state) isBehind(p listing) bool {
	return s.version.hash != p.Hash && s.begun.Before(p.changed)
}

// isSure reports whether caches may keep the version for long.
func (h *Handler) isSure(p listing, s *state, hash cssstore.Hash) bool {
	fresh, _ := s.freshness(h.recheck)
	return hash == s.version.hash && time.Since(s.tried) < fresh && (h.mode == ModeFiles || !s.isBehind(p))
}

// mayRedirect reports whether a hash may be redirected to the version that the store
// has: the hash of that version is in the database, and the requested one is not. The
// list is read again, unless it has the requested hash.
func (h *Handler) mayRedirect(ctx context.Context, p listing, hash cssstore.Hash, s *state, at time.Time) bool {
	if hash == s.made.of(p.Hash) {
		return false
	}
	l, ok := h.relist(ctx, at)
	if !ok {
		return false
	}
	p, known := l.find(p.UUID)
	current := s.made.of(p.Hash)
	return known && s.version.hash == current && hash != current
}

// serveCSS serves the version in memory. If it is that of the hash, caches may keep it,
// for a year if sure; another one they must not keep.
func serveCSS(w http.ResponseWriter, r *http.Request, s *state, hash cssstore.Hash, sure bool) {
	v, h := s.version, w.Header()
	h["Access-Control-Allow-Origin"] = anyOrigin
	h["Access-Control-Expose-Headers"] = exposed
	switch {
	case !v.has(hash):
		h["Cache-Control"] = cacheNothing
	case !sure || s.err != nil || !v.settled:
		h["Cache-Control"] = cacheMinute
	default:
		h["Cache-Control"] = cacheYear
	}
	noteAge(w, v)
	if s.err != nil || !v.has(hash) {
		noteStale(w, s.err)
	}
	switch {
	case s.err != nil:
		h.Set("Cache-Status", "mosparo-go; hit; detail="+detail(s.err))
	case !v.has(hash):
		h["Cache-Status"] = otherVersion
	}
	v.serve(w, r, bodyOfCSS)
}

func bodyOfCSS(h http.Header) {
	setSecurityHeaders(h)
	h["Content-Type"] = typeCSS
}
