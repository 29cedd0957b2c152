package csshttp

import (
	"net/http"
	"time"

	"github.com/mosparo/go-cluster/cssstore"
)

// fastEntry is an entry with the hash in the path under which it is served.
type fastEntry struct {
	*entry
	hash cssstore.Hash
}

// remember records the path under which an entry is served, so that serveFast finds the
// entry without parsing. The path is built from its parsed parts, not taken from a
// request.
func (t *tier) remember(k key, project cssstore.UUID, hash cssstore.Hash) {
	path := resources + project.String() + "/" + hash.String() + ".css"
	t.mu.Lock()
	defer t.mu.Unlock()
	e := t.entries[k]
	if e == nil || e.path == path {
		return
	}
	delete(t.paths, e.path)
	e.path = path
	t.paths[path] = fastEntry{e, hash}
}

// serveFast responds to a request for CSS that was served before, if nothing has to be
// read again. Otherwise it returns false.
func (h *Handler) serveFast(w http.ResponseWriter, r *http.Request, path string) bool {
	h.tier.mu.RLock()
	e := h.tier.paths[path]
	h.tier.mu.RUnlock()
	l := h.projects.list.Load()
	if e.entry == nil || l == nil || h.ctx.Err() != nil {
		return false
	}
	now := time.Now()
	s := e.state.Load()
	if s == nil || s.version == nil || now.Sub(l.tried) >= projectsEvery {
		return false
	}
	if fresh, _ := s.freshness(h.recheck); now.Sub(s.tried) >= fresh {
		return false
	}
	// The current version may have another hash by now.
	project := e.key.project
	hash, known := l.hashes[project]
	if !known || e.hash != s.version.hash {
		return false
	}
	if h.mode == ModeSharedCache && s.isBehind(listing{cssstore.Project{UUID: project, Hash: hash}, l}) {
		return false
	}
	noteProject(w, project)
	if unix := now.Unix(); e.used.Load() != unix {
		e.used.Store(unix)
	}
	serveCSS(w, r, s, e.hash, true)
	return true
}
