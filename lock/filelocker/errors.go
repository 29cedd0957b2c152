package filelocker

import (
	"context"
	"errors"
	"fmt"
	"io/fs"

	"github.com/mosparo/go-cluster/cache/sharedfiles"
	"github.com/mosparo/go-cluster/lock"
)

// answers are what is no failure of the directory.
var answers = []error{lock.ErrHeld, lock.ErrLost, lock.ErrNotHeld, lock.ErrUnavailable, context.Canceled}

// classify gives an error of the operating system the names of package lock.
func (b *Backend) classify(err error) error {
	var option *lock.ArgumentError
	if err == nil || errors.As(err, &option) {
		return err
	}
	for _, a := range answers {
		if errors.Is(err, a) {
			return err
		}
	}
	var unsafe *sharedfiles.UnsafeError
	if errors.As(err, &unsafe) {
		return fmt.Errorf("%w: locks in %s: %w; let FILESYSTEM_CACHE_PATH name a directory that only PHP and this program can write", lock.ErrUnavailable, b.dir, err)
	}
	if errors.Is(err, fs.ErrPermission) {
		return fmt.Errorf("%w: %w: locks in %s: %w", lock.ErrUnavailable, lock.ErrUnauthorized, b.dir, err)
	}
	return fmt.Errorf("%w: locks in %s: %w", lock.ErrUnavailable, b.dir, err)
}
