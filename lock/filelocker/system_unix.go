//go:build darwin || dragonfly || freebsd || linux || netbsd || openbsd

package filelocker

import (
	"errors"
	"os"
	"syscall"
)

const supported = true

// nonblock keeps an open from hanging on a pipe.
const nonblock = syscall.O_NONBLOCK

// tryFlock takes the file for this open file alone, or fails immediately; the end
// of the process or of f gives it back.
func tryFlock(f *os.File) error {
	for {
		err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		if !errors.Is(err, syscall.EINTR) {
			return err
		}
	}
}

func hasNoLinks(err error) bool {
	return errors.Is(err, syscall.EPERM) || errors.Is(err, syscall.ENOTSUP) || errors.Is(err, syscall.ENOSYS)
}
