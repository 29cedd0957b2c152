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

// Directory makes dir, if need be with those above it, each like the
// directory it is in. One that is there already stays as it is.
func Directory(dir string) error {
	if fi, err := os.Stat(dir); err == nil {
		if !fi.IsDir() {
			return &fs.PathError{Op: "mkdir", Path: dir, Err: errors.New("is not a directory")}
		}
		return nil
	}
	existing := filepath.Dir(dir)
	for {
		_, err := os.Stat(existing)
		if err == nil {
			break
		}
		up := filepath.Dir(existing)
		if !errors.Is(err, fs.ErrNotExist) || up == existing {
			return err
		}
		existing = up
	}
	rel, err := filepath.Rel(existing, dir)
	if err != nil {
		return err
	}
	root, err := os.OpenRoot(existing)
	if err != nil {
		return err
	}
	defer root.Close()
	return Directories(root, filepath.ToSlash(rel))
}

// Directories makes rel (with slashes) and those above it below root, each
// like the directory it is in.
func Directories(root *os.Root, rel string) error {
	at := ""
	for name := range strings.SplitSeq(rel, "/") {
		at = path.Join(at, name)
		if err := makeLikeParent(root, at); err != nil {
			return err
		}
	}
	return nil
}

func makeLikeParent(root *os.Root, rel string) error {
	if fi, err := root.Stat(rel); err == nil && fi.IsDir() {
		return nil
	}
	parent, err := root.Stat(path.Dir(rel))
	if err != nil {
		return err
	}
	// The sticky bit of a temporary directory would keep PHP from replacing
	// what we wrote.
	mode := parent.Mode() & (fs.ModePerm | fs.ModeSetgid)
	// It appears under its name when it has its mode and owner: PHP may be
	// about to write there.
	name := path.Join(path.Dir(rel), TemporaryName(time.Now()))
	if err := root.Mkdir(name, mode.Perm()); err != nil {
		return err
	}
	if err := finishDirectory(root, name, parent, mode); err != nil {
		return err
	}
	if err := root.Rename(name, rel); err != nil {
		_ = root.Remove(name)
		if fi, statErr := root.Stat(rel); statErr == nil && fi.IsDir() {
			return nil // somebody else made it meanwhile
		}
		return err
	}
	return nil
}

func finishDirectory(root *os.Root, name string, parent fs.FileInfo, mode fs.FileMode) error {
	dir, err := root.Open(name)
	if err != nil {
		return err
	}
	defer dir.Close()
	if err := HandOver(root, dir, name, parent, mode); err != nil {
		_ = root.Remove(name)
		return err
	}
	return nil
}
