package sharedfiles

import (
	"io/fs"
	"os"
	"path/filepath"
)

// user is the owner and the group of a file.
type user struct{ uid, gid int }

// phpUser returns PHP's user for what is made in an open directory.
func (f Folder) phpUser(dir fs.FileInfo) (user, bool) {
	if u, ok := f.mosparoUser(); ok {
		return u, true
	}
	u, known := ownerOf(dir)
	return u, known && u.uid != 0
}

// mosparoUser returns the owner of mosparo's directory. Where root owns the
// code, PHP still has to write in var.
func (f Folder) mosparoUser() (user, bool) {
	if f.OwnerOf == "" {
		return user{}, false
	}
	u, ok := ownerOfPath(f.OwnerOf)
	if !ok || u.uid != 0 {
		return u, ok
	}
	if v, ok := ownerOfPath(filepath.Join(f.OwnerOf, "var")); ok {
		return v, true
	}
	return u, true
}

func ownerOfPath(path string) (user, bool) {
	fi, err := os.Stat(path)
	if err != nil {
		return user{}, false
	}
	return ownerOf(fi)
}

// Owner returns the user and the group of a file, if the system knows such.
func Owner(fi fs.FileInfo) (uid, gid int, known bool) {
	u, known := ownerOf(fi)
	return u.uid, u.gid, known
}

// IsOpen reports whether a directory passes no rights on: it is sticky, or any
// user may write in it.
func IsOpen(dir fs.FileInfo) bool {
	_, known := ownerOf(dir)
	return known && (dir.Mode()&fs.ModeSticky != 0 || dir.Mode().Perm()&0o002 != 0)
}
