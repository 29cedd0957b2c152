package cssstore

import (
	"errors"
	"fmt"
)

// Conditions that callers tell apart with [errors.Is]. Every store also returns those
// of package cache: cache.ErrUnavailable, ErrUnauthorized, ErrReadOnly, ErrFull,
// ErrTooLarge, ErrClosed. For operators, "What can go wrong" in
// examples/deploy/README.md says what to do about them.
var (
	// ErrNotFound: the store has no valid CSS of this project.
	ErrNotFound = errors.New("no prepared css")
	// ErrUnsettled: a version is being written, so that bytes and hash may not
	// belong together. It is temporary: try again after [SettleTime].
	ErrUnsettled = errors.New("css is being changed")
	// ErrOverwritten: a concurrent writer kept overwriting the version, and Put gave
	// up. The store has that writer's version, or none until a node prepares it
	// again.
	ErrOverwritten = errors.New("overwritten by another writer")
	// ErrInvalid: the resource has no hash, or a source that is too long.
	ErrInvalid = errors.New("invalid resource")
)

// OpError is the failure of an operation on the CSS of one project. It unwraps to the
// conditions above and to the error of the cache or file system.
type OpError struct {
	// Op is "get", "hash", "put" or "delete".
	Op      string
	Project UUID
	Err     error
}

// Error implements error.
func (e *OpError) Error() string {
	return fmt.Sprintf("cssstore: %s %v: %v", e.Op, e.Project, e.Err)
}

// Unwrap returns Err.
func (e *OpError) Unwrap() error { return e.Err }
