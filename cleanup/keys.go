package cleanup

import (
	"math"
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

// Keys of Go nodes, which mosparo does not know and PHP nodes ignore.
const (
	// RunKey holds the record of the run of a Go node, for whoever gets the
	// lock after its death. It lives for a day.
	RunKey cache.Key[RunRecord] = "mosparoGoCleanup"
	// HistoryKey holds which statistic rows Go nodes wrote, by row. It lives for
	// 30 days.
	HistoryKey cache.Key[[]Note] = "mosparoGoRuns"
	// PauseKey holds until when Go nodes do not clean. It lives until then.
	PauseKey cache.Key[Pause] = "mosparoGoPause"
)

const (
	runKeyTTL     = 24 * time.Hour
	historyKeyTTL = 30 * 24 * time.Hour
	// historyLength is how many notes are kept.
	historyLength = 50
)

// RunRecord says which traces belong to the run of a Go node, and how far it
// has come. A record of a format that a node does not know keeps it from
// cleaning until the record is gone: a newer node may be at work.
type RunRecord struct {
	// Format is 0. A later version that gives the fields another meaning writes
	// another number.
	Format int `php:"format"`
	// Row is the id of its statistic row, 0 before there surely is one.
	Row int64 `php:"row"`
	// Executor is who started it.
	Executor Executor `php:"executor"`
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
	// Alive is until when the run may still go on unless its node says more: the
	// end of its lease by the node's own clock. Before that nobody ends the
	// run for it, also if the lock server has lost the lease. Zero: the node has
	// given the run up, and whoever comes may end it.
	Alive time.Time `php:"alive"`
	// Status is [StatusUnknown] while the run works; then what its row gets, with
	// the numbers below.
	Status             Status `php:"status"`
	StoredTokens       int    `php:"storedTokens"`
	DeletedTokens      int    `php:"deletedTokens"`
	StoredSubmissions  int    `php:"storedSubmissions"`
	DeletedSubmissions int    `php:"deletedSubmissions"`
	// Milliseconds is how long it worked.
	Milliseconds int64 `php:"milliseconds"`
}

// known reports whether this version wrote the record, or one that means the
// same by it: every run has a start and a marker.
func (r RunRecord) known() bool {
	return r.Format == 0 && !r.Started.IsZero() && !r.Marker.IsZero()
}

// owns reports whether a marker was written by this run.
func (r RunRecord) owns(marker *time.Time) bool {
	return marker != nil && (marker.Equal(r.Marker) || marker.Equal(r.Previous))
}

// end is the row as the run leaves it: incomplete if it did not come to its end.
// The record may come from the cache, whoever wrote it there: PHP maps the
// status to an enum, and could not read the table any longer with another number.
func (r RunRecord) end() Row {
	row := Row{
		ID: r.Row, Time: r.Started, Executor: r.Executor, Status: StatusIncomplete,
		StoredTokens: max(r.StoredTokens, 0), DeletedTokens: max(r.DeletedTokens, 0),
		StoredSubmissions: max(r.StoredSubmissions, 0), DeletedSubmissions: max(r.DeletedSubmissions, 0),
		Duration: time.Duration(max(r.Milliseconds, 0)) * time.Millisecond,
	}
	if r.Status == StatusComplete {
		row.Status = StatusComplete
	}
	return row
}

// note puts the outcome of a run into the record.
func (r *RunRecord) note(status Status, rep Report, took time.Duration) {
	r.Status = status
	r.StoredTokens, r.DeletedTokens = rep.StoredTokens, rep.DeletedTokens
	r.StoredSubmissions, r.DeletedSubmissions = rep.StoredSubmissions, rep.DeletedSubmissions
	r.Milliseconds = took.Milliseconds()
}

// LockName is the name of the lock under which Go nodes clean. Names that begin
// with "mosparo/" are the library's own, so that no lock of an operator can have
// it by accident.
const LockName = "mosparo/cleanup"

// fenceOf fits a fence into a PHP int.
func fenceOf(f uint64) int64 { return int64(f & math.MaxInt64) }
