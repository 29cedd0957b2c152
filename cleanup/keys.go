package cleanup

import (
	"time"

	"github.com/mosparo/go-cluster/cache"
)

// mosparo's keys in the shared cache. None has a lifetime; a value that is not
// set is absent or a stored null.
const (
	NextCleanup       cache.Key[time.Time] = "mosparoNextCleanup"
	AdditionalCleanup cache.Key[time.Time] = "mosparoAdditionalCleanup"
	CleanupStartedAt  cache.Key[time.Time] = "mosparoCleanupStartedAt"
)

// RunKey is the key in which a Go node keeps the record of its run, for whoever
// gets the lock after its death. mosparo does not know it. It lives for a day.
const RunKey cache.Key[RunRecord] = "mosparoGoCleanup"

const runKeyTTL = 24 * time.Hour

// RunRecord says which traces belong to the run of a Go node.
type RunRecord struct {
	// Row is the id of its statistic row, 0 before there is one.
	Row int64 `php:"row"`
	// Marker is its value of mosparoCleanupStartedAt, Previous the one
	// before.
	Marker   time.Time `php:"marker"`
	Previous time.Time `php:"previous"`
	// Fence is the fencing token of its lease.
	Fence int64  `php:"fence"`
	Host  string `php:"host"`
	PID   int    `php:"pid"`
	// Started is when the run began.
	Started time.Time `php:"started"`
}

// owns reports whether a marker was written by this run.
func (r RunRecord) owns(marker *time.Time) bool {
	return marker != nil && (marker.Equal(r.Marker) || marker.Equal(r.Previous))
}

// LockName is the name of the lease under which Go nodes clean.
const LockName = "cleanup"
