package doctor

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/mosparo/go-cluster/cache/fileadapter"
	"github.com/mosparo/go-cluster/cache/sharedfiles"
	"github.com/mosparo/go-cluster/cleanup"
	"github.com/mosparo/go-cluster/envconfig/connect"
	"github.com/mosparo/go-cluster/lock"
)

// cacheFiles examines the directory of the filesystem cache.
func (e *examination) cacheFiles(ctx context.Context) (r result) {
	r.part = Part{Name: "cache", Kind: "filesystem"}
	adapter, err := connect.Cache(e.settings, e.connect...)
	if err != nil {
		r.add(cannotOpen("cache", err))
		return r
	}
	defer adapter.Close()
	files, ok := adapter.(*fileadapter.Adapter)
	if !ok {
		return r
	}
	dir := files.Dir()
	r.part.Server = dir
	e.examineDir(&r, dir)
	e.examineLocks(&r, filepath.Join(filepath.Dir(dir), lock.KeyPrefix))
	latency, err := ping(ctx, func(ctx context.Context) error {
		_, err := files.Get(ctx, string(cleanup.NextCleanup))
		return err
	})
	if err != nil {
		r.add(Finding{
			Code: "cache_unreadable", Severity: Error, Subject: "cache", What: fmt.Sprintf("the cache in %s cannot be read: %v", dir, err),
			Consequence: "this node does not clean, and finds no CSS in the cache",
			Remedy:      "run this program as PHP's user, or in its group, and let FILESYSTEM_CACHE_PATH name a directory that only they can write",
		})
		return r
	}
	r.part.Latency = latency
	r.add(latencyFinding("cache", latency)...)
	return r
}

// examineDir looks at owner and mode of the directory, or of the nearest one above it that
// exists: it is made in that one.
func (e *examination) examineDir(r *result, dir string) {
	fi, err := os.Stat(dir)
	at := dir
	for errors.Is(err, fs.ErrNotExist) && at != filepath.Dir(at) {
		at = filepath.Dir(at)
		fi, err = os.Stat(at)
	}
	if err != nil {
		return // reading says why
	}
	r.fact("directory", at)
	r.fact("mode", describe(fi))
	if at != dir {
		r.add(Finding{
			Code: "cache_dir_missing", Severity: Note, Subject: "cache", What: fmt.Sprintf("%s does not exist; no node on this host has written to the cache yet", dir),
			Consequence: "the first one that writes makes it, with the rights of " + at, Remedy: "see whether FILESYSTEM_CACHE_PATH is the same on all nodes, if you expect entries",
		})
	}
	uid, _, _ := sharedfiles.Owner(fi)
	php, known := phpUser(e.settings.Dir)
	switch {
	case !mayWrite(fi):
		r.add(Finding{
			Code: "cache_dir_not_writable", Severity: e.writeSeverity(), Subject: "cache", What: fmt.Sprintf("this user (uid %d) may not write in %s (%s)", os.Geteuid(), at, describe(fi)),
			Consequence: "a node that cleans gets no lock and saves no schedule; one that only observes does not need it",
			Remedy:      "run this program as PHP's user, or put both into one group that may write there (chmod g+ws)",
		})
	case isWritableByAll(fi):
		r.add(Finding{
			Code: "cache_dir_world_writable", Severity: Warning, Subject: "cache", What: fmt.Sprintf("every user of this host may write in %s (%s)", at, describe(fi)),
			Consequence: "another user can plant entries, which PHP passes to unserialize(), and a Go node writes there only if it is PHP's user",
			Remedy:      "set FILESYSTEM_CACHE_PATH to a directory of PHP's user",
		})
	case known && uid != php:
		r.add(Finding{
			Code: "cache_dir_other_owner", Severity: Warning, Subject: "cache", What: fmt.Sprintf("%s belongs to uid %d, and mosparo's directory to uid %d", at, uid, php),
			Consequence: "PHP can perhaps not write to the cache",
			Remedy:      fmt.Sprintf("give it to PHP's user: chown -R %d %s", php, at),
		})
	}
}

// examineLocks looks at the directory of the locks, which the first node that takes one
// makes.
func (e *examination) examineLocks(r *result, dir string) {
	fi, err := os.Stat(dir)
	if err != nil {
		return
	}
	r.fact("lock_directory", dir)
	r.fact("lock_directory_mode", describe(fi))
	if !mayWrite(fi) {
		r.add(Finding{
			Code: "lock_dir_not_writable", Severity: e.writeSeverity(), Subject: "locks", What: fmt.Sprintf("this user (uid %d) may not write in %s (%s)", os.Geteuid(), dir, describe(fi)),
			Consequence: "a node that cleans gets no lock; one that only observes does not need it",
			Remedy:      "run all Go nodes as one user, or in one group that may write there (chmod g+ws)",
		})
	}
}
