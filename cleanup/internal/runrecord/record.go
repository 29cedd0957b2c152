// Package runrecord holds what a Go node writes to the shared cache while it
// cleans: the record by which other Go nodes recognize its run, and mosparo's
// marker by which PHP nodes do.
//
// The record is for the next node that gets the lock after a crash: it has the marker
// and the row of the statistics that the crashed run has left, and how far it came.
package runrecord

import (
	"errors"
	"math"
	"time"

	"github.com/mosparo/go-cluster/cache"
)

// Key holds the record of the run under way. mosparo does not know the key, and
// PHP nodes ignore it.
const Key cache.Key[Record] = "mosparoGoCleanup"

// TTL is the lifetime of a record, and so the maximum time for which one in an unknown
// format keeps Go nodes from cleaning.
const TTL = 24 * time.Hour

// MaxClockSkew is how much the clocks of nodes may differ before a time counts as
// wrong.
const MaxClockSkew = 5 * time.Minute

// Record describes the run of a Go node.
type Record struct {
	// Format is 0. A later version that gives the fields another meaning writes
	// another number.
	Format int `php:"format"`
	// Row is the id of the run in the statistics, 0 before the database has
	// confirmed it.
	Row int64 `php:"row"`
	// Executor is mosparo's number of what started the run.
	Executor int `php:"executor"`
	// Marker is the run's value of mosparo's marker, Previous the one before. One of
	// them is in the cache at whichever point the node crashes.
	Marker   time.Time `php:"marker"`
	Previous time.Time `php:"previous"`
	// Fence is the fencing token of the lease.
	Fence int64  `php:"fence"`
	Host  string `php:"host"`
	PID   int    `php:"pid"`
	// Started is when the run started.
	Started time.Time `php:"started"`
	// Alive is when the lease ends by the clock of its own node. Until then no
	// other node may end the run, even if the lock server has lost the lease. It
	// is zero when the node has abandoned the run.
	Alive time.Time `php:"alive"`
	// Status is mosparo's number: 0 while the run is under way, then that of its row,
	// like the numbers below.
	Status             int   `php:"status"`
	StoredTokens       int   `php:"storedTokens"`
	DeletedTokens      int   `php:"deletedTokens"`
	StoredSubmissions  int   `php:"storedSubmissions"`
	DeletedSubmissions int   `php:"deletedSubmissions"`
	Milliseconds       int64 `php:"milliseconds"`
}

// isKnown reports whether this version wrote the record, or one whose fields have
// the same meaning: every run has a start and a marker.
func (r Record) isKnown() bool {
	return r.Format == 0 && !r.Started.IsZero() && !r.Marker.IsZero()
}

// Owns reports whether the run has written this value of the marker.
func (r Record) Owns(marker time.Time) bool {
	return marker.Equal(r.Marker) || marker.Equal(r.Previous)
}

// AliveUntil returns Alive, or the zero time if that is further ahead than clocks
// may differ: a wrong clock must not stop the cleanup.
func (r Record) AliveUntil() time.Time {
	if r.Alive.After(time.Now().Add(MaxClockSkew)) {
		return time.Time{}
	}
	return r.Alive
}

// Interpret returns the record that was read, nil if there is none. foreign is true if
// there is one in another format: a newer node may clean, so that only this node or the
// lifetime may remove the record.
func Interpret(r cache.Result[Record]) (record *Record, foreign bool) {
	if r.Missing() {
		return nil, false
	}
	if r.Present() && r.Value.isKnown() {
		known := r.Value
		return &known, false
	}
	var broken *cache.DecodeError
	return nil, r.Present() || errors.As(r.Err, &broken)
}

// Fence returns a fencing token that fits into a PHP integer.
func Fence(f uint64) int64 { return int64(f & math.MaxInt64) }
