package sharedfiles

import (
	"errors"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
	"time"
)

// Folder is a directory that PHP and Go processes share. Its methods are safe
// for concurrent use by goroutines and processes, and keep nothing open but
// what they return.
type Folder struct {
	// Path is the directory.
	Path string
	// OwnerOf is a directory whose owner is PHP's user, mosparo's own; empty if
	// it is not known. It is looked at when something is made in a sticky or
	// world-writable directory.
	OwnerOf string
}

// Open opens the directory. A missing one is [fs.ErrNotExist].
func (f Folder) Open() (*os.Root, error) {
	if !hasOwners {
		return os.OpenRoot(f.Path)
	}
	w, missing, err := f.walk(false)
	if err != nil {
		return nil, err
	}
	defer w.close()
	if missing != "" {
		return nil, f.notExist()
	}
	return w.take()
}

func (f Folder) notExist() error {
	return &fs.PathError{Op: "open", Path: f.Path, Err: fs.ErrNotExist}
}

// Make opens the directory, which it makes, with those above it, if need be. A
// directory that is there stays as it is. One in a sticky or world-writable
// directory is an [*UnsafeError] if it belongs neither to root, nor to the user
// of the process, nor to PHP's user as far as that is known.
func (f Folder) Make() (*os.Root, error) {
	if !hasOwners {
		if err := os.MkdirAll(f.Path, 0o777); err != nil {
			return nil, err
		}
		return os.OpenRoot(f.Path)
	}
	w, missing, err := f.walk(true)
	if err != nil {
		return nil, err
	}
	defer w.close()
	root, err := w.take()
	if err != nil || missing == "" {
		return root, err
	}
	defer root.Close()
	// What a process left that was killed while it made the same directory: no
	// prune of the folder looks above it.
	_ = RemoveLeftOvers(root, ".")
	if err := f.MakeDirs(root, missing); err != nil {
		return nil, err
	}
	return root.OpenRoot(filepath.FromSlash(missing))
}

// CheckLinks follows the links on the way to the directory, and returns the
// error that [Folder.Open] would return for them, or that the directory is
// missing. It is for readers that open files by their full paths.
func (f Folder) CheckLinks() error {
	if !hasOwners {
		return nil
	}
	w, missing, err := f.walk(false)
	if err != nil {
		return err
	}
	defer w.close()
	if missing != "" {
		return f.notExist()
	}
	return nil
}

// MakeDirs makes rel (with slashes) and those above it below root, each with
// the rights of the directory that it is in. One that is there stays as it is.
func (f Folder) MakeDirs(root *os.Root, rel string) error {
	at := ""
	for name := range strings.SplitSeq(rel, "/") {
		at = path.Join(at, name)
		if err := f.makeDir(root, at); err != nil {
			return err
		}
	}
	return nil
}

func (f Folder) makeDir(root *os.Root, rel string) error {
	if fi, err := root.Stat(rel); err == nil && fi.IsDir() {
		return nil
	}
	parent, err := root.Stat(path.Dir(rel))
	if err != nil {
		return err
	}
	want, err := f.rightsIn(parent, filepath.Join(root.Name(), path.Dir(rel)), true)
	if err != nil {
		return err
	}
	// It appears under its name when it has its mode and owner: PHP may be
	// about to write there.
	name := path.Join(path.Dir(rel), TemporaryName(time.Now()))
	if err := root.Mkdir(name, want.mode.Perm()); err != nil {
		return err
	}
	if err := finishDir(root, name, want); err != nil {
		_ = root.Remove(name)
		return err
	}
	if err := root.Rename(name, rel); err != nil {
		_ = root.Remove(name)
		if fi, statErr := root.Stat(rel); statErr == nil && fi.IsDir() {
			return nil // another process made it meanwhile
		}
		return err
	}
	return nil
}

func finishDir(root *os.Root, name string, want rights) error {
	// The owner of the directory above may have put something else in its
	// place: with the dot nothing but a directory is opened.
	dir, err := root.Open(name + "/.")
	if err != nil {
		return err
	}
	return errors.Join(want.apply(dir), dir.Close())
}
