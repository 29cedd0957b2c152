package cssstore

import (
	"errors"
	"fmt"
)

// Conditions that callers tell apart with [errors.Is]. Others are those of
// package cache, in every store: cache.ErrUnavailable, ErrUnauthorized,
// ErrReadOnly, ErrFull, ErrTooLarge, ErrClosed.
var (
	// ErrNotFound: the store has no CSS of this project, or none that can be
	// read.
	ErrNotFound = errors.New("no prepared css")
	// ErrUnsettled: bytes or hash are being changed, and cannot be told to belong
	// together. It passes; ask again after [SettleTime].
	ErrUnsettled = errors.New("css is being changed")
	// ErrOverwritten: another writer stored another version at the same time,
	// and Put gave way. The store has that version or will have it, or nothing.
	ErrOverwritten = errors.New("overwritten by another writer")
	// ErrInvalid: a resource without a hash, or with a source that is too long.
	ErrInvalid = errors.New("invalid resource")
)

// OpError is the failure of one operation on the CSS of a project. It unwraps to
// the sentinels and to the error of the cache or file system.
type OpError struct {
	// Op is the operation: "get", "hash", "put", "delete", ….
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
