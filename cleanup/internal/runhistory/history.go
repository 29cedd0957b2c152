// Package runhistory stores in the shared cache which runs of the cleanup are of Go
// nodes, and of which ones: mosparo's statistics have no column for a node.
package runhistory

import (
	"maps"
	"slices"
	"time"

	"github.com/mosparo/go-cluster/cache"
)

// Key holds the newest notes. mosparo does not know the key, and PHP nodes ignore
// it.
const Key cache.Key[[]Note] = "mosparoGoRuns"

// TTL is the lifetime of the history after the last run of a Go node.
const TTL = 30 * 24 * time.Hour

// length is how many notes are kept.
const length = 50

// Note is the node of one run.
type Note struct {
	// Row is the id of the run.
	Row  int64  `php:"row"`
	Host string `php:"host"`
	PID  int    `php:"pid"`
	// Started is the time of the row, in seconds since 1970: the row itself has no zone.
	// It is 0 if it is not known.
	Started int64 `php:"started"`
}

// History is a set of notes by row. It is complete since the oldest of them: a
// later run without a note is of a PHP node.
type History map[int64]Note

// Of returns the history that consists of the notes.
func Of(notes []Note) History {
	h := History{}
	for _, n := range notes {
		h.Add(n)
	}
	return h
}

// Add adds a note.
func (h History) Add(n Note) { h[n.Row] = n }

// rows returns the rows of the notes, the oldest first.
func (h History) rows() []int64 { return slices.Sorted(maps.Keys(h)) }

// Covers reports whether a run without a note in the row is of a PHP node.
func (h History) Covers(row int64) bool {
	all := h.rows()
	return len(all) > 0 && row >= all[0]
}

// HasLost reports whether a note is missing that this process has written, as after a
// restart of the cache server with an older snapshot of its data.
func (h History) HasLost(written History) bool {
	for row := range written {
		if _, ok := h[row]; !ok && h.Covers(row) {
			return true
		}
	}
	return false
}

// Newest returns the notes to store.
func (h History) Newest() (notes []Note) {
	all := h.rows()
	for _, row := range all[max(0, len(all)-length):] {
		notes = append(notes, h[row])
	}
	return notes
}
