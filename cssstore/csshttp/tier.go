package csshttp

import (
	"cmp"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/mosparo/go-cluster/cssstore"
)

// key is the key of an entry in memory. In ModeSharedCache it has the project only. In
// ModeFiles it also has the hash of a version; without one it is the newest version.
type key struct {
	project cssstore.UUID
	hash    cssstore.Hash
}

// entry is the entry of a key.
type entry struct {
	key    key
	state  atomic.Pointer[state]
	used   atomic.Int64 // Unix time in seconds
	flight flight
	// path is one under which it was served, size the memory that it takes, in bytes.
	// The mutex of the tier guards both.
	path string
	size int
}

// state is the result of the last read of the store. It is immutable.
type state struct {
	// version is nil if there is none. With an error it is the last good one.
	version *version
	err     error
	// begun and tried are the begin and end of the read.
	begun, tried time.Time
	// asked is when the generator was last called, made what it made then.
	asked time.Time
	made  replacement
}

// replacement records that CSS was prepared with another hash than the one in the
// database, which is out of date.
type replacement struct{ instead, hash cssstore.Hash }

// of returns the hash of the current design of a project whose hash in the database is
// given.
func (r replacement) of(stored cssstore.Hash) cssstore.Hash {
	if r.instead == stored && !r.hash.IsZero() {
		return r.hash
	}
	return stored
}

// version is a stored version with its content.
type version struct {
	hash, alias cssstore.Hash
	settled     bool
	modified    time.Time
	// replaced is when this hash replaced another one in memory, zero for the first.
	replaced time.Time
	// read is when it was last read from the store.
	read time.Time
	*content
}

// has reports whether v is the version of a hash.
func (v *version) has(hash cssstore.Hash) bool {
	return v != nil && (v.hash == hash || v.alias == hash)
}

// isOther reports whether v was prepared in place of the version of k, which does not
// exist.
func (v *version) isOther(k key) bool { return v != nil && v.hash != k.hash }

func (v *version) bytes() int {
	if v == nil {
		return 0
	}
	return v.size()
}

// tier keeps CSS in memory.
type tier struct {
	limit   int // of size
	mu      sync.RWMutex
	entries map[key]*entry
	paths   map[string]fastEntry // by the path of the entry, for entries that have one
	// latest is the entry of each project that got CSS last.
	latest map[cssstore.UUID]*entry
	size   int // in bytes
}

// has reports whether there is an entry.
func (t *tier) has(k key) bool { return t.find(k) != nil }

// find returns an entry, nil if there is none.
func (t *tier) find(k key) *entry {
	t.mu.RLock()
	defer t.mu.RUnlock()
	return t.entries[k]
}

// latestOf returns the latest state of a project, nil if there is no CSS in memory.
func (t *tier) latestOf(project cssstore.UUID) *state {
	t.mu.RLock()
	e := t.latest[project]
	t.mu.RUnlock()
	if e == nil {
		return nil
	}
	if s := e.state.Load(); s.version != nil {
		return s
	}
	return nil
}

// entry returns the entry of a key, a new one if there is none.
func (t *tier) entry(k key, now int64) *entry {
	e := t.find(k)
	if e == nil {
		t.mu.Lock()
		if e = t.entries[k]; e == nil {
			e = &entry{key: k}
			t.entries[k] = e
		}
		t.mu.Unlock()
	}
	if e.used.Load() != now {
		e.used.Store(now)
	}
	return e
}

// change sets the state of an entry, and removes entries that exceed the limit.
func (t *tier) change(e *entry, now *state, keep bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	e.state.Store(now)
	if t.entries[e.key] != e {
		return // removed meanwhile
	}
	t.size -= e.size
	e.size = now.version.bytes()
	t.size += e.size
	if now.version != nil {
		t.latest[e.key.project] = e
	}
	if !keep {
		t.remove(e)
	}
	if t.size <= t.limit {
		return
	}
	all := make([]*entry, 0, len(t.entries))
	for _, e := range t.entries {
		all = append(all, e)
	}
	slices.SortFunc(all, func(a, b *entry) int { return cmp.Compare(a.used.Load(), b.used.Load()) })
	for _, e := range all {
		if t.size <= t.limit*9/10 {
			return
		}
		t.remove(e)
	}
}

// isFull reports whether a further entry may exceed the limit.
func (t *tier) isFull() bool {
	t.mu.RLock()
	defer t.mu.RUnlock()
	return t.size >= t.limit*9/10
}

// remove removes an entry. The mutex must be held.
func (t *tier) remove(e *entry) {
	delete(t.entries, e.key)
	delete(t.paths, e.path)
	if t.latest[e.key.project] == e {
		delete(t.latest, e.key.project)
	}
	t.size -= e.size
}

// keepOnly removes the entries of all other projects.
func (t *tier) keepOnly(known map[cssstore.UUID]cssstore.Hash) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for k, e := range t.entries {
		if _, ok := known[k.project]; !ok {
			t.remove(e)
		}
	}
}
