//go:build unix

package cssstore

import (
	"errors"
	"io/fs"
	"syscall"
)

func isQuota(err error) bool { return errors.Is(err, syscall.EDQUOT) }
func isStale(err error) bool { return errors.Is(err, syscall.ESTALE) }

// owner is the user and the group of a file.
func owner(fi fs.FileInfo) (uid, gid int, known bool) {
	if st, ok := fi.Sys().(*syscall.Stat_t); ok {
		return int(st.Uid), int(st.Gid), true
	}
	return 0, 0, false
}
