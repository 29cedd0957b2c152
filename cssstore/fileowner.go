package cssstore

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"syscall"
	"time"

	"github.com/mosparo/go-cluster/cache"
)

// makeFolder makes a folder like the one that it is in, unless it is there. It
// appears under its name when it has its mode and owner: PHP may be about to
// write there.
func makeFolder(root *os.Root, name string) error {
	if fi, err := root.Stat(name); err == nil && fi.IsDir() {
		return nil
	}
	parent, err := root.Stat(".")
	if err != nil {
		return err
	}
	temporary := temporaryName(time.Now())
	mode := parent.Mode() & (fs.ModePerm | fs.ModeSetgid)
	if err := root.Mkdir(temporary, mode.Perm()); err != nil {
		return err
	}
	if err = finishFolder(root, temporary, parent, mode); err == nil {
		err = root.Rename(temporary, name)
	}
	if err == nil {
		return nil
	}
	_ = root.Remove(temporary)
	if fi, statErr := root.Stat(name); statErr == nil && fi.IsDir() {
		return nil // somebody else made it meanwhile
	}
	return err
}

func finishFolder(root *os.Root, name string, parent fs.FileInfo, mode fs.FileMode) error {
	dir, err := root.Open(name)
	if err != nil {
		return err
	}
	defer dir.Close()
	return handOver(dir, parent, mode)
}

// handOver gives a new file or folder its mode, and as far as we may the owner
// and group of the folder that it belongs to. It fails if the owner of that
// folder could not read the file, or write in the folder.
func handOver(f *os.File, dir fs.FileInfo, mode fs.FileMode) error {
	fi, err := f.Stat()
	if err != nil {
		return err
	}
	uid, gid, known := owner(fi)
	dirUID, dirGID, _ := owner(dir)
	switch {
	case !known:
	case os.Geteuid() == 0:
		if err := f.Chown(dirUID, dirGID); err != nil {
			return err
		}
		uid, gid = dirUID, dirGID
	case gid != dirGID && f.Chown(-1, dirGID) == nil:
		gid = dirGID
	}
	if err := f.Chmod(mode); err != nil && known {
		return err
	}
	need := fs.FileMode(0o004)
	if fi.IsDir() {
		need = 0o003
	}
	if known && uid != dirUID && mode&need != need && (gid != dirGID || mode&(need<<3) != need<<3) {
		return fmt.Errorf("%w: what we make could not be used by the owner of the folder, uid %d", cache.ErrUnauthorized, dirUID)
	}
	return nil
}

// classified joins the sentinel of package cache that an error of the
// operating system stands for.
func classified(err error) error {
	var sys *fs.PathError
	var link *os.LinkError
	var number syscall.Errno
	if !errors.As(err, &sys) && !errors.As(err, &link) && !errors.As(err, &number) {
		return err
	}
	for _, ours := range []error{cache.ErrUnauthorized, context.Canceled, context.DeadlineExceeded} {
		if errors.Is(err, ours) {
			return err
		}
	}
	sentinel := cache.ErrUnavailable
	switch {
	case errors.Is(err, fs.ErrPermission):
		sentinel = cache.ErrUnauthorized
	case errors.Is(err, syscall.EROFS):
		sentinel = cache.ErrReadOnly
	case errors.Is(err, syscall.ENOSPC), isQuota(err):
		sentinel = cache.ErrFull
	}
	return fmt.Errorf("%w: %w", sentinel, err)
}
