package shell

import (
	"errors"

	"github.com/mosparo/go-cluster/cleanup"
)

// Exit codes of a program that runs the cleanup once. Those above 64 are from sysexits.h.
const (
	CleanupRan         = 0  // the cleanup ran to its end or limits, or is not due
	CleanupFailed      = 1  // the cleanup failed
	CleanupUnavailable = 69 // cache, lock server or database is unavailable
	CleanupHeld        = 75 // another node cleans, or the Go nodes are paused
	CleanupRefused     = 77 // a check forbids this node to clean
)

// CleanupExitHelp is the help text about the exit codes.
const CleanupExitHelp = `Exit code: 0 the cleanup ran to its end or to its limits, or is not due; 1 it
failed; 2 wrong command line; 69 cache, lock server or database is unavailable;
75 another node cleans or the Go nodes are paused; 77 a check forbids this node
to clean.
`

// CleanupCode returns the exit code for an attempt and its error.
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
