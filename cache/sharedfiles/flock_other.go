//go:build !(darwin || dragonfly || freebsd || linux || netbsd || openbsd)

package sharedfiles

import (
	"errors"
	"os"
)

// HasFlock reports whether this system has locks between processes.
const HasFlock = false

// TryFlock returns [errors.ErrUnsupported].
func TryFlock(*os.File) error { return errors.ErrUnsupported }
