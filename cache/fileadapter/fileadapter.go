package fileadapter

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"math"
	"os"
	"path/filepath"
	"sync/atomic"
	"time"

	"github.com/mosparo/go-cluster/cache"
	"github.com/mosparo/go-cluster/cache/adapterkit"
	"github.com/mosparo/go-cluster/cache/sharedfiles"
)

// Adapter is a cache in a directory. It implements [cache.Adapter] and
// [cache.Clearer], [cache.Expirer], [cache.Lister], [cache.Limiter],
// [cache.Pinger], [cache.Pruner]. It is safe for concurrent use, also by
// several processes, PHP among them. Make one with [New].
type Adapter struct {
	// dir is the absolute directory of the namespace, …/@.
	dir       string
	ownerOf   string
	namespace string
	maxValue  int
	logger    *slog.Logger

	owned   cache.KeyPatterns
	state   adapterkit.State
	warned  atomic.Bool
	sweeper sharedfiles.Sweeper
	// linksChecked is when readers last checked the links to dir, in Unix
	// nanoseconds.
	linksChecked atomic.Int64
}

var _ interface {
	cache.Adapter
	cache.Clearer
	cache.Expirer
	cache.Pinger
	cache.Pruner
	cache.Lister
	cache.Limiter
} = (*Adapter)(nil)

// Option changes a default of [New].
type Option func(*Adapter)

// WithNamespace keeps the entries in a directory of this name instead of "@",
// as Symfony does for a pool with a namespace. mosparo uses none.
func WithNamespace(name string) Option {
	return func(a *Adapter) { a.namespace = name }
}

// WithOwnerOf names mosparo's directory, whose owner is taken for PHP's user
// when the adapter makes something in a sticky or world-writable directory; see
// the package. Empty, the default, means that it is not known.
func WithOwnerOf(mosparo string) Option {
	return func(a *Adapter) { a.ownerOf = mosparo }
}

// WithMaxValueSize refuses larger values in both directions with
// [cache.ErrTooLarge], so that a huge file cannot exhaust the memory of its
// reader. The default, also for 0, is [cache.DefaultMaxValueSize]; [math.MaxInt]
// is no limit. It panics if bytes is negative.
func WithMaxValueSize(bytes int) Option {
	if bytes < 0 {
		panic("fileadapter: WithMaxValueSize: bytes is negative")
	}
	limit := cmp.Or(bytes, cache.DefaultMaxValueSize)
	if limit == math.MaxInt {
		limit = 0
	}
	return func(a *Adapter) { a.maxValue = limit }
}

// WithOwned lets [Adapter.Clear] remove the entries whose keys match the
// patterns. Several options add up. The default is none.
func WithOwned(patterns ...string) Option {
	return func(a *Adapter) { a.owned = append(a.owned, patterns...) }
}

// WithLogger logs, once, a directory that PHP can probably not write, or every
// user can. The default, and nil, log nothing.
func WithLogger(l *slog.Logger) Option {
	if l == nil {
		l = slog.New(slog.DiscardHandler)
	}
	return func(a *Adapter) { a.logger = l }
}

// New returns the cache in dir, which is what FILESYSTEM_CACHE_PATH names on
// a PHP node; empty means [DefaultDir]. The entries are below dir/@. Nothing
// is read or made before the first request; [Adapter.Ping] tells whether the
// directory can be used. An error means an invalid namespace or directory.
// A nil option panics.
func New(dir string, opts ...Option) (*Adapter, error) {
	if dir == "" {
		dir = DefaultDir()
	}
	a := &Adapter{namespace: noNamespace, maxValue: cache.DefaultMaxValueSize, logger: slog.New(slog.DiscardHandler)}
	for _, o := range opts {
		if o == nil {
			panic("fileadapter: New: opts has a nil Option")
		}
		o(a)
	}
	switch {
	case a.namespace == "":
		a.namespace = noNamespace
	case a.namespace != noNamespace && !isNamespace(a.namespace):
		return nil, fmt.Errorf("fileadapter: namespace %q has other characters than [-+_.A-Za-z0-9]", a.namespace)
	}
	abs, err := filepath.Abs(dir)
	if err != nil {
		return nil, fmt.Errorf("fileadapter: directory %q: %w", dir, err)
	}
	a.dir = filepath.Join(abs, a.namespace)
	return a, nil
}

// folder is the directory of the namespace.
func (a *Adapter) folder() sharedfiles.Folder {
	return sharedfiles.Folder{Path: a.dir, OwnerOf: a.ownerOf}
}

// Dir returns the directory of the entries, absolute, with the namespace.
func (a *Adapter) Dir() string { return a.dir }

// File returns the absolute path of the file that holds, or would hold, the key.
func (a *Adapter) File(key string) string {
	return filepath.Join(a.dir, filepath.FromSlash(entryPath(key)))
}

// Get implements [cache.Adapter]. As in Symfony, a file that does not hold
// the key asked for is a miss, and an expired file is removed on sight. What
// is no regular file (a symbolic link either) is a miss.
func (a *Adapter) Get(ctx context.Context, keys ...string) ([][]byte, error) {
	values := make([][]byte, len(keys))
	var failed adapterkit.Failures
	for i, k := range keys {
		err := a.state.Check(ctx)
		if err == nil {
			values[i], _, err = a.read(k)
		}
		failed.Add(k, err)
	}
	return values, failed.Error("get")
}

// Set implements [cache.Adapter]. Lifetimes end at the first full second that
// gives an entry at least its TTL. All items are written to temporary files
// first and then put in place one right after the other.
func (a *Adapter) Set(ctx context.Context, items ...cache.Item) error {
	if len(items) == 0 {
		return nil
	}
	if err := adapterkit.CheckItems(items, a.maxValue); err != nil {
		return err
	}
	failed, err := a.write(ctx, items)
	if err != nil {
		return adapterkit.Error("set", failed, err)
	}
	return nil
}

// Delete implements [cache.Adapter].
func (a *Adapter) Delete(ctx context.Context, keys ...string) error {
	for i, k := range keys {
		err := a.state.Check(ctx)
		if err == nil {
			err = a.inRoot(func(root *os.Root) error { return root.Remove(entryPath(k)) })
		}
		if err != nil && !isAbsent(err) {
			return adapterkit.Error("delete", keys[i:], classify(err))
		}
	}
	return nil
}

// Close makes every later call [cache.ErrClosed]. There is nothing to
// release.
func (a *Adapter) Close() error {
	a.state.Close()
	return nil
}

// MaxValueSize implements [cache.Limiter].
func (a *Adapter) MaxValueSize() int { return a.maxValue }

// inRoot runs what changes files. [os.Root] keeps it below the directory even
// if the user who owns the directory has put symbolic links into it: we may
// be root, and PHP is not.
func (a *Adapter) inRoot(do func(*os.Root) error) error {
	return retryStale(func() error {
		root, err := a.folder().Open()
		if err != nil {
			return err
		}
		defer root.Close()
		return do(root)
	})
}

// expiry is the first full second that gives an entry at least its TTL.
func expiry(now time.Time, ttl time.Duration) int64 {
	if ttl == 0 {
		return 0
	}
	end := now.Add(ttl)
	if end.Nanosecond() > 0 {
		return end.Unix() + 1
	}
	return end.Unix()
}

func isAbsent(err error) bool {
	return errors.Is(err, fs.ErrNotExist) || isNotDirectory(err)
}
