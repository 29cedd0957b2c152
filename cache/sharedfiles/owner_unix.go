//go:build unix

package sharedfiles

import (
	"io/fs"
	"syscall"
)

// Owner is the user and the group of a file, where the system knows such.
func Owner(fi fs.FileInfo) (uid, gid int, known bool) {
	if st, ok := fi.Sys().(*syscall.Stat_t); ok {
		return int(st.Uid), int(st.Gid), true
	}
	return 0, 0, false
}
