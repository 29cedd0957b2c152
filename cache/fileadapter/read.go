package fileadapter

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/mosparo/go-cluster/cache"
	"github.com/mosparo/go-cluster/cache/sharedfiles"
)

// read returns the value of a key, nil when it is absent, and its expiry in
// Unix seconds, 0 for none.
func (a *Adapter) read(key string) (value []byte, expiry int64, err error) {
	err = retryStale(func() (err error) {
		value, expiry, err = a.readOnce(key)
		return err
	})
	if isAbsent(err) || isLink(err) {
		return nil, 0, nil
	}
	return value, expiry, classify(err)
}

// linksRecheck is how long a reader relies on its last check of the links to the
// directory. It opens files by their paths, which is three times as fast as
// step by step; writers look each time.
const linksRecheck = time.Second

// checkLinks refuses a directory to which a third user's link leads.
func (a *Adapter) checkLinks() error {
	now := time.Now().UnixNano()
	if age := now - a.linksChecked.Load(); age >= 0 && age < int64(linksRecheck) {
		return nil
	}
	err := a.folder().CheckLinks()
	if err == nil {
		a.linksChecked.Store(now)
	}
	return err
}

func (a *Adapter) readOnce(key string) (value []byte, expiry int64, err error) {
	if err := a.checkLinks(); err != nil {
		return nil, 0, err
	}
	rel, f, fi, err := a.openEntry(key)
	if err != nil || f == nil {
		return nil, 0, err
	}
	defer f.Close()

	// What stands before the value: at most the key with all of its bytes
	// escaped, and a number, for which this is plenty.
	const number = 1024
	if limit := int64(a.maxValue); limit > 0 && fi.Size()-3*int64(len(key))-number > limit {
		return nil, 0, fmt.Errorf("%w: file of %d bytes, limit %d", cache.ErrTooLarge, fi.Size(), limit)
	}
	data := make([]byte, fi.Size())
	n, err := io.ReadFull(f, data)
	if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) && !errors.Is(err, io.EOF) {
		return nil, 0, err
	}
	data = data[:n:n]
	c := parse(data)
	switch {
	case c.isExpired(time.Now()):
		a.removeExpired(rel, f)
		return nil, 0, nil
	case !c.isFor(key) || c.empty:
		return nil, 0, nil
	case a.maxValue > 0 && len(data)-c.valueAt > a.maxValue:
		return nil, 0, fmt.Errorf("%w: %d bytes, limit %d", cache.ErrTooLarge, len(data)-c.valueAt, a.maxValue)
	}
	return data[c.valueAt:], c.expiry, nil
}

// openEntry opens the file of a key; rel is its path below the directory.
func (a *Adapter) openEntry(key string) (rel string, f *os.File, fi fs.FileInfo, err error) {
	path := append(append(make([]byte, 0, 256), a.dir...), os.PathSeparator)
	full := string(appendEntryPath(path, key))
	f, fi, err = openRegular(full)
	return full[len(path):], f, fi, err
}

// open opens an entry for reading; no file and no error means that it is not
// a regular one.
func (a *Adapter) open(rel string) (*os.File, fs.FileInfo, error) {
	return openRegular(filepath.Join(a.dir, filepath.FromSlash(rel)))
}

func openRegular(path string) (*os.File, fs.FileInfo, error) {
	f, err := os.OpenFile(path, readFlags, 0)
	if err != nil {
		return nil, nil, err
	}
	fi, err := f.Stat()
	if err != nil || !fi.Mode().IsRegular() {
		f.Close()
		return nil, nil, err
	}
	return f, fi, nil
}

// removeExpired removes the entry at rel if it still is the file that was
// found expired, and reports whether it did. Failure does not matter: the entry
// is expired for every reader.
func (a *Adapter) removeExpired(rel string, found *os.File) bool {
	was, err := found.Stat()
	if err != nil {
		return false
	}
	removed := false
	_ = a.inRoot(func(root *os.Root) (err error) {
		removed, err = sharedfiles.RemoveSame(root, rel, was)
		return err
	})
	return removed
}
