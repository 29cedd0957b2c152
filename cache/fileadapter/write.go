package fileadapter

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path"
	"time"

	"github.com/mosparo/go-cluster/cache"
	"github.com/mosparo/go-cluster/cache/sharedfiles"
)

// write stores items and returns the keys that it could not store.
func (a *Adapter) write(ctx context.Context, items []cache.Item) ([]string, error) {
	keys := cache.ItemKeys(items)
	if err := a.usable(ctx); err != nil {
		return keys, err
	}
	if err := a.makeDir(); err != nil {
		return keys, classified(err)
	}
	root, err := os.OpenRoot(a.dir)
	if err != nil {
		return keys, classified(err)
	}
	defer root.Close()

	temporary := make([]string, 0, len(items))
	defer func() {
		for _, name := range temporary {
			_ = root.Remove(name)
		}
	}()
	for i := range items {
		if err := a.usable(ctx); err != nil {
			return keys, err
		}
		name, err := writeTemporary(root, &items[i], entryPath(items[i].Key))
		if err != nil {
			return keys, classified(err)
		}
		temporary = append(temporary, name)
	}
	for i, k := range keys {
		if err := again(func() error { return moveInto(root, temporary[0], entryPath(k)) }); err != nil {
			return keys[i:], classified(err)
		}
		temporary = temporary[1:]
	}
	return nil, nil
}

// moveInto puts a finished file in place. Its directory may have been removed
// since it was made.
func moveInto(root *os.Root, name, rel string) error {
	err := root.Rename(name, rel)
	if errors.Is(err, fs.ErrNotExist) {
		if err := sharedfiles.Directories(root, path.Dir(rel)); err != nil {
			return err
		}
		err = root.Rename(name, rel)
	}
	return err
}

// writeTemporary writes an item to a file in the directory of the cache, as
// Symfony does, ready to be moved to rel: complete, closed, with its final
// mode, owner and modification time.
func writeTemporary(root *os.Root, it *cache.Item, rel string) (name string, err error) {
	if err := sharedfiles.Directories(root, path.Dir(rel)); err != nil {
		return "", err
	}
	dir, err := root.Stat(path.Dir(rel))
	if err != nil {
		return "", err
	}
	now := time.Now()
	name = sharedfiles.TemporaryName(now)
	f, err := root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return "", err
	}
	defer func() {
		if err != nil {
			f.Close() // a second Close does no harm
			_ = root.Remove(name)
		}
	}()
	end := expiry(now, it.TTL)
	if _, err := f.Write(header(it.Key, end)); err != nil {
		return "", err
	}
	if _, err := f.Write(it.Value); err != nil {
		return "", err
	}
	if err := sharedfiles.HandOver(root, f, name, dir, dir.Mode().Perm()&0o666); err != nil {
		return "", err
	}
	// A full disk or quota may show here only.
	if err := f.Close(); err != nil {
		return "", err
	}
	// PHP's hasItem looks at the modification time first.
	mtime := time.Unix(end, 0)
	if end == 0 {
		mtime = now.Add(31_556_952 * time.Second)
	}
	return name, root.Chtimes(name, mtime, mtime)
}
