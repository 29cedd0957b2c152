package filestore

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"syscall"

	"github.com/mosparo/go-cluster/cache"
	"github.com/mosparo/go-cluster/cache/sharedfiles"
)

// classify wraps an error of the operating system with the matching sentinel of package
// cache.
func classify(err error) error {
	var sys *fs.PathError
	var link *os.LinkError
	var number syscall.Errno
	var shutOut *sharedfiles.ShutOutError
	var unsafe *sharedfiles.UnsafeError
	if !errors.As(err, &sys) && !errors.As(err, &link) && !errors.As(err, &number) &&
		!errors.As(err, &shutOut) && !errors.As(err, &unsafe) && !errors.Is(err, sharedfiles.ErrBusy) {
		return err
	}
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) && !errors.Is(err, sharedfiles.ErrBusy) {
		return err
	}
	sentinel := cache.ErrUnavailable
	switch {
	case errors.Is(err, fs.ErrPermission):
		sentinel = cache.ErrUnauthorized
	case sharedfiles.IsReadOnly(err):
		sentinel = cache.ErrReadOnly
	case sharedfiles.IsFull(err):
		sentinel = cache.ErrFull
	}
	return fmt.Errorf("%w: %w", sentinel, err)
}
