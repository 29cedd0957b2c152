package sharedfiles

import (
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
)

// ShutOutError says that what this process makes in a directory could not be
// used by its owner, presumably PHP. It unwraps to [fs.ErrPermission].
// Remedies: run as the owner of the directory, or make it writable for a common
// group (chmod g+ws).
type ShutOutError struct {
	// Path is the directory that was to be written in.
	Path string
	// UID is its owner.
	UID int
}

func (e *ShutOutError) Error() string {
	return fmt.Sprintf("files made in %s could not be used by its owner, uid %d", e.Path, e.UID)
}

func (e *ShutOutError) Unwrap() error { return fs.ErrPermission }

// HandOver gives a new file or directory the mode, and as far as we may the
// owner and group, of the directory that it belongs to, and fails with
// [*ShutOutError] if the owner of that directory could not use it then. name is that of f below
// root.
func HandOver(root *os.Root, f *os.File, name string, dir fs.FileInfo, mode fs.FileMode) error {
	fi, err := f.Stat()
	if err != nil {
		return err
	}
	uid, gid, known := Owner(fi)
	dirUID, dirGID, _ := Owner(dir)
	if known && (uid != dirUID || gid != dirGID) {
		if os.Geteuid() == 0 {
			if err := f.Chown(dirUID, dirGID); err != nil {
				return err
			}
			uid, gid = dirUID, dirGID
		} else if gid != dirGID && f.Chown(-1, dirGID) == nil {
			gid = dirGID
		}
	}
	if fi.Mode()&(fs.ModePerm|fs.ModeSetgid) != mode {
		if err := f.Chmod(mode); err != nil {
			return err
		}
	}
	if known && uid != dirUID && !usableByOthers(mode, fi.IsDir(), gid == dirGID) {
		return &ShutOutError{Path: filepath.Join(root.Name(), path.Dir(name)), UID: dirUID}
	}
	return nil
}

// usableByOthers reports whether the owner of the surrounding directory, who
// is taken for a member of its group, can read a file or write a directory of
// ours.
func usableByOthers(mode fs.FileMode, isDir, sameGroup bool) bool {
	need := fs.FileMode(0o004)
	if isDir {
		need = 0o003
	}
	return mode&need == need || sameGroup && mode&(need<<3) == need<<3
}
