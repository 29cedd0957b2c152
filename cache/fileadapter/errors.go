package fileadapter

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"syscall"

	"github.com/mosparo/go-cluster/cache"
	"github.com/mosparo/go-cluster/cache/sharedfiles"
)

// classify joins the sentinel of package cache that an error of the
// operating system stands for.
func classify(err error) error {
	var sentinel error
	switch {
	case err == nil, errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded), isOurs(err):
		return err
	case isUnsafe(err):
		return fmt.Errorf("%w: %w; let FILESYSTEM_CACHE_PATH name a directory that only PHP and this program can write", cache.ErrUnavailable, err)
	case errors.Is(err, fs.ErrPermission):
		sentinel = cache.ErrUnauthorized
	case sharedfiles.IsReadOnly(err):
		sentinel = cache.ErrReadOnly
	case sharedfiles.IsFull(err):
		sentinel = cache.ErrFull
	case errors.Is(err, syscall.EFBIG):
		sentinel = cache.ErrTooLarge
	default:
		sentinel = cache.ErrUnavailable
	}
	return fmt.Errorf("%w: %w", sentinel, err)
}

func isUnsafe(err error) bool {
	var unsafe *sharedfiles.UnsafeError
	return errors.As(err, &unsafe)
}

func isOurs(err error) bool {
	for _, s := range []error{cache.ErrClosed, cache.ErrTooLarge, cache.ErrUnauthorized} {
		if errors.Is(err, s) {
			return true
		}
	}
	return false
}

// again repeats what failed because a file on NFS was replaced by another
// machine in between.
func again(do func() error) error {
	var err error
	for range 3 {
		if err = do(); !sharedfiles.IsStale(err) {
			return err
		}
	}
	return err
}
