package mirror

import (
	"slices"
	"sync"
	"time"

	"github.com/mosparo/go-cluster/cssstore"
)

// memory is what a Mirror remembers of earlier passes. The zero value is ready to use,
// also concurrently.
type memory struct {
	mu sync.Mutex // never held across a wait
	// equal is when the bytes of a project were last found equal.
	equal map[cssstore.UUID]time.Time
	// failed are the projects whose last Put failed, possibly halfway.
	failed map[cssstore.UUID]bool
	// next is the first project that a pass did not reach.
	next cssstore.UUID
}

func (m *memory) noteEqual(p cssstore.UUID) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.equal == nil {
		m.equal = map[cssstore.UUID]time.Time{}
	}
	m.equal[p] = time.Now()
}

// isFresh reports whether the bytes were found equal within the last interval.
func (m *memory) isFresh(p cssstore.UUID, interval time.Duration) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	at, ok := m.equal[p]
	if ok && time.Since(at) >= interval {
		delete(m.equal, p)
		return false
	}
	return ok
}

// notePut records whether the last Put of a project failed.
func (m *memory) notePut(p cssstore.UUID, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if err == nil {
		delete(m.failed, p)
		return
	}
	if m.failed == nil {
		m.failed = map[cssstore.UUID]bool{}
	}
	m.failed[p] = true
}

func (m *memory) hasFailed(p cssstore.UUID) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.failed[p]
}

// forget frees the memory of a project that is gone.
func (m *memory) forget(p cssstore.UUID) {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.equal, p)
	delete(m.failed, p)
}

// stopBefore records the project at which the next pass begins.
func (m *memory) stopBefore(p cssstore.UUID) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.next = p
}

// order returns the projects, beginning with the one at which the last pass stopped.
func (m *memory) order(projects []cssstore.UUID) []cssstore.UUID {
	m.mu.Lock()
	defer m.mu.Unlock()
	i := max(slices.Index(projects, m.next), 0)
	m.next = cssstore.UUID{}
	return slices.Concat(projects[i:], projects[:i])
}
