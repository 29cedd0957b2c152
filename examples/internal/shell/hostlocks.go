package shell

import (
	"fmt"
	"os"
	"os/user"
	"path/filepath"

	"github.com/mosparo/go-cluster/lock/filelocker"
)

// HostLocks returns locks between the processes of one user on this host. They are in the
// user's cache directory: in the system's temporary directory other users could take
// their names.
func HostLocks() (*filelocker.Backend, error) {
	dir, err := os.UserCacheDir()
	if err != nil { // cron and systemd may set no HOME
		u, uerr := user.Current()
		if uerr != nil {
			return nil, fmt.Errorf("no directory for the locks of this host: %w", uerr)
		}
		dir = filepath.Join(u.HomeDir, ".cache")
	}
	dir = filepath.Join(dir, "mosparo-locks")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	return filelocker.New(dir)
}
