package filelocker

import (
	"math/rand/v2"
	"os"
	"strings"
	"time"

	"github.com/mosparo/go-cluster/cache/fileadapter/inherit"
)

const (
	// unused is how long nobody has asked for a name whose file is removed.
	unused = 30 * 24 * time.Hour
	// pruneEvery and pruneMost bound what is looked at, since somebody waits
	// for his lock meanwhile.
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
	var names []string
	for e, err := range entries(root) {
		if err == nil {
			names = append(names, e.Name())
		}
	}
	rand.Shuffle(len(names), func(i, j int) { names[i], names[j] = names[j], names[i] })
	for _, name := range names[:min(len(names), pruneMost)] {
		switch {
		case strings.HasSuffix(name, suffix):
			removeUnused(root, name, now)
		case inherit.LeftOver(name, now):
			_ = root.Remove(name)
		}
	}
}

// removeUnused removes the file of a name, under its flock, if the next fence
// of the name, which is the time then, will be larger than its last.
func removeUnused(root *os.Root, file string, now time.Time) {
	if fi, err := root.Lstat(file); err != nil || now.Sub(fi.ModTime()) < unused {
		return
	}
	f, err := openFile(root, file)
	if err != nil {
		return
	}
	defer f.Close()
	if tryFlock(f) != nil || isCurrent(root, f, file) != nil {
		return
	}
	data, err := readAll(f)
	if err != nil {
		return
	}
	r, _, damaged := newest(data)
	old := now.Add(-unused)
	if damaged || r.Token != "" && r.left(old) > 0 || r.Fence >= micro(old) {
		return
	}
	_ = root.Remove(file)
}
