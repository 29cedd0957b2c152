package cssstore

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

// classified joins the sentinel of package cache that an error of the
// operating system stands for.
func classified(err error) error {
	var sys *fs.PathError
	var link *os.LinkError
	var number syscall.Errno
	var shutOut *sharedfiles.ShutOutError
	if !errors.As(err, &sys) && !errors.As(err, &link) && !errors.As(err, &number) && !errors.As(err, &shutOut) {
		return err
	}
	for _, ours := range []error{context.Canceled, context.DeadlineExceeded} {
		if errors.Is(err, ours) {
			return err
		}
	}
	sentinel := cache.ErrUnavailable
	switch {
	case errors.Is(err, fs.ErrPermission):
		sentinel = cache.ErrUnauthorized
	case errors.Is(err, syscall.EROFS):
		sentinel = cache.ErrReadOnly
	case errors.Is(err, syscall.ENOSPC), isQuota(err):
		sentinel = cache.ErrFull
	}
	return fmt.Errorf("%w: %w", sentinel, err)
}
