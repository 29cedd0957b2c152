package filestore

import (
	"context"
	"iter"
	"log/slog"
	"os"
	"slices"
	"time"

	"github.com/mosparo/go-cluster/cache/sharedfiles"
	"github.com/mosparo/go-cluster/cssstore"
	"github.com/mosparo/go-cluster/cssstore/internal/operr"
	"github.com/mosparo/go-cluster/cssstore/internal/option"
	"github.com/mosparo/go-cluster/lock"
)

// Store is a [cssstore.Store] in a directory. It is also a [cssstore.Lister],
// [cssstore.HashAddressed] and [cssstore.Pruner]. It is safe for concurrent use. Make
// one with [New].
type Store struct {
	dir      string
	locker   *lock.Locker
	grace    time.Duration
	mappings bool
	logger   *slog.Logger
	sweeper  sharedfiles.Sweeper
}

var _ interface {
	cssstore.Store
	cssstore.Lister
	cssstore.HashAddressed
	cssstore.Pruner
} = (*Store)(nil)

// Option changes a default of [New].
type Option func(*Store)

// DefaultGrace is how long a version is kept after another one replaced it.
const DefaultGrace = time.Hour

// WithGrace sets how long a version is kept after another one replaced it. The default
// is [DefaultGrace]. With 0 earlier versions are removed immediately, as in PHP, except
// those that mappings.php refers to. It panics if d is negative.
func WithGrace(d time.Duration) Option {
	if d < 0 {
		panic("filestore: WithGrace: d is negative")
	}
	return func(s *Store) { s.grace = d }
}

// WithMappings also maintains mappings.php, with which PHP's front controller redirects
// from /resources/{uuid}.css without a query: Put adds or changes the entry of the
// project, Delete removes it. It is off by default, since the file is PHP code. A file
// that does not return plain data is left as it is, and is an error.
//
// Go nodes change the file one after the other, under the flock of the file
// mosparoGo.lock in the directory, for which they wait for up to 10 seconds; see also
// [WithLocker]. PHP takes no lock: if it overwrites a change three times, the error is
// [cssstore.ErrOverwritten].
//
// PHP's opcache sees the change if opcache.validate_timestamps is on (the default),
// after opcache.revalidate_freq (2 seconds). If it is off, reload PHP after a change
// (systemctl reload php-fpm), or do without this option: for a project without an
// entry PHP reads the hash from the database.
func WithMappings() Option { return func(s *Store) { s.mappings = true } }

// WithLocker sets the locker with which changes of mappings.php take the lock
// mosparo/cssmappings if the file system has no flock. Without it (the default, and
// nil) concurrent changes are possible there. On a file system with flock the locker is
// not used.
func WithLocker(l *lock.Locker) Option { return func(s *Store) { s.locker = l } }

// WithLogger logs old versions that could not be removed. The default, and nil, log
// nothing.
func WithLogger(l *slog.Logger) Option {
	if l == nil {
		l = slog.New(slog.DiscardHandler)
	}
	return func(s *Store) { s.logger = l }
}

// New returns a store in a directory, mosparo's public/resources. It reads and creates
// nothing. If the directory does not exist when the store is used, the error is
// cache.ErrUnavailable. It panics if an option is nil.
func New(resources string, opts ...Option) *Store {
	s := &Store{dir: resources, grace: DefaultGrace, logger: slog.New(slog.DiscardHandler)}
	option.Apply("filestore: New", s, opts)
	return s
}

// Get implements [cssstore.Store].
func (s *Store) Get(ctx context.Context, project cssstore.UUID) (cssstore.Resource, error) {
	r, err := s.read(ctx, project, newest)
	return r, operr.Wrap("get", project, err)
}

// Version implements [cssstore.Versioner].
func (s *Store) Version(ctx context.Context, project cssstore.UUID, hash cssstore.Hash) (cssstore.Resource, error) {
	r, err := s.read(ctx, project, func(all []cssFile) (cssFile, bool) {
		i := slices.IndexFunc(all, func(c cssFile) bool { return c.hash == hash })
		if i < 0 {
			return cssFile{}, false
		}
		return all[i], true
	})
	return r, operr.Wrap("get", project, err)
}

// HashAddressed implements [cssstore.HashAddressed].
func (s *Store) HashAddressed() {}

// Hash implements [cssstore.Store].
func (s *Store) Hash(ctx context.Context, project cssstore.UUID) (cssstore.Hash, error) {
	var hash cssstore.Hash
	err := s.find(ctx, project, newest, func(_ *os.Root, c cssFile) error {
		hash = c.hash
		return nil
	})
	return hash, operr.Wrap("hash", project, err)
}

// Put implements [cssstore.Store].
func (s *Store) Put(ctx context.Context, r cssstore.Resource) error {
	err := r.Check()
	if err == nil {
		err = s.inRoot(ctx, func(root *os.Root) error { return s.put(root, &r) })
	}
	if err == nil && s.mappings {
		err = s.changeMappings(ctx, func(m *mappings) { m.set(r.Project, r.Hash) })
	}
	if err == nil {
		s.pruneOne(ctx, r.Project)
	}
	return operr.Wrap("put", r.Project, err)
}

// Delete implements [cssstore.Store]. It removes the directory of the project with
// everything in it and, with [WithMappings], first the entry in mappings.php.
func (s *Store) Delete(ctx context.Context, project cssstore.UUID) error {
	var err error
	if s.mappings {
		err = s.changeMappings(ctx, func(m *mappings) { m.remove(project) })
	}
	if err == nil {
		err = s.inRoot(ctx, func(root *os.Root) error { return removeFolder(root, project.String()) })
	}
	return operr.Wrap("delete", project, err)
}

// List implements [cssstore.Lister]. It yields the projects that have a directory.
func (s *Store) List(ctx context.Context) iter.Seq2[cssstore.UUID, error] {
	return func(yield func(cssstore.UUID, error) bool) {
		var all []cssstore.UUID
		err := s.inRoot(ctx, func(root *os.Root) (err error) {
			all, err = projectFolders(root)
			return err
		})
		if err != nil {
			yield(cssstore.UUID{}, operr.WrapAll("list", err))
			return
		}
		for _, project := range all {
			if !yield(project, nil) {
				return
			}
		}
	}
}
