package fileadapter

import (
	"io/fs"
	"os"

	"github.com/mosparo/go-cluster/cache/sharedfiles"
)

// ShutOutError says that what this process makes in the directory could not be used by
// its owner, presumably PHP. It comes together with [cache.ErrUnauthorized].
// Remedies: run as the owner of the directory, or make it writable for a common
// group (chmod g+ws).
type ShutOutError = sharedfiles.ShutOutError

// makeDir makes the directory of the cache, if need be with those above it.
func (a *Adapter) makeDir() error {
	if err := sharedfiles.Directory(a.dir); err != nil {
		return err
	}
	if fi, err := os.Stat(a.dir); err == nil {
		a.warn(fi)
	}
	return nil
}

// warn tells the operator of a root process that PHP will not be able to
// write. It is no error: PHP may run as root too.
func (a *Adapter) warn(dir fs.FileInfo) {
	uid, _, known := sharedfiles.Owner(dir)
	if !known || os.Geteuid() != 0 || uid != 0 || dir.Mode().Perm()&0o022 != 0 || a.warned.Swap(true) {
		return
	}
	a.logger.Warn("the cache directory is writable for root only: PHP cannot write there unless it runs as root", "dir", a.dir)
}
