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
	"github.com/mosparo/go-cluster/lock"
)

// Store is the [cssstore.Store] in a folder, and a [cssstore.Lister],
// [cssstore.HashAddressed] and [cssstore.Pruner]. It is safe for concurrent use.
// Make one with [New].
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

// DefaultGrace is how long an earlier version stays after another one took its
// place.
const DefaultGrace = time.Hour

// WithGrace replaces [DefaultGrace]; 0 removes earlier versions immediately, as
// PHP does, but those that mappings.php names. It panics if d is negative.
func WithGrace(d time.Duration) Option {
	if d < 0 {
		panic("filestore: WithGrace: d is negative")
	}
	return func(s *Store) { s.grace = d }
}

// WithMappings also maintains mappings.php, by which PHP's front controller
// redirects from /resources/{uuid}.css: Put adds or changes the entry of the
// project, Delete removes it. It is off by default, since the file is PHP code:
// one that does not return plain data stays as it is, and is an error.
//
// Go writers exclude each other by the flock of a file in the folder,
// mosparoGo.lock, for which they wait for 10 seconds; see also [WithLocker]. PHP
// takes no lock: if it overwrites a change three times, the error is
// [cssstore.ErrOverwritten].
//
// PHP's opcache does not notice what another program writes unless
// opcache.validate_timestamps is on (the default), and then only after
// opcache.revalidate_freq (2 seconds). With it off, let PHP reload after a
// change (systemctl reload php-fpm), or leave mappings.php to PHP: without an
// entry PHP asks the database, and finds the file as well.
func WithMappings() Option { return func(s *Store) { s.mappings = true } }

// WithLocker lets writers of mappings.php exclude each other by the lock
// mosparo/cssmappings where the file system has no flock. Without it (the
// default, and nil) they do not exclude each other there. Where there is a flock
// the locker is not used: folders on the disks of several nodes are independent.
func WithLocker(l *lock.Locker) Option { return func(s *Store) { s.locker = l } }

// WithLogger logs what could not be removed. The default, and nil, log nothing.
func WithLogger(l *slog.Logger) Option {
	if l == nil {
		l = slog.New(slog.DiscardHandler)
	}
	return func(s *Store) { s.logger = l }
}

// New returns the store in a folder, mosparo's public/resources. Nothing is read
// or made before the first request; a folder that does not exist then is
// cache.ErrUnavailable. Versions are stored without a lock.
func New(resources string, opts ...Option) *Store {
	s := &Store{dir: resources, grace: DefaultGrace, logger: slog.New(slog.DiscardHandler)}
	for _, o := range opts {
		o(s)
	}
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

// Delete implements [cssstore.Store]: it removes the folder with all that is in
// it, and with [WithMappings] the entry there before.
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

// List implements [cssstore.Lister]: the projects that have a folder.
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
