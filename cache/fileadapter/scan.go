package fileadapter

import (
	"context"
	"errors"
	"io"
	"iter"
	"os"
	"path"
	"path/filepath"
	"strings"
	"time"

	"github.com/mosparo/go-cluster/cache/adapterkit"
	"github.com/mosparo/go-cluster/cache/sharedfiles"
)

// List implements [cache.Lister]. It reads the beginning of every file.
func (a *Adapter) List(ctx context.Context, prefix string) iter.Seq2[string, error] {
	return adapterkit.List(func(visit func(string) error) error {
		now := time.Now()
		return classify(a.scan(ctx, func(rel string, f *os.File) error {
			key, c, err := a.keyOf(rel, f)
			if err != nil || !strings.HasPrefix(key, prefix) || c.isExpired(now) || c.empty {
				return nil //nolint:nilerr // a foreign file is no entry
			}
			return visit(key)
		}))
	})
}

// Clear implements [cache.Clearer]: it removes the entries that [WithOwned]
// names, expired ones too. Entries of other applications in the same
// directory stay, unlike with Symfony's clear.
func (a *Adapter) Clear(ctx context.Context) (int, error) {
	if err := adapterkit.CheckOwned(a.owned); err != nil {
		return 0, adapterkit.Error("clear", nil, err)
	}
	n := 0
	err := a.scan(ctx, func(rel string, f *os.File) error {
		key, _, err := a.keyOf(rel, f)
		if err != nil || !a.owned.Match(key) {
			return nil //nolint:nilerr // a foreign file is no entry
		}
		switch err := a.inRoot(func(root *os.Root) error { return root.Remove(rel) }); {
		case err == nil:
			n++
		case !isAbsent(err):
			return err
		}
		return nil
	})
	if err != nil {
		return n, adapterkit.Error("clear", nil, classify(err))
	}
	return n, nil
}

// Prune implements [cache.Pruner], as Symfony's prune: it removes all expired
// files, and temporary files and directories that a killed process left behind.
func (a *Adapter) Prune(ctx context.Context) (int, error) {
	n, now := 0, time.Now()
	err := a.scan(ctx, func(rel string, f *os.File) error {
		head, err := readHead(f)
		if err != nil {
			return nil //nolint:nilerr // unreadable: not known to be expired
		}
		if c := parse(head); c.isExpired(now) && a.removeExpired(rel, f) {
			n++
		}
		return nil
	})
	if err == nil {
		err = a.removeLeftOvers()
	}
	if err != nil {
		return n, adapterkit.Error("prune", nil, classify(err))
	}
	return n, nil
}

// Ping implements [cache.Pinger]: it makes the directory of the cache unless
// it is there, as Symfony does, and a file in it that it removes again. A
// directory that we cannot write, or whose owner could not use what we write,
// is [cache.ErrUnauthorized], one that other users could have made or may change
// [cache.ErrUnavailable].
func (a *Adapter) Ping(ctx context.Context) error {
	err := a.state.Check(ctx)
	if err == nil {
		err = retryReplaced(func() error { return retryStale(a.tryWriting) })
	}
	if err != nil {
		return adapterkit.Error("ping", nil, classify(err))
	}
	return nil
}

func (a *Adapter) tryWriting() error {
	root, err := a.makeRoot()
	if err != nil {
		return err
	}
	defer root.Close()
	name, err := a.folder().WriteTemporary(root, ".", time.Now(), func(*os.File) error { return nil })
	if err != nil {
		return err
	}
	return root.Remove(name)
}

// scan opens every regular file of the cache, one at a time.
func (a *Adapter) scan(ctx context.Context, visit func(rel string, f *os.File) error) error {
	if err := a.state.Check(ctx); err != nil {
		return err
	}
	if err := a.checkLinks(); err != nil && !isAbsent(err) {
		return err
	}
	outer, err := directories(a.dir)
	if err != nil {
		return err
	}
	for _, x := range outer {
		inner, err := directories(filepath.Join(a.dir, x))
		if err != nil {
			return err
		}
		for _, y := range inner {
			if err := a.scanOne(ctx, path.Join(x, y), visit); err != nil {
				return err
			}
		}
	}
	return nil
}

func (a *Adapter) scanOne(ctx context.Context, dir string, visit func(string, *os.File) error) error {
	entries, err := os.ReadDir(filepath.Join(a.dir, dir))
	if err != nil && !isAbsent(err) {
		return err
	}
	for _, e := range entries {
		if err := a.state.Check(ctx); err != nil {
			return err
		}
		rel := path.Join(dir, e.Name())
		f, _, err := a.open(rel)
		if f == nil || err != nil {
			continue // vanished, or not ours to read
		}
		err = visit(rel, f)
		f.Close()
		if err != nil {
			return err
		}
	}
	return nil
}

// directories are those that can hold entries; a missing one holds none.
func directories(dir string) ([]string, error) {
	entries, err := os.ReadDir(dir)
	if err != nil && !isAbsent(err) {
		return nil, err
	}
	var names []string
	for _, e := range entries {
		if e.IsDir() && isDirectoryName(e.Name()) {
			names = append(names, e.Name())
		}
	}
	return names, nil
}

var errForeign = errors.New("not the file of its key")

// keyOf is the key of a file, if the file is where that key belongs.
func (a *Adapter) keyOf(rel string, f *os.File) (string, content, error) {
	head, err := readHead(f)
	if err != nil {
		return "", content{}, err
	}
	c := parse(head)
	key := c.key()
	if entryPath(key) != rel {
		return "", c, errForeign
	}
	return key, c, nil
}

// readHead reads as much of a file as a header of any reasonable key takes.
func readHead(f *os.File) ([]byte, error) {
	head := make([]byte, 8192)
	n, err := io.ReadFull(f, head)
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		err = nil
	}
	return head[:n], err
}

// removeLeftOvers removes what killed processes left: files that were not yet
// in their place, and directories of both levels. What is in a directory keeps
// it.
func (a *Adapter) removeLeftOvers() error {
	outer, err := directories(a.dir)
	if err != nil {
		return err
	}
	err = a.inRoot(func(root *os.Root) error {
		return sharedfiles.RemoveLeftOvers(root, append(outer, ".")...)
	})
	if isAbsent(err) {
		return nil
	}
	return err
}
