package filelocker

import (
	"os"
	"time"
)

// SetClock makes the file server's clock what now returns.
func (b *Backend) SetClock(now func() time.Time) {
	b.clock = func(*os.Root, *os.File) (time.Time, error) { return now(), nil }
}

// AsOnTheNetwork asks for the time as on a network file system.
func (b *Backend) AsOnTheNetwork() {
	b.clock = func(root *os.Root, _ *os.File) (time.Time, error) { return timeOfNew(root) }
}

const (
	SlotSize   = slotSize
	FileSize   = fileSize
	Quarantine = quarantine
	Unused     = unused
)
