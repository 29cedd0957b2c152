package cleanup

import "errors"

// Why a run ends early, or does not begin. For operators, "What can go wrong" in
// examples/deploy/README.md says what to do.
var (
	// ErrNoRun is returned by a [Database] for a run that does not exist or whose
	// status is no longer unknown.
	ErrNoRun = errors.New("no such run of unknown status")
	// ErrConcurrentRun ends a run when the row of another node's appears in the
	// statistics.
	ErrConcurrentRun = errors.New("another node has begun a cleanup")
	// ErrHung ends a run whose cleaner has not called [Limits].Between for an hour.
	ErrHung = errors.New("the cleaner hangs")
	// ErrPaused ends a run when the Go nodes are paused; see [PauseAll].
	ErrPaused = errors.New("the cleanup was paused")
	// ErrPauseTooLong is wrapped by the error of [PauseAll] for a duration that is
	// not above 0 and at most 24 hours.
	ErrPauseTooLong = errors.New("a pause lasts more than 0 and at most 24 hours")
	// ErrRefused is wrapped by the error of a check if this node must not clean.
	ErrRefused = errors.New("this node must not clean")
)
