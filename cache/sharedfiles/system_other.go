//go:build !unix

package sharedfiles

import (
	"errors"
	"io/fs"
	"syscall"
)

const hasOwners = false

// NonBlock is a flag for opening a file that keeps the call from waiting for the
// other end of a pipe.
const NonBlock = 0

func ownerOf(fs.FileInfo) (user, bool) { return user{}, false }

// IsFull reports whether an error says that the disk, or the quota, is full.
func IsFull(err error) bool { return errors.Is(err, syscall.ENOSPC) }

// IsReadOnly reports whether an error says that the file system takes no
// writes.
func IsReadOnly(err error) bool { return errors.Is(err, syscall.EROFS) }

// IsStale reports whether an error says that another machine removed or
// replaced a file on NFS meanwhile: the operation can be repeated.
func IsStale(error) bool { return false }

// IsBusy reports whether an error says that another process has the flock.
func IsBusy(error) bool { return false }

// HasNoLinks reports whether an error of a hard link says that the file system
// has none.
func HasNoLinks(error) bool { return false }
