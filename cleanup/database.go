package cleanup

import (
	"context"
	"time"
)

// Database is mosparo's database: its cleanup statistics, which every node writes
// and which keep nodes from cleaning at the same time, and the cleaning itself.
// Package sqlcleaner has the one for mosparo's tables, package cleanuptest a fake
// and a conformance suite. An implementation is safe for concurrent use. It may
// implement [Checker] and [DryRunner] as well.
//
// All times of runs have whole seconds.
type Database interface {
	// Clean deletes expired data until nothing is left to delete or a limit is
	// reached. A [Scheduler] calls it under the lock, at most one call at a time
	// in a cluster of Go nodes. It stops between two statements when ctx ends,
	// and leaves the data consistent whenever it stops. The report is valid as
	// far as the run came, also with an error.
	Clean(ctx context.Context, j Job) (Report, error)

	// Recent returns the newest runs by time, newest first, at most n. It reads
	// from the primary, outside of any transaction.
	Recent(ctx context.Context, n int) ([]Run, error)
	// Begin inserts a run of unknown status with zero counts, and commits.
	Begin(ctx context.Context, at time.Time, by Executor) (id int64, err error)
	// Touch sets the time of a run of unknown status; for any other it does
	// nothing.
	Touch(ctx context.Context, id int64, at time.Time) error
	// Finish sets everything but the executor of a run of unknown status, and
	// returns an error that wraps [ErrNoRun] if there is none.
	Finish(ctx context.Context, r Run) error
	// Withdraw deletes a run of unknown status; for any other it does nothing.
	Withdraw(ctx context.Context, id int64) error
}

// Checker is an optional interface of a [Database]. A [Scheduler] calls Check as
// it calls the functions of [WithCheck], and after those. A Database that wraps
// another has to implement it as well, or the checks of the other are not asked.
type Checker interface {
	// Check reports whether this node may clean. It changes nothing. An error
	// that wraps [ErrRefused] says why it may not; any other means that the
	// answer is unknown.
	Check(ctx context.Context, p Policy, s Snapshot) error
}

// DryRunner is an optional interface of a [Database]; see [Scheduler.DryRun].
type DryRunner interface {
	// DryRun reports what a run without limits would delete now. It changes
	// nothing.
	DryRun(ctx context.Context, p Policy) (Report, error)
}

// Job is the work of one run.
type Job struct {
	// Policy says what has expired. It is valid; see [Policy.Validate].
	Policy Policy
	Limits Limits
}

// Limits of one run. The zero value has none.
type Limits struct {
	// Rounds is the number of rounds, negative for none at all, 0 for no
	// limit. mosparo's frontend does 10.
	Rounds int
	// Rows is how many submissions a round deletes at most; 0 is mosparo's 2500.
	Rows int
	// Time ends the run after the round in which it has passed; 0 is no limit.
	// mosparo's frontend has 1.5 s.
	Time time.Duration
	// Between, if not nil, is called before every round, one call at a time and
	// at least once an hour; an error ends the run, and Clean returns it. A
	// cleaner that lets an hour pass counts as hung: its context ends, and other
	// nodes no longer wait for its run.
	Between func(ctx context.Context) error
}

// maxRound is the longest time from one Between to the next.
const maxRound = time.Hour

// Report is what a run did.
type Report struct {
	// Finished is true if nothing was left to delete.
	Finished bool
	// DeletedTokens and DeletedSubmissions are the numbers that mosparo shows.
	DeletedTokens, DeletedSubmissions int
	// StoredTokens and StoredSubmissions are what remains.
	StoredTokens, StoredSubmissions int
	// Rows are all deleted rows, by table.
	Rows map[string]int
}

// Run is one run of the cleanup on any node, under way or over, as its row of
// mosparo's table cleanup_statistic describes it.
type Run struct {
	// ID is that of the row, 0 before there is one.
	ID int64
	// Time is when the run started, in whole seconds. Of a run under way, the
	// table has the time of its last heartbeat instead.
	Time     time.Time
	Executor Executor
	Status   Status

	StoredTokens, DeletedTokens           int
	StoredSubmissions, DeletedSubmissions int
	// Duration is how long it took, 0 while it is under way.
	Duration time.Duration

	// Host and PID are those of the Go node. They are empty for a PHP node,
	// which does not say where it runs, and in what a [Database] returns.
	Host string
	PID  int
	// NodeUnknown is true if the shared cache has no record of that time, so
	// that the run may be of a Go or a PHP node.
	NodeUnknown bool
}

// IsGo reports whether the run is known to be of a Go node.
func (r Run) IsGo() bool { return r.Host != "" }
