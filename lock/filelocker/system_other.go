//go:build !(darwin || dragonfly || freebsd || linux || netbsd || openbsd)

package filelocker

import (
	"errors"
	"os"
)

const supported = false

const nonblock = 0

func tryFlock(*os.File) error { return errors.ErrUnsupported }
func isBusy(error) bool       { return false }
func isStale(error) bool      { return false }
func hasNoLinks(error) bool   { return false }
