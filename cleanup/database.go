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

// Checker is an optional interface of a [Database]. A [Scheduler] calls Check when it
// calls the functions of [WithCheck], after those. A Database that wraps another has
// to implement it as well, or the checks of the other are not made.
type Checker interface {
	// Check reports whether this node may clean. It writes nothing, since it is
	// called on nodes that only observe, too. An error that wraps [ErrRefused] says
	// why the node must not clean; any other means that the answer is unknown.
	Check(ctx context.Context, p Policy, s Snapshot) error
}

// DryRunner is an optional interface of a [Database]; see [Scheduler.DryRun].
type DryRunner interface {
	// DryRun reports what a run without limits would delete now. It writes nothing.
	DryRun(ctx context.Context, p Policy) (Report, error)
}
