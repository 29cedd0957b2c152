package filelocker

import (
	"context"
	"errors"
	"fmt"
	"io/fs"

	"github.com/mosparo/go-cluster/lock"
)

// answers are what is no failure of the directory.
var answers = []error{lock.ErrHeld, lock.ErrLost, lock.ErrNotHeld, lock.ErrUnavailable, context.Canceled}

// classified gives an error of the operating system the names of package lock.
func (b *Backend) classified(err error) error {
	var option *lock.OptionError
	if err == nil || errors.As(err, &option) {
		return err
	}
	for _, a := range answers {
		if errors.Is(err, a) {
			return err
		}
	}
	if errors.Is(err, fs.ErrPermission) {
		return fmt.Errorf("%w: %w: locks in %s: %w", lock.ErrUnavailable, lock.ErrUnauthorized, b.dir, err)
	}
	return fmt.Errorf("%w: locks in %s: %w", lock.ErrUnavailable, b.dir, err)
}
