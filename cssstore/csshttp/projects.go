package csshttp

import (
	"context"
	"sync/atomic"
	"time"

	"github.com/mosparo/go-cluster/cssstore"
)

// Projects lists the projects with the hashes that mosparo stored for them. A
// projectdb.DB does.
type Projects interface {
	Projects(ctx context.Context) ([]cssstore.Project, error)
}

const (
	// projectsEvery is how often the list is read at most.
	projectsEvery = time.Second
	// projectsOld is how old a list may be for a request not to wait for the
	// next one.
	projectsOld = 5 * time.Second
)

// projectList is the list as it was last read. A list does not change.
type projectList struct {
	hashes map[cssstore.UUID]cssstore.Hash
	// tried is when it was last asked for, with or without success.
	tried time.Time
	ok    bool
}

// projects keep the list.
type projects struct {
	source Projects
	list   atomic.Pointer[projectList]
	flight flight
}

// find looks a project up in the list; ok is false as long as there is no list
// at all.
func (h *Handler) find(ctx context.Context, id cssstore.UUID) (p cssstore.Project, known, ok bool) {
	l := h.projects.list.Load()
	if l == nil {
		l = &projectList{}
	}
	hash, known := l.hashes[id]
	if age := time.Since(l.tried); age >= projectsEvery {
		reading := h.fly(&h.projects.flight, h.readProjects) //nolint:contextcheck // what one request begins, others wait for
		if !known || age >= projectsOld {
			reading.await(ctx)
			if now := h.projects.list.Load(); now != nil {
				l = now
			}
			hash, known = l.hashes[id]
		}
	}
	return cssstore.Project{UUID: id, Hash: hash}, known, l.ok
}

func (h *Handler) readProjects(ctx context.Context) {
	if l := h.projects.list.Load(); l != nil && time.Since(l.tried) < projectsEvery {
		return // somebody else has just been here
	}
	next := &projectList{}
	all, err := h.askProjects(ctx)
	next.tried = time.Now()
	h.failing.projects.note(h.logger, "the list of projects cannot be read", err)
	if err == nil {
		next.ok, next.hashes = true, make(map[cssstore.UUID]cssstore.Hash, len(all))
		for _, p := range all {
			next.hashes[p.UUID] = p.Hash
		}
	} else if l := h.projects.list.Load(); l != nil {
		next.ok, next.hashes = l.ok, l.hashes
	}
	h.projects.list.Store(next)
	if err == nil {
		h.tier.keepOnly(next.hashes)
	}
}

func (h *Handler) askProjects(ctx context.Context) (all []cssstore.Project, err error) {
	defer recovered(&err)
	return h.projects.source.Projects(ctx)
}
