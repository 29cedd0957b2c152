package fileadapter

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"syscall"

	"github.com/mosparo/go-cluster/cache"
	"github.com/mosparo/go-cluster/cache/adapterkit"
	"github.com/mosparo/go-cluster/cache/sharedfiles"
)

// classify joins the sentinel of package cache that an error of the operating
// system stands for.
func classify(err error) error {
	if err == nil || errors.Is(err, context.DeadlineExceeded) { // a file operation has no deadline of its own
		return err
	}
	if isUnsafe(err) {
		return fmt.Errorf("%w: %w; let FILESYSTEM_CACHE_PATH name a directory that only PHP and this program can write", cache.ErrUnavailable, err)
	}
	return adapterkit.Classify(err, sentinel)
}

func sentinel(err error) error {
	switch {
	case errors.Is(err, fs.ErrPermission):
		return cache.ErrUnauthorized
	case sharedfiles.IsReadOnly(err):
		return cache.ErrReadOnly
	case sharedfiles.IsFull(err):
		return cache.ErrFull
	case errors.Is(err, syscall.EFBIG):
		return cache.ErrTooLarge
	}
	return nil
}

func isUnsafe(err error) bool {
	var unsafe *sharedfiles.UnsafeError
	return errors.As(err, &unsafe)
}

// retryReplaced repeats what failed because another process has made the directory
// of the cache at the same moment, in the place of the one that was just made.
func retryReplaced(do func() error) error {
	var err error
	for range 3 {
		if err = do(); !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return err
}

// retryStale repeats what failed because a file on NFS was replaced by another
// machine in between.
func retryStale(do func() error) error {
	var err error
	for range 3 {
		if err = do(); !sharedfiles.IsStale(err) {
			return err
		}
	}
	return err
}
