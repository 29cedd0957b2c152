package cssstore

import (
	"sync"
	"time"
)

// sightings remember since when a pair that is not settled has been there.
type sightings struct {
	mu   sync.Mutex
	seen map[UUID]sighting
}

type sighting struct {
	id    entriesID
	first time.Time
	last  time.Time
}

const (
	// maxSightings bounds the memory; projects that go with it are looked at
	// twice again.
	maxSightings = 10_000
	// sightingAge is how long a look counts: a pair that is met again much
	// later may have been replaced and come back meanwhile.
	sightingAge = 10 * time.Minute
)

// see notes what is there, and returns for how long it has been.
func (s *sightings) see(project UUID, e *entries) time.Duration {
	now, id := time.Now(), e.id()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.seen == nil {
		s.seen = map[UUID]sighting{}
	}
	at, ok := s.seen[project]
	if !ok || at.id != id || now.Sub(at.last) > sightingAge {
		at = sighting{id: id, first: now}
	}
	if at.last = now; !ok && len(s.seen) >= maxSightings {
		for other := range s.seen {
			delete(s.seen, other)
			break
		}
	}
	s.seen[project] = at
	return now.Sub(at.first)
}

func (s *sightings) forget(project UUID) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.seen, project)
}
