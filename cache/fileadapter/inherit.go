package fileadapter

import (
	"errors"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
	"time"
)

// makeDir makes the directory of the cache, if need be with those above it.
func (a *Adapter) makeDir() error {
	if fi, err := os.Stat(a.dir); err == nil {
		if !fi.IsDir() {
			return &fs.PathError{Op: "mkdir", Path: a.dir, Err: errors.New("is not a directory")}
		}
		a.warn(fi)
		return nil
	}
	existing := filepath.Dir(a.dir)
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
	rel, err := filepath.Rel(existing, a.dir)
	if err != nil {
		return err
	}
	root, err := os.OpenRoot(existing)
	if err != nil {
		return err
	}
	defer root.Close()
	if err := makeDirs(root, filepath.ToSlash(rel)); err != nil {
		return err
	}
	if fi, err := os.Stat(a.dir); err == nil {
		a.warn(fi)
	}
	return nil
}

// warn tells the operator of a root process that PHP will not be able to
// write. It is no error: PHP may run as root too.
func (a *Adapter) warn(dir fs.FileInfo) {
	uid, _, known := owner(dir)
	if !known || os.Geteuid() != 0 || uid != 0 || dir.Mode().Perm()&0o022 != 0 || a.warned.Swap(true) {
		return
	}
	a.logger.Warn("the cache directory is writable for root only: PHP cannot write there unless it runs as root", "dir", a.dir)
}

// makeDirs makes rel and those above it, each like the directory it is in.
func makeDirs(root *os.Root, rel string) error {
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
	name := path.Join(path.Dir(rel), temporaryName(time.Now()))
	if err := root.Mkdir(name, mode.Perm()); err != nil {
		return err
	}
	if err := finishDir(root, name, parent, mode); err != nil {
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

func finishDir(root *os.Root, name string, parent fs.FileInfo, mode fs.FileMode) error {
	dir, err := root.Open(name)
	if err != nil {
		return err
	}
	defer dir.Close()
	if err := handOver(root, dir, name, parent, mode); err != nil {
		_ = root.Remove(name)
		return err
	}
	return nil
}

// handOver gives a new file or directory the mode, and as far as we may the
// owner and group, of the directory that it belongs to, and fails if the
// owner of that directory could not use it then.
func handOver(root *os.Root, f *os.File, name string, dir fs.FileInfo, mode fs.FileMode) error {
	fi, err := f.Stat()
	if err != nil {
		return err
	}
	uid, gid, known := owner(fi)
	dirUID, dirGID, _ := owner(dir)
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
