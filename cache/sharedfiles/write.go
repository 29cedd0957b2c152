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
// there, and reports whether it did. Another process may put a fresh file in its
// place at any moment, and no system call removes a name only while it means a
// certain file. So the name is moved aside and looked at, and a fresh file is
// put back unless there is an even fresher one.
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
	if err := root.Link(aside, rel); err == nil || errors.Is(err, fs.ErrExist) {
		return false, root.Remove(aside)
	}
	return false, root.Rename(aside, rel) // no hard links here
}

// isSame also compares the times: a file system may give a new file the number
// of one that was removed.
func isSame(was, is fs.FileInfo) bool {
	return os.SameFile(was, is) && was.ModTime().Equal(is.ModTime())
}
