package filelocker

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"os"
	"strings"
	"time"

	"github.com/mosparo/go-cluster/cache/sharedfiles"
	"github.com/mosparo/go-cluster/lock"
	"github.com/mosparo/go-cluster/lock/internal/names"
)

// Holder implements [lock.Backend]. Like Holders it may read during a change
// in progress, and then returns the state before it.
func (b *Backend) Holder(ctx context.Context, name string) (lock.Holder, error) {
	if err := context.Cause(ctx); err != nil {
		return lock.Holder{}, err
	}
	root, err := b.root(false)
	if errors.Is(err, fs.ErrNotExist) {
		return lock.Holder{}, lock.ErrNotHeld
	}
	if err != nil {
		return lock.Holder{}, b.classify(err)
	}
	defer root.Close()
	r, err := peek(root, fileName(name))
	if errors.Is(err, fs.ErrNotExist) {
		return lock.Holder{}, lock.ErrNotHeld
	}
	var now time.Time
	if err == nil {
		now, err = b.clock(root, nil)
	}
	if err != nil {
		return lock.Holder{}, b.classify(err)
	}
	if h, held := r.holder(now); held && h.Name == name {
		return h, nil
	}
	return lock.Holder{}, lock.ErrNotHeld
}

// peek reads a record without the flock.
func peek(root *os.Root, file string) (record, error) {
	f, err := root.OpenFile(file, os.O_RDONLY|sharedfiles.NonBlock, 0)
	if err != nil {
		return record{}, err
	}
	defer f.Close()
	fi, err := f.Stat()
	if err != nil {
		return record{}, err
	}
	if !fi.Mode().IsRegular() || fi.Size() > fileSize {
		return record{}, fmt.Errorf("%s is not the file of a lock", f.Name())
	}
	data, err := readAll(f)
	if err != nil {
		return record{}, err
	}
	r, _, damaged := newest(data)
	if damaged {
		return record{}, fmt.Errorf("%s: %w", f.Name(), errBroken)
	}
	return r, nil
}

func (r *record) holder(now time.Time) (lock.Holder, bool) {
	left := r.left(now)
	if r.Token == "" || left <= 0 {
		return lock.Holder{}, false
	}
	name, _ := names.Decode(r.Name) // it was checked
	return lock.Holder{Name: name, Owner: r.Owner, Token: r.Token, Fence: r.Fence, TTL: left}, true
}

// Holders implements [lock.Lister]. What is wrong with a single file comes as
// an error after all others.
func (b *Backend) Holders(ctx context.Context) iter.Seq2[lock.Holder, error] {
	return func(yield func(lock.Holder, error) bool) {
		root, err := b.root(false)
		if errors.Is(err, fs.ErrNotExist) {
			return
		}
		if err != nil {
			yield(lock.Holder{}, b.classify(err))
			return
		}
		defer root.Close()
		now, err := b.clock(root, nil)
		if err != nil {
			yield(lock.Holder{}, b.classify(err))
			return
		}
		var wrong []error
		for e, err := range entries(root) {
			if err == nil {
				err = context.Cause(ctx)
			}
			if err != nil {
				wrong = append(wrong, err)
				break
			}
			if !strings.HasSuffix(e.Name(), suffix) {
				continue
			}
			r, err := peek(root, e.Name())
			if err != nil && !errors.Is(err, fs.ErrNotExist) {
				wrong = append(wrong, err)
			}
			h, held := r.holder(now)
			if err == nil && held && fileName(h.Name) == e.Name() && !yield(h, nil) {
				return
			}
		}
		if len(wrong) > 0 {
			yield(lock.Holder{}, b.classify(errors.Join(wrong...)))
		}
	}
}

// entries yields the entries of the directory.
func entries(root *os.Root) iter.Seq2[fs.DirEntry, error] {
	return func(yield func(fs.DirEntry, error) bool) {
		dir, err := root.Open(".")
		if err != nil {
			yield(nil, err)
			return
		}
		defer dir.Close()
		for {
			some, err := dir.ReadDir(1000)
			for _, e := range some {
				if !yield(e, nil) {
					return
				}
			}
			if err != nil {
				if !errors.Is(err, io.EOF) {
					yield(nil, err)
				}
				return
			}
		}
	}
}
