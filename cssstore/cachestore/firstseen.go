package cachestore

import (
	"sync"
	"time"

	"github.com/mosparo/go-cluster/cssstore"
)

// firstSeen records when each unsettled pair of CSS and hash was first read. The
// zero value is ready, also for concurrent use.
type firstSeen struct {
	mu    sync.Mutex
	pairs map[cssstore.UUID]seenPair
}

type seenPair struct {
	id    entriesID
	first time.Time
	last  time.Time
}

const (
	// maxSeen bounds the number of pairs in memory. A pair that is dropped has to be
	// read twice again.
	maxSeen = 10_000
	// maxSeenAge is how long a read counts: in a longer time the pair may have been
	// replaced and stored again.
	maxSeenAge = 10 * time.Minute
)

// since records the pair of a project, and returns how long ago it was first read.
func (f *firstSeen) since(project cssstore.UUID, e *entries) time.Duration {
	now, id := time.Now(), e.id()
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.pairs == nil {
		f.pairs = map[cssstore.UUID]seenPair{}
	}
	p, ok := f.pairs[project]
	if !ok || p.id != id || now.Sub(p.last) > maxSeenAge {
		p = seenPair{id: id, first: now}
	}
	if p.last = now; !ok && len(f.pairs) >= maxSeen {
		for other := range f.pairs {
			delete(f.pairs, other)
			break
		}
	}
	f.pairs[project] = p
	return now.Sub(p.first)
}

func (f *firstSeen) forget(project cssstore.UUID) {
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.pairs, project)
}
