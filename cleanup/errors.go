package cleanup

import (
	"errors"
	"fmt"
)

var (
	// ErrNoRow is returned by [Statistics] for a row that is not there or is
	// not of unknown status any longer.
	ErrNoRow = errors.New("no such statistic row of unknown status")
	// ErrStranger ends a run during which another node began one: its
	// statistic row appeared.
	ErrStranger = errors.New("another node has begun a cleanup")
	// ErrHung ends a run whose cleaner has let [MaxRound] pass.
	ErrHung = errors.New("the cleaner hangs")
	// ErrPaused ends a run during which the Go nodes were paused.
	ErrPaused = errors.New("the cleanup was paused")
	// ErrRefused is wrapped by the error of a [Check] that keeps this node from
	// cleaning.
	ErrRefused = errors.New("this node must not clean")
)

// PanicError is a panic of the [Cleaner].
type PanicError struct {
	Value any
	Stack []byte
}

func (e *PanicError) Error() string { return fmt.Sprintf("cleanup: the cleaner panicked: %v", e.Value) }
