//go:build darwin || dragonfly || freebsd || linux || netbsd || openbsd

package sharedfiles

import (
	"errors"
	"fmt"
	"os"
	"syscall"
)

// HasFlock reports whether this system has locks between processes.
const HasFlock = true

// TryFlock takes the flock of an open file for this file alone, or fails
// immediately; see [IsBusy]. Close, or the end of the process, gives it back. On a
// file system without locks the error unwraps to [errors.ErrUnsupported].
func TryFlock(f *os.File) error {
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
