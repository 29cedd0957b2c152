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
// file system without locks the error unwraps to [errors.ErrUnsupported]; on one
// that has none left, or whose lock service does not answer (ENOLCK), it does not.
func TryFlock(f *os.File) error {
	for {
		err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		if !errors.Is(err, syscall.EINTR) {
			return classifyFlock(err)
		}
	}
}

func classifyFlock(err error) error {
	for _, none := range []error{syscall.ENOSYS, syscall.ENOTSUP, syscall.EOPNOTSUPP} {
		if errors.Is(err, none) {
			return fmt.Errorf("%w: %w", errors.ErrUnsupported, err)
		}
	}
	return err
}
