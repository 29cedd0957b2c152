//go:build unix

package sharedfiles

import (
	"errors"
	"io/fs"
	"syscall"
)

const hasOwners = true

// NonBlock is a flag for opening a file that keeps the call from waiting for the
// other end of a pipe.
const NonBlock = syscall.O_NONBLOCK

func ownerOf(fi fs.FileInfo) (user, bool) {
	if st, ok := fi.Sys().(*syscall.Stat_t); ok {
		return user{int(st.Uid), int(st.Gid)}, true
	}
	return user{}, false
}

// IsFull reports whether an error says that the disk, or the quota, is full.
func IsFull(err error) bool {
	return errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT)
}

// IsReadOnly reports whether an error says that the file system takes no
// writes.
func IsReadOnly(err error) bool { return errors.Is(err, syscall.EROFS) }

// IsStale reports whether an error says that another machine removed or
// replaced a file on NFS meanwhile: the operation can be repeated.
func IsStale(err error) bool { return errors.Is(err, syscall.ESTALE) }

// IsBusy reports whether an error says that another process has the flock.
func IsBusy(err error) bool { return errors.Is(err, syscall.EWOULDBLOCK) }

// HasNoLinks reports whether an error of a hard link says that the file system
// has none.
func HasNoLinks(err error) bool {
	return errors.Is(err, syscall.EPERM) || errors.Is(err, syscall.ENOTSUP) || errors.Is(err, syscall.ENOSYS)
}
