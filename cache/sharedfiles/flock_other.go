//go:build !(darwin || dragonfly || freebsd || linux || netbsd || openbsd)

package sharedfiles

import (
	"errors"
	"os"
)

func tryFlock(*os.File) error { return errors.ErrUnsupported }
