package csshttp

import (
	"context"
	"maps"
	"sync/atomic"
	"time"

	"github.com/mosparo/go-cluster/cssstore"
)

// Projects lists all projects, with the hashes in mosparo's database. A projectdb.DB is
// one.
type Projects interface {
	Projects(ctx context.Context) ([]cssstore.Project, error)
}

const (
	// projectsEvery is the least time between two reads of the list, except by
	// [Handler.relist].
	projectsEvery = time.Second
	// projectsOld is the age of the list from which requests wait for the next one.
	projectsOld = 2 * time.Second
	// renewEvery is the least time between two reads of list and store for requests
	// that need one which is not older than themselves.
	renewEvery = 100 * time.Millisecond
	// databaseShare bounds the time for which the list is read to one part in so many.
	databaseShare = 10
)

// projectList is the list as it was last read. It is immutable.
type projectList struct {
	hashes map[cssstore.UUID]cssstore.Hash
	// begun and tried are the begin and end of the last read, successful or not.
	begun, tried time.Time
	// changed is the begin of the first read that found these hashes.
	changed time.Time
	// ok: at least one read succeeded; err is the error of the last one.
	ok  bool
	err error
}

// isOld reports whether the hashes may be out of date.
func (l *projectList) isOld() bool { return l.err != nil || time.Since(l.tried) >= projectsOld }

// projects keeps the list in memory.
type projects struct {
	source Projects
	list   atomic.Pointer[projectList]
	flight flight
}

// listing is a project with the list that it was found in.
type listing struct {
	cssstore.Project
	*projectList
}

func (l *projectList) find(id cssstore.UUID) (p listing, known bool) {
	hash, known := l.hashes[id]
	return listing{cssstore.Project{UUID: id, Hash: hash}, l}, known
}

// find looks up a project in the list; ok is false if the list was never read. It may
// start a read of the list and wait for it: longest if the list was never read, and
// longer for a project that is not in the list than for one that is.
func (h *Handler) find(ctx context.Context, id cssstore.UUID) (p listing, known, ok bool) {
	l := h.projects.list.Load()
	seen := l
	if l == nil {
		l = &projectList{}
	}
	p, known = l.find(id)
	if age := time.Since(l.tried); age >= projectsEvery {
		reading := h.do(ctx, &h.projects.flight, h.projectReader(seen))
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

// relist returns the list as read at the given time or later, and true; or an older one,
// since the list is read at most ten times a second and for a tenth of the time.
func (h *Handler) relist(ctx context.Context, at time.Time) (*projectList, bool) {
	l := h.projects.list.Load()
	if l == nil {
		return nil, false
	}
	if l.begun.Before(at) && time.Since(l.tried) >= max(renewEvery, databaseShare*l.tried.Sub(l.begun)) {
		h.do(ctx, &h.projects.flight, h.projectReader(l)).await(ctx, shortWaitTimeout)
		l = h.projects.list.Load()
	}
	return l, l.err == nil && !l.begun.Before(at)
}

// projectReader returns the function that reads the list, unless that was done since the
// caller loaded it.
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
	h.failing.projects.note(ctx, h.logger, "the list of projects cannot be read", next.err)
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
	defer recoverTo(&err)
	return h.projects.source.Projects(ctx)
}
