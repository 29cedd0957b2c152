package cssstore

import (
	"errors"
	"fmt"
)

// Conditions that callers tell apart with [errors.Is]. Others are those of
// package cache, whatever the store: cache.ErrUnavailable, ErrUnauthorized,
// ErrReadOnly, ErrFull, ErrTooLarge, ErrClosed.
var (
	// ErrNotFound: the store has no CSS of this project, or none that can be
	// read.
	ErrNotFound = errors.New("no prepared css")
	// ErrUnsettled: what is stored is being changed, so that bytes and hash
	// cannot be told to belong together. It passes; ask again after
	// [SettleTime].
	ErrUnsettled = errors.New("css is being changed")
	// ErrOverwritten: somebody else stored another version at the same time,
	// and Put gave way. What is stored is theirs or about to be, or nothing.
	ErrOverwritten = errors.New("overwritten by another writer")
	// ErrInvalid: a resource without a hash.
	ErrInvalid = errors.New("invalid resource")
)

// OpError is the failure of one operation on the CSS of a project. It unwraps to the
// sentinels and to the error of what lies below.
type OpError struct {
	// Op is the operation: "get", "hash", "put", "delete", ….
	Op      string
	Project UUID
	Err     error
}

func (e *OpError) Error() string {
	return fmt.Sprintf("cssstore: %s %v: %v", e.Op, e.Project, e.Err)
}

func (e *OpError) Unwrap() error { return e.Err }

// wrap names the operation that failed; nil stays nil.
func wrap(op string, project UUID, err error) error {
	if err == nil {
		return nil
	}
	return &OpError{Op: op, Project: project, Err: err}
}
