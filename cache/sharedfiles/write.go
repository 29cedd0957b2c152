package sharedfiles

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"time"
)

// WriteTemporary makes a file with a [TemporaryName] in root, ready to be moved
// into the directory in, which is below root: complete, closed, and with rights
// and modification time as it has to have them there. If that fails, nothing
// is left of it.
func (f Folder) WriteTemporary(root *os.Root, in string, modified time.Time, write func(*os.File) error) (string, error) {
	dir, err := root.Stat(in)
	if err != nil {
		return "", err
	}
	// Before anything is written: a disk may be full of what cannot be used.
	path := filepath.Join(f.Path, filepath.FromSlash(in))
	want, err := f.rightsIn(dir, path, false)
	if err != nil {
		return "", err
	}
	name := TemporaryName(time.Now())
	file, err := root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return "", err
	}
	err = write(file)
	if err == nil {
		err = want.apply(file)
	}
	// A full disk or quota may show here only.
	if closeErr := file.Close(); err == nil {
		err = closeErr
	}
	if err == nil {
		err = root.Chtimes(name, modified, modified)
	}
	if err != nil {
		_ = root.Remove(name)
		return "", err
	}
	return name, nil
}

// RemoveSame removes rel below root if it still is the file that was found
// there, and reports whether it did. Another process may put a new file in its
// place at any moment, and no system call removes a name only while it means a
// certain file. So the file is renamed and compared, and a new one is put back
// unless there is an even newer one. On a file system without hard links an even
// newer file that appears in the very moment of putting back is lost.
func RemoveSame(root *os.Root, rel string, was fs.FileInfo) (bool, error) {
	if is, err := root.Lstat(rel); err != nil || !isSame(was, is) {
		return false, err
	}
	aside := TemporaryName(time.Now())
	if err := root.Rename(rel, aside); err != nil {
		return false, err
	}
	is, err := root.Lstat(aside)
	if err != nil {
		return false, err
	}
	if isSame(was, is) {
		return true, root.Remove(aside)
	}
	return false, putBack(root, root.Link, aside, rel)
}

// putBack gives a file its name back unless that has been taken meanwhile.
func putBack(root *os.Root, link func(oldname, newname string) error, aside, rel string) error {
	err := link(aside, rel)
	if err != nil && !errors.Is(err, fs.ErrExist) { // no hard links here
		if _, err := root.Lstat(rel); errors.Is(err, fs.ErrNotExist) {
			return root.Rename(aside, rel)
		}
	}
	return root.Remove(aside)
}

// isSame also compares the times: a file system may give a new file the number
// of one that was removed.
func isSame(was, is fs.FileInfo) bool {
	return os.SameFile(was, is) && was.ModTime().Equal(is.ModTime())
}
