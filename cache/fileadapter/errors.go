package fileadapter

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"syscall"

	"github.com/mosparo/go-cluster/cache"
)

// ShutOutError says that what this process makes in the directory could not be used by
// its owner, presumably PHP. It unwraps to [cache.ErrUnauthorized]. Remedies:
// run as the owner of the directory, or make it writable for a common group
// (chmod g+ws).
type ShutOutError struct {
	// Path is the directory that was to be written in.
	Path string
	// UID is its owner.
	UID int
}

func (e *ShutOutError) Error() string {
	return fmt.Sprintf("%v: files made in %s could not be used by its owner, uid %d", cache.ErrUnauthorized, e.Path, e.UID)
}

func (e *ShutOutError) Unwrap() error { return cache.ErrUnauthorized }

// classified joins the sentinel of package cache that an error of the
// operating system stands for.
func classified(err error) error {
	var sentinel error
	switch {
	case err == nil, errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded), isOurs(err):
		return err
	case errors.Is(err, fs.ErrPermission):
		sentinel = cache.ErrUnauthorized
	case errors.Is(err, syscall.EROFS):
		sentinel = cache.ErrReadOnly
	case errors.Is(err, syscall.ENOSPC), isQuota(err):
		sentinel = cache.ErrFull
	case errors.Is(err, syscall.EFBIG):
		sentinel = cache.ErrTooLarge
	default:
		sentinel = cache.ErrUnavailable
	}
	return fmt.Errorf("%w: %w", sentinel, err)
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
		if err = do(); !isStale(err) {
			return err
		}
	}
	return err
}
