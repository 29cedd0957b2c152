//go:build darwin || dragonfly || freebsd || linux || netbsd || openbsd

package sharedfiles

import (
	"errors"
	"fmt"
	"os"
	"syscall"
)

// tryFlock takes the lock of an open file, or fails at once.
func tryFlock(f *os.File) error {
	for {
		err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		switch {
		case errors.Is(err, syscall.EINTR):
		case errors.Is(err, syscall.ENOLCK), errors.Is(err, syscall.ENOSYS), errors.Is(err, syscall.ENOTSUP):
			return fmt.Errorf("%w: %w", errors.ErrUnsupported, err)
		default:
			return err
		}
	}
}
