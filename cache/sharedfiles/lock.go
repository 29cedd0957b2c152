package sharedfiles

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"time"
)

// ErrBusy is returned by [Folder.Lock] when another process does not release
// the lock in time.
var ErrBusy = errors.New("locked by another process")

// Lock takes the flock of a file in the folder, which it makes and removes
// again. It waits until the context ends, and then returns [ErrBusy] with the
// context's cause. unlock gives the lock back, and so does the end of the
// process. Other processes on the same machine are excluded, and those of other
// machines where a network file system keeps locks. Where the system or the file
// system has none, the error unwraps to [errors.ErrUnsupported].
func (f Folder) Lock(ctx context.Context, name string) (unlock func(), err error) {
	root, err := f.Open()
	if err != nil {
		return nil, err
	}
	began := time.Now()
	for pause := time.Millisecond; ; pause = min(2*pause, 50*time.Millisecond) {
		file, err := f.tryLock(root, name)
		if err == nil {
			return func() {
				_ = root.Remove(name) // under its flock
				file.Close()
				root.Close()
			}, nil
		}
		isNew := errors.Is(err, fs.ErrPermission) && time.Since(began) < rightsTime
		if isNew || IsBusy(err) || IsStale(err) || errors.Is(err, errRemoved) {
			err = wait(ctx, pause/2+rand.N(pause))
		}
		if err != nil {
			root.Close()
			return nil, fmt.Errorf("%s: %w", filepath.Join(f.Path, name), err)
		}
	}
}

// rightsTime is how long another process may take until the file that it has made
// has its rights; see makeLock.
const rightsTime = time.Second

// tryLock opens the file under its flock, if it still has its name then.
func (f Folder) tryLock(root *os.Root, name string) (*os.File, error) {
	file, err := f.openLock(root, name)
	if err != nil {
		return nil, err
	}
	err = TryFlock(file)
	var ours, named fs.FileInfo
	if err == nil {
		ours, err = file.Stat()
	}
	if err == nil {
		named, err = root.Lstat(name)
	}
	if errors.Is(err, fs.ErrNotExist) || err == nil && !os.SameFile(ours, named) {
		err = errRemoved
	}
	if err != nil {
		file.Close()
		return nil, err
	}
	return file, nil
}

func wait(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("%w: %w", ErrBusy, context.Cause(ctx))
	}
}

// errRemoved: the process that had the lock removed the file meanwhile.
var errRemoved = errors.New("removed meanwhile")

// openLock opens the file, which appears under its name with its rights, and
// never in the place of another one.
func (f Folder) openLock(root *os.Root, name string) (*os.File, error) {
	file, err := root.OpenFile(name, os.O_RDWR|NonBlock, 0)
	if !errors.Is(err, fs.ErrNotExist) {
		return file, err
	}
	if err := f.makeLock(root, root.Link, name); err != nil && !errors.Is(err, fs.ErrExist) {
		return nil, err
	}
	file, err = root.OpenFile(name, os.O_RDWR|NonBlock, 0)
	if errors.Is(err, fs.ErrNotExist) {
		err = errRemoved
	}
	return file, err
}

// makeLock makes the file. Where there are no hard links it has its name for a
// moment before it has its owner, and the bits that the umask keeps from it; it
// takes the place of no other file in any case, since that may be locked.
func (f Folder) makeLock(root *os.Root, link func(oldname, newname string) error, name string) error {
	temporary, err := f.WriteTemporary(root, ".", time.Now(), func(*os.File) error { return nil })
	if err != nil {
		return err
	}
	err = link(temporary, name)
	_ = root.Remove(temporary)
	if err == nil || errors.Is(err, fs.ErrExist) {
		return err
	}
	file, want, err := f.createLock(root, name)
	if err != nil {
		return err
	}
	return errors.Join(want.apply(file), file.Close())
}

// createLock makes the file without hard links, and returns the rights that it is
// to get.
func (f Folder) createLock(root *os.Root, name string) (*os.File, rights, error) {
	dir, err := root.Stat(".")
	if err != nil {
		return nil, rights{}, err
	}
	want, err := f.rightsIn(dir, f.Path, false)
	if err != nil {
		return nil, rights{}, err
	}
	file, err := root.OpenFile(name, os.O_RDWR|os.O_CREATE|os.O_EXCL, want.mode)
	return file, want, err
}
