// Package operr wraps the errors of stores.
package operr

import (
	"fmt"

	"github.com/mosparo/go-cluster/cssstore"
)

// Wrap returns a [*cssstore.OpError] for the failure of an operation on one
// project; nil stays nil.
func Wrap(op string, project cssstore.UUID, err error) error {
	if err == nil {
		return nil
	}
	return &cssstore.OpError{Op: op, Project: project, Err: err}
}

// WrapAll adds the name of an operation on all projects to its error; nil stays nil.
func WrapAll(op string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("cssstore: %s: %w", op, err)
}
