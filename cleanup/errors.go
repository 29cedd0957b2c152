package cleanup

import (
	"errors"
	"fmt"
)

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
	// ErrRefused is wrapped by the error of a check that keeps this node from
	// cleaning.
	ErrRefused = errors.New("this node must not clean")
)

// PanicError is a panic of a [Cleaner].
type PanicError struct {
	Value any
	Stack []byte
}

func (e *PanicError) Error() string { return fmt.Sprintf("cleanup: the cleaner panicked: %v", e.Value) }
