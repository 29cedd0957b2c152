package cleanup

import "errors"

var (
	// ErrNoRun is returned by a [Database] for a run that is not there or is not
	// of unknown status any longer.
	ErrNoRun = errors.New("no such run of unknown status")
	// ErrConcurrentRun ends a run during which another node began one: its row
	// appeared in the statistics.
	ErrConcurrentRun = errors.New("another node has begun a cleanup")
	// ErrHung ends a run whose cleaner has not called Between for an hour.
	ErrHung = errors.New("the cleaner hangs")
	// ErrPaused ends a run during which the Go nodes were paused.
	ErrPaused = errors.New("the cleanup was paused")
	// ErrPauseTooLong is wrapped by the error of [PauseAll] for a duration that is
	// not above 0 and at most 24 hours.
	ErrPauseTooLong = errors.New("a pause lasts more than 0 and at most 24 hours")
	// ErrRefused is wrapped by the error of a check that keeps this node from
	// cleaning.
	ErrRefused = errors.New("this node must not clean")
)
