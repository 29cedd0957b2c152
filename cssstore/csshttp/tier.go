package csshttp

import (
	"cmp"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/mosparo/go-cluster/cssstore"
)

// key names an entry of the memory tier: in the mode ModeSharedCache a project, in
// the mode ModeFiles a version, or without a hash the newest one.
type key struct {
	project cssstore.UUID
	hash    cssstore.Hash
}

// entry is what is known about a key.
type entry struct {
	key    key
	state  atomic.Pointer[state]
	used   atomic.Int64 // Unix time in seconds
	flight flight
	// path is one under which it was served, size what it takes of the
	// memory, in bytes; the lock of the tier guards both.
	path string
	size int
}

// state is the outcome of the last look into the store. It does not change.
type state struct {
	// version is nil if there is none; with an error it is the last good one.
	version *version
	err     error
	// begun and tried are when the look began and ended.
	begun, tried time.Time
	// asked is when the generator was last asked, made what it made.
	asked time.Time
	made  replacement
}

// replacement is the hash of a design that was prepared for a project whose
// stored hash is out of date.
type replacement struct{ instead, hash cssstore.Hash }

// of is the hash of the current design of a project, as far as it is known.
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
	// replaced is when this hash took the place of another one in memory, zero
	// for the first.
	replaced time.Time
	*content
}

// has reports whether it is that of a hash.
func (v *version) has(hash cssstore.Hash) bool {
	return v != nil && (v.hash == hash || v.alias == hash)
}

// isOther reports whether it is what was prepared instead of a version that is
// not there.
func (v *version) isOther(k key) bool { return v != nil && v.hash != k.hash }

func (v *version) bytes() int {
	if v == nil {
		return 0
	}
	return v.size()
}

// tier is the memory.
type tier struct {
	limit   int
	mu      sync.RWMutex
	entries map[key]*entry
	paths   map[string]fastEntry // those that have one
	// latest are the entries of projects that got CSS last.
	latest map[cssstore.UUID]*entry
	size   int
}

// has reports whether an entry is there.
func (t *tier) has(k key) bool { return t.find(k) != nil }

// find returns an entry, nil if there is none.
func (t *tier) find(k key) *entry {
	t.mu.RLock()
	defer t.mu.RUnlock()
	return t.entries[k]
}

// latestOf is what the memory has of a project, nil if it has no CSS.
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

// entry finds or makes one.
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

// change gives an entry a new state, accounts for it, and makes room.
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

// isFull reports whether one more entry may take the place of another.
func (t *tier) isFull() bool {
	t.mu.RLock()
	defer t.mu.RUnlock()
	return t.size >= t.limit*9/10
}

// remove takes an entry out; the lock is held.
func (t *tier) remove(e *entry) {
	delete(t.entries, e.key)
	delete(t.paths, e.path)
	if t.latest[e.key.project] == e {
		delete(t.latest, e.key.project)
	}
	t.size -= e.size
}

// keepOnly forgets what belongs to other projects.
func (t *tier) keepOnly(known map[cssstore.UUID]cssstore.Hash) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for k, e := range t.entries {
		if _, ok := known[k.project]; !ok {
			t.remove(e)
		}
	}
}
