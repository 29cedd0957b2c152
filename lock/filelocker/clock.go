package filelocker

import (
	"os"
	"time"

	"github.com/mosparo/go-cluster/cache/sharedfiles"
)

// clock returns the file server's time. f is a file in root, under our flock, or
// nil.
type clock func(root *os.Root, f *os.File) (time.Time, error)

// serverTime returns the modification time of a file just written. On a file system
// of this machine that is f. Elsewhere it is a new file: the client of a
// network file system may write to an existing one later, and time it itself,
// but only the server makes one.
func serverTime(root *os.Root, f *os.File) (time.Time, error) {
	if f == nil || !isLocal(f) {
		return sharedfiles.ServerTime(root)
	}
	if _, err := f.WriteAt([]byte{'.'}, clockAt); err != nil {
		return time.Time{}, err
	}
	fi, err := f.Stat()
	if err != nil {
		return time.Time{}, err
	}
	return fi.ModTime(), nil
}
