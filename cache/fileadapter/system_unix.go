//go:build unix

package fileadapter

import (
	"errors"
	"os"
	"syscall"
)

// readFlags keep a reader from following a link out of the cache and from
// hanging on a pipe.
const readFlags = os.O_RDONLY | syscall.O_NOFOLLOW | syscall.O_NONBLOCK

func isLink(err error) bool         { return errors.Is(err, syscall.ELOOP) || errors.Is(err, syscall.EMLINK) }
func isNotDirectory(err error) bool { return errors.Is(err, syscall.ENOTDIR) }
