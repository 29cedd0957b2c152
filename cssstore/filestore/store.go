package cssstore

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/mosparo/go-cluster/cache"
	"github.com/mosparo/go-cluster/cache/sharedfiles"
	"github.com/mosparo/go-cluster/lock"
)

// Files is the [Store] in the folder public/resources of an installation of
// mosparo, where web servers find {uuid}/{hash}.css without asking anybody. The
// folder may be on NFS, and PHP nodes may write in it at the same time: files
// appear complete, by a rename, and what a PHP node removes is gone.
//
// The current version of a project is the newest of its files. Earlier ones
// stay for a grace time, so that they do not vanish under a visitor who has a
// link to them, and as long as mappings.php names them; PHP removes them at once. Files and folders get the mode, and
// as far as we may the owner and group, of the folder that they are made in; it
// is an error if its owner, presumably PHP, could not replace them. In a sticky
// or world-writable folder only PHP's user, the owner of mosparo's directory,
// and root, which hands over to that user, store anything; package sharedfiles
// says how that user is known, and which symbolic links are followed on the way
// to the folder. Other processes get cache.ErrUnavailable.
//
// Temporary files that killed processes left go an hour later, with the next Put.
//
// It implements [Store], [Lister], [Versioner] and [Pruner]. Make one with [NewFiles].
type Files struct {
	dir      string
	locker   *lock.Locker
	grace    time.Duration
	mappings bool
	logger   *slog.Logger
	sweeper  sharedfiles.Sweeper
}

var _ interface {
	Store
	Lister
	Versioner
	Pruner
} = (*Files)(nil)

// FilesOption changes a default of [NewFiles].
type FilesOption func(*Files)

// DefaultGrace is how long an earlier version stays after another one took its
// place.
const DefaultGrace = time.Hour

// WithGrace replaces [DefaultGrace]; 0 removes earlier versions at once, as PHP
// does, but those that mappings.php names. It panics if d is below zero.
func WithGrace(d time.Duration) FilesOption {
	if d < 0 {
		panic("cssstore: negative duration for WithGrace")
	}
	return func(f *Files) { f.grace = d }
}

// WithMappings also keeps mappings.php, by which PHP's front controller
// redirects from /resources/{uuid}.css: Put adds or changes the entry of the
// project, Delete removes it. It is off by default, since the file is PHP code:
// one that does not return plain data is left alone, and is an error.
//
// PHP's opcache does not notice what another program writes unless
// opcache.validate_timestamps is on (the default), and then only after
// opcache.revalidate_freq (2 seconds). With it off, let PHP reload after a
// change (systemctl reload php-fpm), or leave mappings.php to PHP: without an
// entry PHP asks the database, and finds the file as well.
func WithMappings() FilesOption { return func(f *Files) { f.mappings = true } }

// WithFilesLogger logs what could not be removed. The default, and nil, log
// nothing.
func WithFilesLogger(l *slog.Logger) FilesOption {
	if l == nil {
		l = slog.New(slog.DiscardHandler)
	}
	return func(f *Files) { f.logger = l }
}

// NewFiles returns the store in the folder, mosparo's public/resources, which
// must be there. Versions are stored without a lock. Writers of mappings.php take
// turns by the lock (flock) of a file in the folder, mosparoGo.lock, so that
// folders on the disks of several nodes have nothing to do with one another. Only
// where the file system has no locks they take turns through the locker, under the
// name mosparo/cssmappings, or, if that is nil, not at all. PHP takes no lock in any
// case. Nothing is read or made before the first request.
func NewFiles(resources string, locker *lock.Locker, opts ...FilesOption) *Files {
	f := &Files{dir: resources, locker: locker, grace: DefaultGrace, logger: slog.New(slog.DiscardHandler)}
	for _, o := range opts {
		o(f)
	}
	return f
}

// Get implements [Store].
func (f *Files) Get(ctx context.Context, project UUID) (Resource, error) {
	r, err := f.find(ctx, project, func(all []cssFile) (cssFile, bool) { return newest(all) })
	return r, wrap("get", project, err)
}

// Version implements [Versioner].
func (f *Files) Version(ctx context.Context, project UUID, hash Hash) (Resource, error) {
	r, err := f.find(ctx, project, func(all []cssFile) (cssFile, bool) {
		i := slices.IndexFunc(all, func(c cssFile) bool { return c.hash == hash })
		if i < 0 {
			return cssFile{}, false
		}
		return all[i], true
	})
	return r, wrap("get", project, err)
}

// Hash implements [Store].
func (f *Files) Hash(ctx context.Context, project UUID) (Hash, error) {
	var hash Hash
	err := f.look(ctx, project, newest, func(_ *os.Root, c cssFile) error {
		hash = c.hash
		return nil
	})
	return hash, wrap("hash", project, err)
}

func (f *Files) find(ctx context.Context, project UUID, which func([]cssFile) (cssFile, bool)) (r Resource, err error) {
	err = f.look(ctx, project, which, func(root *os.Root, c cssFile) (err error) {
		r, err = readVersion(root, project, c)
		return err
	})
	return r, err
}

// attempts is how often something is tried that PHP has pulled away.
const attempts = 3

// look finds a version and does something with its file. Between two looks
// into a folder, and even during one, a version can take the place of another:
// so nothing found counts only when it is found again.
func (f *Files) look(ctx context.Context, project UUID, which func([]cssFile) (cssFile, bool), do func(*os.Root, cssFile) error) error {
	return f.inRoot(ctx, func(root *os.Root) error {
		for range attempts {
			all, err := versions(root, project)
			if err != nil {
				return err
			}
			c, ok := which(all)
			if !ok {
				if _, err := root.Stat(project.String()); err != nil {
					break // not even a folder
				}
				continue
			}
			if err = do(root, c); !errors.Is(err, fs.ErrNotExist) {
				return err
			}
		}
		return ErrNotFound
	})
}

// maxFile limits what is read, in bytes.
const maxFile = cache.DefaultMaxValueSize

func readVersion(root *os.Root, project UUID, c cssFile) (Resource, error) {
	file, err := root.Open(c.path(project))
	if err != nil {
		return Resource{}, err
	}
	defer file.Close()
	css, err := io.ReadAll(io.LimitReader(file, maxFile+1))
	if err == nil && len(css) > maxFile {
		err = fmt.Errorf("%w: file of more than %d bytes", cache.ErrTooLarge, maxFile)
	}
	return Resource{Project: project, Hash: c.hash, CSS: css, Settled: true, Modified: c.modified}, err
}

// List implements [Lister]: the projects that have a folder.
func (f *Files) List(ctx context.Context) iter.Seq2[UUID, error] {
	return func(yield func(UUID, error) bool) {
		var all []UUID
		err := f.inRoot(ctx, func(root *os.Root) (err error) {
			all, err = folders(root)
			return err
		})
		if err != nil {
			yield(UUID{}, fmt.Errorf("cssstore: list: %w", err))
			return
		}
		for _, project := range all {
			if !yield(project, nil) {
				return
			}
		}
	}
}

func folders(root *os.Root) ([]UUID, error) {
	entries, err := readDir(root, ".")
	var all []UUID
	for _, e := range entries {
		if project, err := ParseUUID(e.Name()); err == nil && e.IsDir() {
			all = append(all, project)
		}
	}
	return all, err
}

// cssFile is one version.
type cssFile struct {
	hash     Hash
	modified time.Time
}

func (c cssFile) path(project UUID) string { return cssPath(project, c.hash) }

func cssPath(project UUID, hash Hash) string { return project.String() + "/" + hash.String() + ".css" }

// versions are the files of a project, the newest first. Of two that are
// equally old the order is by name, so that all nodes see the same.
func versions(root *os.Root, project UUID) ([]cssFile, error) {
	entries, err := readDir(root, project.String())
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	var all []cssFile
	for _, e := range entries {
		name, ok := strings.CutSuffix(e.Name(), ".css")
		hash, notHash := ParseHash(name)
		if !ok || notHash != nil || !e.Type().IsRegular() {
			continue
		}
		fi, err := e.Info()
		if err != nil {
			continue // removed meanwhile
		}
		all = append(all, cssFile{hash: hash, modified: fi.ModTime()})
	}
	slices.SortFunc(all, func(a, b cssFile) int {
		return cmp.Or(b.modified.Compare(a.modified), slices.Compare(b.hash[:], a.hash[:]))
	})
	return all, err
}

func newest(all []cssFile) (cssFile, bool) {
	if len(all) == 0 {
		return cssFile{}, false
	}
	return all[0], true
}

func readDir(root *os.Root, name string) ([]fs.DirEntry, error) {
	dir, err := root.Open(name)
	if err != nil {
		return nil, err
	}
	defer dir.Close()
	return dir.ReadDir(-1)
}

// inRoot runs what looks at or changes files. [os.Root] keeps it below the
// folder even if the user who owns it has put symbolic links there: we may be
// root, and PHP is not. It is tried again when a file on NFS was replaced by
// another machine in between.
func (f *Files) inRoot(ctx context.Context, do func(*os.Root) error) error {
	var err error
	for range attempts {
		if err := ctx.Err(); err != nil {
			return context.Cause(ctx)
		}
		if err = f.once(do); !sharedfiles.IsStale(err) {
			break
		}
	}
	return classify(err)
}

// folder is the folder; mosparo's directory is two above public/resources.
func (f *Files) folder() sharedfiles.Folder {
	folder := sharedfiles.Folder{Path: f.dir}
	if public := filepath.Dir(filepath.Clean(f.dir)); filepath.Base(f.dir) == "resources" && filepath.Base(public) == "public" {
		folder.OwnerOf = filepath.Dir(public)
	}
	return folder
}

func (f *Files) once(do func(*os.Root) error) error {
	root, err := f.folder().Open()
	if err != nil {
		return err
	}
	defer root.Close()
	return do(root)
}
