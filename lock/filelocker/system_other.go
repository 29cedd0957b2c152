//go:build !(darwin || dragonfly || freebsd || linux || netbsd || openbsd)

package filelocker

import (
	"errors"
	"os"
)

const supported = false

const nonblock = 0

func tryFlock(*os.File) error { return errors.ErrUnsupported }
func hasNoLinks(error) bool   { return false }
