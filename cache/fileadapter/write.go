package fileadapter

import (
	"context"
	"errors"
	"io/fs"
	"log/slog"
	"os"
	"path"
	"time"

	"github.com/mosparo/go-cluster/cache"
	"github.com/mosparo/go-cluster/cache/adapterkit"
	"github.com/mosparo/go-cluster/cache/sharedfiles"
)

// write stores items and returns the keys that it could not store.
func (a *Adapter) write(ctx context.Context, items []cache.Item) (failed []string, err error) {
	err = retryReplaced(func() (err error) {
		failed, err = a.tryWrite(ctx, items)
		return err
	})
	return failed, err
}

func (a *Adapter) tryWrite(ctx context.Context, items []cache.Item) ([]string, error) {
	keys := adapterkit.Keys(items)
	if err := a.state.Check(ctx); err != nil {
		return keys, err
	}
	root, err := a.makeRoot()
	if err != nil {
		return keys, classify(err)
	}
	defer root.Close()
	if now := time.Now(); a.sweeper.Due(now) {
		_ = sharedfiles.RemoveLeftOvers(root, ".") // the disk may be full of them
	}

	temporary := make([]string, 0, len(items))
	defer func() {
		for _, name := range temporary {
			_ = root.Remove(name)
		}
	}()
	for i := range items {
		if err := a.state.Check(ctx); err != nil {
			return keys, err
		}
		name, err := a.writeTemporary(root, &items[i])
		if err != nil {
			return keys, classify(err)
		}
		temporary = append(temporary, name)
	}
	for i, k := range keys {
		if err := retryStale(func() error { return a.moveInto(root, temporary[0], entryPath(k)) }); err != nil {
			return keys[i:], classify(err)
		}
		temporary = temporary[1:]
	}
	return nil, nil
}

// moveInto puts a finished file in place. Its directory may have been removed
// since it was made.
func (a *Adapter) moveInto(root *os.Root, name, rel string) error {
	err := root.Rename(name, rel)
	if errors.Is(err, fs.ErrNotExist) {
		if err := a.folder().MakeDirs(root, path.Dir(rel)); err != nil {
			return err
		}
		err = root.Rename(name, rel)
	}
	return err
}

// writeTemporary writes an item to a file in the directory of the cache, as
// Symfony does, ready to be moved in place.
func (a *Adapter) writeTemporary(root *os.Root, it *cache.Item) (name string, err error) {
	in := path.Dir(entryPath(it.Key))
	if err := a.folder().MakeDirs(root, in); err != nil {
		return "", err
	}
	now := time.Now()
	end := expiry(now, it.TTL)
	// PHP's hasItem looks at the modification time first.
	mtime := time.Unix(end, 0)
	if end == 0 {
		mtime = now.Add(31_556_952 * time.Second)
	}
	return a.folder().WriteTemporary(root, in, mtime, func(f *os.File) error {
		if _, err := f.Write(header(it.Key, end)); err != nil {
			return err
		}
		_, err := f.Write(it.Value)
		return err
	})
}

// makeRoot opens the directory of the cache, which it makes, with those above
// it, if need be.
func (a *Adapter) makeRoot() (*os.Root, error) {
	root, err := a.folder().Make()
	if err != nil {
		return nil, err
	}
	if !a.warned.Load() {
		a.warn(root)
	}
	return root, nil
}

// warn tells the operator of a directory that only root can write, or every
// user. The former is no error: PHP may run as root too.
func (a *Adapter) warn(root *os.Root) {
	dir, err := root.Stat(".")
	if err != nil || a.warned.Swap(true) {
		return
	}
	uid, _, known := sharedfiles.Owner(dir)
	switch {
	case sharedfiles.IsOpen(dir):
		a.logger.Warn("every user of this machine can write in the cache directory, and so plant objects that PHP unserializes: chmod 0755 it and what is in it", slog.String("dir", a.dir))
	case known && os.Geteuid() == 0 && uid == 0 && dir.Mode().Perm()&0o022 == 0:
		a.logger.Warn("the cache directory is writable for root only: PHP cannot write there unless it runs as root", slog.String("dir", a.dir))
	}
}
