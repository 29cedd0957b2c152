package filelocker

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"time"

	"github.com/mosparo/go-cluster/cache/sharedfiles"
	"github.com/mosparo/go-cluster/lock"
	"github.com/mosparo/go-cluster/lock/internal/names"
)

// found is the content of a file when it came under our flock.
type found struct {
	now     time.Time
	name    string
	record  record
	damaged bool
}

// errReplaced: the file was removed or replaced while we waited for it.
var errReplaced = errors.New("the file was replaced meanwhile")

// change calls decide with the record of a name under the flock of its file, and
// writes what it returns, if anything, also beside an error. Without create, a name
// without file gives [fs.ErrNotExist].
func (b *Backend) change(ctx context.Context, name string, create bool, decide func(*found) (*record, error)) error {
	if err := lock.CheckName(name); err != nil {
		return err
	}
	var err error
	for range 10 {
		if err = context.Cause(ctx); err != nil {
			return err
		}
		if err = b.attempt(ctx, name, create, decide); !errors.Is(err, errReplaced) && !sharedfiles.IsStale(err) {
			break
		}
	}
	return b.classify(err)
}

func (b *Backend) attempt(ctx context.Context, name string, create bool, decide func(*found) (*record, error)) (err error) {
	root, err := b.root(create)
	if err != nil {
		return err
	}
	defer root.Close()
	file := fileName(name)
	f, err := openFile(root, file)
	if create && errors.Is(err, fs.ErrNotExist) {
		if err := b.makeFile(root, file); err != nil {
			return err
		}
		f, err = openFile(root, file)
	}
	if err != nil {
		return err
	}
	defer func() {
		// The end of the file's flock; a network file system may say only now
		// that it could not keep what was written.
		if cerr := f.Close(); err == nil {
			err = cerr
		}
	}()
	if err := flock(ctx, f); err != nil {
		return err
	}
	now, err := b.clock(root, f)
	if err != nil {
		return err
	}
	if err := isCurrent(root, f, file); err != nil {
		return err
	}
	if err := edit(f, now, name, decide); err != nil {
		return err
	}
	if create {
		b.pruneIfDue(root, now)
	}
	return nil
}

// edit is the part of a change under the flock.
func edit(f *os.File, now time.Time, name string, decide func(*found) (*record, error)) error {
	data, err := readAll(f)
	if err != nil {
		return err
	}
	r, slot, damaged := newest(data)
	encoded := names.Encode(name)
	if !damaged && r.Seq > 0 && r.Name != encoded {
		return fmt.Errorf("%s holds the record of another name", f.Name())
	}
	next, decided := decide(&found{now: now, name: name, record: r, damaged: damaged})
	if next == nil {
		return decided
	}
	next.Seq, next.Name, next.Written = r.Seq+1, encoded, now.UnixNano()
	b, err := next.encode()
	if err != nil {
		return err
	}
	if _, err := f.WriteAt(b, int64((slot+1)%2*slotSize)); err != nil {
		return err
	}
	return decided
}

// root opens the directory. [os.Root] keeps us in it even if its owner has put
// symbolic links into it: we may be root, and PHP is not.
func (b *Backend) root(create bool) (*os.Root, error) {
	if create {
		return b.folder().Make()
	}
	return b.folder().Open()
}

// openFile opens the file of a lock, and refuses anything else.
func openFile(root *os.Root, file string) (*os.File, error) {
	f, err := root.OpenFile(file, os.O_RDWR|sharedfiles.NonBlock, 0)
	if err != nil {
		return nil, err
	}
	fi, err := f.Stat()
	if err == nil && (!fi.Mode().IsRegular() || fi.Size() > fileSize) {
		err = fmt.Errorf("%s is not the file of a lock", f.Name())
	}
	if err == nil {
		err = isCurrent(root, f, file) // no link to another file
	}
	if err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}

func readAll(f *os.File) ([]byte, error) {
	data := make([]byte, fileSize)
	n, err := f.ReadAt(data, 0)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	return data[:min(n, clockAt)], nil
}

// makeFile makes the file of a lock. It appears under its name when
// it has its size, mode and owner, and never in the place of another one:
// a process that has opened that may be under its flock.
func (b *Backend) makeFile(root *os.Root, file string) error {
	temporary := sharedfiles.TemporaryName(time.Now())
	if err := b.newFile(root, temporary); err != nil {
		_ = root.Remove(temporary) // a full disk or quota may show in Close only
		return err
	}
	err := root.Link(temporary, file)
	if rerr := root.Remove(temporary); err == nil {
		err = rerr
	}
	if sharedfiles.HasNoLinks(err) {
		err = b.newFile(root, file)
	}
	if errors.Is(err, fs.ErrExist) || sharedfiles.IsBusy(err) {
		return nil // another process was faster
	}
	return err
}

func (b *Backend) newFile(root *os.Root, name string) error {
	dir, err := root.Stat(".")
	if err != nil {
		return err
	}
	f, err := root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, dir.Mode().Perm()&0o644)
	if err != nil {
		return err
	}
	return b.fill(root, f, name, dir)
}

// fill finishes a new file, and closes it. Where there are no links it has its
// name already, and another process may have been quicker and use it: then its flock
// is taken, or it is not empty any more, and stays as it is.
func (b *Backend) fill(root *os.Root, f *os.File, name string, dir fs.FileInfo) (err error) {
	ours := true
	defer func() {
		if err != nil && ours {
			_ = root.Remove(name) // under its flock
		}
		if cerr := f.Close(); err == nil {
			err = cerr
		}
	}()
	if err := sharedfiles.TryFlock(f); err != nil {
		ours = !sharedfiles.IsBusy(err)
		return err
	}
	fi, err := f.Stat()
	if err != nil {
		return err
	}
	if ours = fi.Size() == 0; ours {
		// All of it, so that a release needs no room on a full disk.
		if _, err := f.Write(make([]byte, fileSize)); err != nil {
			return err
		}
	}
	return b.folder().HandOver(f, dir, b.dir)
}

// isCurrent looks, under the flock, whether the name still means the file
// that was opened: it may have been removed before we came under its flock.
func isCurrent(root *os.Root, f *os.File, file string) error {
	ours, err := f.Stat()
	if err != nil {
		return err
	}
	named, err := root.Lstat(file)
	if errors.Is(err, fs.ErrNotExist) || err == nil && !os.SameFile(ours, named) && named.Mode().IsRegular() {
		return errReplaced
	}
	if err == nil && !os.SameFile(ours, named) {
		err = fmt.Errorf("%s is not the file of a lock", f.Name())
	}
	return err
}

// errBusy: another process holds the flock for too long.
var errBusy = errors.New("another process is in the middle of a change and does not go on")

// flock waits for the changes of others, which take microseconds.
func flock(ctx context.Context, f *os.File) error {
	for pause := 100 * time.Microsecond; ; pause = min(2*pause, 5*time.Millisecond) {
		err := sharedfiles.TryFlock(f)
		if err == nil {
			return nil
		}
		if !sharedfiles.IsBusy(err) {
			return &fs.PathError{Op: "flock", Path: f.Name(), Err: err}
		}
		t := time.NewTimer(pause/2 + rand.N(pause))
		select {
		case <-t.C:
		case <-ctx.Done():
			t.Stop()
			return fmt.Errorf("%s: %w: %w", f.Name(), errBusy, context.Cause(ctx))
		}
	}
}
