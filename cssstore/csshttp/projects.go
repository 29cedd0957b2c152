package csshttp

import (
	"context"
	"maps"
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
	// projectsEvery is how often the list is read at most, but for
	// [Handler.relist].
	projectsEvery = time.Second
	// projectsOld is how old a list may be for a request not to wait for the
	// next one.
	projectsOld = 2 * time.Second
	// anewEvery is how often list and store are asked anew at most, for requests
	// that are redirected by nothing older than themselves.
	anewEvery = 100 * time.Millisecond
	// databaseShare is the part of the time for which the list may be read: one
	// in so many.
	databaseShare = 10
)

// projectList is the list as it was last read. A list does not change.
type projectList struct {
	hashes map[cssstore.UUID]cssstore.Hash
	// begun and tried are when it was last asked for, with or without success,
	// and when that ended.
	begun, tried time.Time
	// changed is when the first reading began that found these hashes.
	changed time.Time
	// ok: it was read at least once; err is of the last reading.
	ok  bool
	err error
}

// isOld reports whether the list cannot be trusted to name current hashes.
func (l *projectList) isOld() bool { return l.err != nil || time.Since(l.tried) >= projectsOld }

// projects keep the list.
type projects struct {
	source Projects
	list   atomic.Pointer[projectList]
	flight flight
}

// listing is a project with the list that has it.
type listing struct {
	cssstore.Project
	*projectList
}

func (l *projectList) find(id cssstore.UUID) (p listing, known bool) {
	hash, known := l.hashes[id]
	return listing{cssstore.Project{UUID: id, Hash: hash}, l}, known
}

// find looks a project up in the list; ok is false as long as there is no list
// at all. It waits until a reading of the list is [projectsOld] old, where there
// is no earlier list for longer.
func (h *Handler) find(ctx context.Context, id cssstore.UUID) (p listing, known, ok bool) {
	l := h.projects.list.Load()
	seen := l
	if l == nil {
		l = &projectList{}
	}
	p, known = l.find(id)
	if age := time.Since(l.tried); age >= projectsEvery {
		reading := h.do(&h.projects.flight, h.projectReader(seen)) //nolint:contextcheck // what one request begins, others wait for
		if !known || age >= projectsOld {
			wait := shortWaitTimeout
			switch {
			case !l.ok:
				wait = waitTimeout
			case !known:
				wait = projectsOld
			}
			reading.await(ctx, wait)
			if now := h.projects.list.Load(); now != nil {
				l = now
			}
			p, known = l.find(id)
		}
	}
	return p, known, l.ok
}

// relist returns the list as it is in the database at the given time or later,
// if it can be had: it is read at most ten times a second, and for a tenth of
// the time.
func (h *Handler) relist(ctx context.Context, at time.Time) (*projectList, bool) {
	l := h.projects.list.Load()
	if l == nil {
		return nil, false
	}
	if l.begun.Before(at) && time.Since(l.tried) >= max(anewEvery, databaseShare*l.tried.Sub(l.begun)) {
		h.do(&h.projects.flight, h.projectReader(l)).await(ctx, shortWaitTimeout) //nolint:contextcheck // as above
		l = h.projects.list.Load()
	}
	return l, l.err == nil && !l.begun.Before(at)
}

// projectReader returns what reads the list, unless it was read since the
// caller has seen it.
func (h *Handler) projectReader(seen *projectList) func(context.Context) {
	return func(ctx context.Context) {
		if h.projects.list.Load() == seen {
			h.readProjects(ctx, seen)
		}
	}
}

func (h *Handler) readProjects(ctx context.Context, old *projectList) {
	next := &projectList{begun: time.Now()}
	if old != nil {
		next.ok, next.hashes, next.changed = old.ok, old.hashes, old.changed
	}
	var all []cssstore.Project
	all, next.err = h.askProjects(ctx)
	next.tried = time.Now()
	h.failing.projects.note(h.logger, "the list of projects cannot be read", next.err)
	if next.err == nil {
		hashes := make(map[cssstore.UUID]cssstore.Hash, len(all))
		for _, p := range all {
			hashes[p.UUID] = p.Hash
		}
		if !next.ok || !maps.Equal(hashes, next.hashes) {
			next.ok, next.hashes, next.changed = true, hashes, next.begun
		}
	}
	h.projects.list.Store(next)
	if next.err == nil {
		h.tier.keepOnly(next.hashes)
	}
}

func (h *Handler) askProjects(ctx context.Context) (all []cssstore.Project, err error) {
	defer recovered(&err)
	return h.projects.source.Projects(ctx)
}
