package filelocker

import (
	"context"
	"errors"
	"io/fs"
	"math/rand/v2"
	"os"
	"strings"
	"time"

	"github.com/mosparo/go-cluster/cache/sharedfiles"
	"github.com/mosparo/go-cluster/lock"
)

const (
	// unused is how long no process has asked for a name with fences whose file is
	// removed.
	unused = 30 * 24 * time.Hour
	// slotUnused is the same for a name without a fence, as used slots are.
	slotUnused = time.Hour
	// pruneMost bounds what is looked at, since a caller waits for its lock
	// meanwhile. If more than pruneAgain of it goes, the next look is soon.
	pruneMost  = 200
	pruneAgain = pruneMost / 10
)

// pruneIfDue removes what killed processes left, and some files of names that are
// not used any more: names with a slot are used once. What fails is left to the
// next time.
func (b *Backend) pruneIfDue(root *os.Root, now time.Time) {
	if !b.sweeper.Due(now) {
		return
	}
	var names []string
	for e, err := range entries(root) {
		switch {
		case err != nil:
		case sharedfiles.IsLeftOver(root, e.Name(), now):
			_ = root.Remove(e.Name())
		case strings.HasSuffix(e.Name(), suffix):
			names = append(names, e.Name())
		}
	}
	rand.Shuffle(len(names), func(i, j int) { names[i], names[j] = names[j], names[i] })
	removed := 0
	for _, name := range names[:min(len(names), pruneMost)] {
		if removeUnused(root, name, now) {
			removed++
		}
	}
	if removed > pruneAgain {
		b.sweeper.Hurry(now)
	}
}

// removeUnused removes the file of a free name, under its flock, that has no
// fence, as used slots have none, or whose next fence, which is the time then,
// will be larger than its last. It reports whether it did.
func removeUnused(root *os.Root, file string, now time.Time) bool {
	fi, err := root.Lstat(file)
	if err != nil || now.Sub(fi.ModTime()) < slotUnused {
		return false
	}
	err = removeIf(root, file, func(r record, damaged bool) error {
		old := now
		if r.Fence > 0 {
			old = now.Add(-unused)
		}
		if damaged || fi.ModTime().After(old) || r.Token != "" && r.left(old) > 0 || r.Fence >= micro(old) {
			return errKept
		}
		return nil
	})
	return err == nil
}

// errKept: the file is still needed.
var errKept = errors.New("still needed")

// removeIf removes the file of a name, under its flock, if may has nothing
// against it.
func removeIf(root *os.Root, file string, may func(r record, damaged bool) error) error {
	f, err := openFile(root, file)
	if err != nil {
		return err
	}
	defer f.Close()
	if err := sharedfiles.TryFlock(f); err != nil {
		return err
	}
	if err := isCurrent(root, f, file); err != nil {
		return err
	}
	data, err := readAll(f)
	if err != nil {
		return err
	}
	r, _, damaged := newest(data)
	if err := may(r, damaged); err != nil {
		return err
	}
	return root.Remove(file)
}

// Clear removes the files of all free names, of any age,
// and the directory if nothing else is left in it; n is how many names those
// were. For each name that is held the error has a [*lock.HeldError]. It is for
// the last node that uses the locks: fences go on with the file server's clock,
// and begin lower where that was set back.
func (b *Backend) Clear(ctx context.Context) (n int, err error) {
	root, err := b.root(false)
	if errors.Is(err, fs.ErrNotExist) {
		return 0, nil
	}
	if err != nil {
		return 0, b.classify(err)
	}
	defer root.Close()
	now, err := b.clock(root, nil)
	if err != nil {
		return 0, b.classify(err)
	}
	var wrong []error
	for e, err := range entries(root) {
		if err == nil {
			err = context.Cause(ctx)
		}
		if err != nil {
			wrong = append(wrong, b.classify(err))
			break
		}
		switch name := e.Name(); {
		case sharedfiles.IsLeftOver(root, name, now):
			_ = root.Remove(name)
		case strings.HasSuffix(name, suffix):
			err := removeIf(root, name, func(r record, _ bool) error {
				if h, held := r.holder(now); held {
					return &lock.HeldError{Name: h.Name, Owner: h.Owner, ExpiresIn: h.TTL}
				}
				return nil
			})
			if err != nil {
				wrong = append(wrong, b.classify(err))
				continue
			}
			n++
		}
	}
	if fi, err := os.Lstat(b.dir); len(wrong) == 0 && err == nil && fi.IsDir() { // no link to it
		_ = os.Remove(b.dir) // stays if it is not empty
	}
	return n, errors.Join(wrong...)
}
