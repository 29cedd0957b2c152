package sharedfiles

import (
	"fmt"
	"io/fs"
	"os"
)

// rights are what a new file or directory has to get.
type rights struct {
	user
	mode fs.FileMode
	// in is the path of the directory that it is made in.
	in string
}

// rightsIn returns the rights of what is made in a directory.
func (f Folder) rightsIn(dir fs.FileInfo, path string, isDir bool) (rights, error) {
	mode, open := dir.Mode()&(fs.ModePerm|fs.ModeSetgid), fs.FileMode(0o755)
	if !isDir {
		mode, open = dir.Mode().Perm()&0o666, 0o644
	}
	owner, _ := ownerOf(dir)
	if !IsOpen(dir) {
		return rights{owner, mode, path}, nil
	}
	php, known := f.phpUser(dir)
	me := os.Geteuid()
	switch {
	case !known:
		return rights{}, &UnsafeError{path, fmt.Sprintf("is open to every user (mode %v), and PHP's user is not known", dir.Mode())}
	case me != 0 && me != php.uid:
		return rights{}, &UnsafeError{path, fmt.Sprintf("is open to every user (mode %v): only PHP's user, uid %d, and root may make files there, not uid %d", dir.Mode(), php.uid, me)}
	}
	return rights{php, open, path}, nil
}

// HandOver gives a new file, made in dir, whose path is in, the rights that it
// has to have there. It is an [*UnsafeError] or a [*ShutOutError] where that is
// not possible.
func (f Folder) HandOver(file *os.File, dir fs.FileInfo, in string) error {
	want, err := f.rightsIn(dir, in, false)
	if err != nil {
		return err
	}
	return want.apply(file)
}

// apply gives a file or directory these rights, and fails with
// [*ShutOutError] if the owner could not use it then. A group that is not the one
// of the rights, where that cannot be set, gets no right to write.
func (r rights) apply(f *os.File) error {
	fi, err := f.Stat()
	if err != nil {
		return err
	}
	is, known := ownerOf(fi)
	if known && is != r.user {
		if os.Geteuid() == 0 {
			if err := f.Chown(r.uid, r.gid); err != nil {
				return err
			}
			is = r.user
		} else if is.gid != r.gid && f.Chown(-1, r.gid) == nil {
			is.gid = r.gid
		}
	}
	// A change of the owner may have taken bits away.
	if fi, err = f.Stat(); err != nil {
		return err
	}
	mode := r.mode
	if known && is.gid != r.gid {
		mode &^= 0o020
	}
	if fi.Mode()&(fs.ModePerm|fs.ModeSetgid) != mode {
		if err := f.Chmod(mode); err != nil {
			return err
		}
	}
	if known && is.uid != r.uid && !usableByOthers(mode, fi.IsDir(), is.gid == r.gid) {
		return &ShutOutError{Path: r.in, UID: r.uid}
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
