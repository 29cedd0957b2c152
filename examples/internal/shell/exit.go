package shell

import (
	"errors"

	"github.com/mosparo/go-cluster/cleanup"
)

// Exit codes of a program that runs the cleanup once. Those from 64 on are of
// sysexits.h.
const (
	CleanupRan         = 0  // it ran, to its end or its limits, or is not due
	CleanupFailed      = 1  // it ended with an error
	CleanupUnavailable = 69 // cache, lock server or database cannot be asked
	CleanupHeld        = 75 // another node cleans, or the Go nodes are paused
	CleanupRefused     = 77 // this node must not clean
)

// CleanupExitHelp says them to the user of a program.
const CleanupExitHelp = `Exit code: 0 it ran to its end or to its limits, or is not due; 1 it ended with
an error; 2 wrong command line; 69 cache, lock server or database cannot be
asked; 75 another node cleans or the Go nodes are paused; 77 this node must not
clean.
`

// CleanupCode is the exit code for an attempt and its error.
func CleanupCode(a cleanup.Attempt, err error) int {
	switch {
	case a.Result == cleanup.ResultRefused, errors.Is(err, cleanup.ErrRefused):
		return CleanupRefused
	case a.Result == cleanup.ResultUnavailable:
		return CleanupUnavailable
	}
	if err != nil {
		return CleanupFailed
	}
	switch a.Result {
	case cleanup.ResultPaused, cleanup.ResultAlreadyRunning, cleanup.ResultRunPending, cleanup.ResultJustExecuted:
		return CleanupHeld
	}
	if a.Stopped != nil { // by a pause or another node
		return CleanupHeld
	}
	return CleanupRan
}
