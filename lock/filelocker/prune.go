package filelocker

import (
	"os"
	"strings"
	"time"

	"github.com/mosparo/go-cluster/cache/fileadapter/inherit"
)

const (
	// unused is how long nobody has asked for a name whose file is removed.
	unused = 30 * 24 * time.Hour
	// pruneEvery and pruneMost bound what is removed.
	pruneEvery = time.Hour
	pruneMost  = 200
)

// pruneNowAndThen removes, when a new name has come, files of old ones:
// names with a slot are used once. What fails is left to the next time.
func (b *Backend) pruneNowAndThen(root *os.Root, now time.Time) {
	last := b.pruned.Load()
	if now.Unix() < last+int64(pruneEvery/time.Second) || !b.pruned.CompareAndSwap(last, now.Unix()) {
		return
	}
	removed := 0
	for e, err := range entries(root) {
		if err != nil || removed >= pruneMost {
			return
		}
		done := false
		switch {
		case strings.HasSuffix(e.Name(), suffix):
			done = removeUnused(root, e.Name(), now)
		case inherit.LeftOver(e.Name(), now):
			done = root.Remove(e.Name()) == nil
		}
		if done {
			removed++
		}
	}
}

// removeUnused removes the file of a name, under its flock, if the next fence
// of the name, which is the time then, will be larger than its last.
func removeUnused(root *os.Root, file string, now time.Time) bool {
	if fi, err := root.Lstat(file); err != nil || now.Sub(fi.ModTime()) < unused {
		return false
	}
	f, err := openFile(root, file)
	if err != nil {
		return false
	}
	defer f.Close()
	if tryFlock(f) != nil || isCurrent(root, f, file) != nil {
		return false
	}
	data, err := readAll(f)
	if err != nil {
		return false
	}
	r, _, damaged := newest(data)
	old := now.Add(-unused)
	if damaged || r.Token != "" && r.left(old) > 0 || r.Fence >= micro(old) {
		return false
	}
	return root.Remove(file) == nil
}
