package filelocker

import (
	"os"
	"time"

	"github.com/mosparo/go-cluster/cache/sharedfiles"
)

// SetClock makes the file server's clock what now returns.
func (b *Backend) SetClock(now func() time.Time) {
	b.clock = func(*os.Root, *os.File) (time.Time, error) { return now(), nil }
}

// AsOnTheNetwork asks for the time as on a network file system.
func (b *Backend) AsOnTheNetwork() {
	b.clock = func(root *os.Root, _ *os.File) (time.Time, error) { return sharedfiles.ServerTime(root) }
}

// MakeWithoutLinks makes the file of a name as where there are no links; before
// is called when it has its name and nothing else.
func (b *Backend) MakeWithoutLinks(name string, before func()) error {
	root, err := os.OpenRoot(b.dir)
	if err != nil {
		return err
	}
	defer root.Close()
	f, err := root.OpenFile(fileName(name), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	dir, err := root.Stat(".")
	if err != nil {
		return err
	}
	before()
	return b.fill(root, f, fileName(name), dir)
}

const (
	SlotSize   = slotSize
	FileSize   = fileSize
	Quarantine = quarantine
	Unused     = unused
)
