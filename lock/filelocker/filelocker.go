package filelocker

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/mosparo/go-cluster/cache/sharedfiles"
	"github.com/mosparo/go-cluster/lock"
)

// Backend is a [lock.Backend] in a directory. It implements [lock.Lister] and
// [lock.Breaker]. It is safe for concurrent use, also by several processes and
// machines. Make one with [New].
type Backend struct {
	dir     string
	ownerOf string
	clock   clock
	sweeper sharedfiles.Sweeper // by the file server's clock
}

// Option changes a default of [New].
type Option func(*Backend)

// WithOwnerOf names mosparo's directory, whose owner is taken for PHP's user
// when the directory of the locks, or something in it, is made in a sticky or
// world-writable directory; see the package. Empty, the default, means that it
// is not known.
func WithOwnerOf(mosparo string) Option {
	return func(b *Backend) { b.ownerOf = mosparo }
}

// New returns the locks in dir. Nothing is read or made before the first
// request; the directory is made if need be. All nodes must see the same
// directory. An error means a directory that cannot be used for locks, or a
// system without flock, then it unwraps to [errors.ErrUnsupported]. It panics if an
// option is nil.
func New(dir string, opts ...Option) (*Backend, error) {
	if !sharedfiles.HasFlock {
		return nil, fmt.Errorf("filelocker: no locks between processes on this system: %w", errors.ErrUnsupported)
	}
	if dir == "" {
		return nil, errors.New("filelocker: no directory")
	}
	abs, err := filepath.Abs(dir)
	if err != nil {
		return nil, fmt.Errorf("filelocker: directory %q: %w", dir, err)
	}
	parts := strings.Split(filepath.ToSlash(abs), "/")
	if isInEntries(parts) {
		return nil, fmt.Errorf("filelocker: %s lies in the entries of a cache, where PHP removes files", abs)
	}
	if i := slices.Index(parts, "resources"); i > 0 && parts[i-1] == "public" {
		return nil, fmt.Errorf("filelocker: %s lies in public/resources, which the web server publishes", abs)
	}
	b := &Backend{dir: abs, clock: serverTime}
	for _, o := range opts {
		if o == nil {
			panic("filelocker.New: opts has a nil Option")
		}
		o(b)
	}
	return b, nil
}

// isInEntries reports whether a path leads into the @ directory of a cache,
// which has directories of one character; others may have that name too.
func isInEntries(parts []string) bool {
	for i, p := range parts {
		if p == "@" && (i >= len(parts)-2 || len(parts[i+1]) == 1) {
			return true
		}
	}
	return false
}

func (b *Backend) folder() sharedfiles.Folder {
	return sharedfiles.Folder{Path: b.dir, OwnerOf: b.ownerOf}
}

// Dir returns the directory of the locks, absolute.
func (b *Backend) Dir() string { return b.dir }

// File returns the absolute path of the file that keeps, or would keep, a name.
func (b *Backend) File(name string) string { return filepath.Join(b.dir, fileName(name)) }

// Properties implements [lock.Backend]. The margin covers the tick in which
// the server counts modification times, and that its clock may run a little
// faster than the holder's. Where modification times are whole seconds, a
// lease is kept two seconds longer.
func (b *Backend) Properties() lock.Properties {
	return lock.Properties{Exclusive: true, Shared: true, Fencing: true, MinTTL: 100 * time.Millisecond, Margin: 25 * time.Millisecond}
}

// Acquire implements [lock.Backend].
func (b *Backend) Acquire(ctx context.Context, name string, c lock.Claim, ttl time.Duration) (uint64, error) {
	if !c.Token.IsValid() {
		return 0, &lock.ArgumentError{Arg: "token", Reason: "has another length than those of a Locker"}
	}
	var fence uint64
	err := b.change(ctx, name, true, func(f *found) (*record, error) {
		switch {
		case f.damaged:
			return f.quarantine()
		case f.live() && f.record.Token != c.Token:
			return f.heldByOther()
		case !f.live():
			f.record.claim(c, f.now)
		}
		f.record.TTL = ttl
		fence = f.record.Fence
		return &f.record, nil
	})
	if err != nil {
		return 0, err
	}
	return fence, nil
}

// claim makes the record that of a new holder.
func (r *record) claim(c lock.Claim, now time.Time) {
	r.Token, r.Owner = c.Token, c.Owner
	if c.Unfenced {
		r.Fence = 0 // nothing is to be remembered
		return
	}
	r.Fence = max(r.Fence+1, micro(now))
}

// micro returns a time as the fencing tokens contain it, in microseconds.
func micro(t time.Time) uint64 { return uint64(max(t.UnixMicro(), 0)) }

// Renew implements [lock.Backend].
func (b *Backend) Renew(ctx context.Context, name string, token lock.Token, ttl time.Duration) error {
	return b.withHeld(ctx, name, token, func(r *record) { r.TTL = ttl })
}

// Release implements [lock.Backend].
func (b *Backend) Release(ctx context.Context, name string, token lock.Token) error {
	return b.withHeld(ctx, name, token, (*record).free)
}

// withHeld applies change to the record if token holds name, else returns
// ErrLost.
func (b *Backend) withHeld(ctx context.Context, name string, token lock.Token, change func(*record)) error {
	err := b.change(ctx, name, false, func(f *found) (*record, error) {
		if f.damaged || !f.live() || f.record.Token != token {
			return nil, lock.ErrLost
		}
		change(&f.record)
		return &f.record, nil
	})
	if errors.Is(err, fs.ErrNotExist) {
		return lock.ErrLost
	}
	return err
}

// Break implements [lock.Breaker]. It repairs a damaged record as well.
func (b *Backend) Break(ctx context.Context, name string) error {
	err := b.change(ctx, name, false, func(f *found) (*record, error) {
		switch {
		case f.damaged:
			f.record.Fence = micro(f.now)
		case !f.live():
			return nil, lock.ErrNotHeld
		}
		f.record.free()
		return &f.record, nil
	})
	if errors.Is(err, fs.ErrNotExist) {
		return lock.ErrNotHeld
	}
	return err
}

// quarantine is how long a name counts as held whose record is damaged: it is not
// known for how long its holder counts on it, who learns of it at the next
// renewal.
const quarantine = time.Hour

func (f *found) quarantine() (*record, error) {
	r := f.record
	r.Token, r.TTL, r.Fence = lock.Token(strings.Repeat("-", 22)), quarantine, micro(f.now)
	r.Owner = lock.Owner{Host: "unknown, the record was damaged", Since: f.now}
	return &r, &lock.HeldError{Name: f.name, Owner: r.Owner, ExpiresIn: r.TTL}
}

// heldByOther leaves the record as it is, unless the server's clock was set
// back: then its age cannot be told, and it starts again, or the name would be
// held until the clock has caught up.
func (f *found) heldByOther() (*record, error) {
	err := &lock.HeldError{Name: f.name, Owner: f.record.Owner, ExpiresIn: f.left()}
	if f.now.UnixNano() < f.record.Written {
		return &f.record, err
	}
	return nil, err
}

// left is what remains of the lease.
func (f *found) left() time.Duration { return f.record.left(f.now) }

func (f *found) live() bool { return f.record.Token != "" && f.left() > 0 }

// coarseTimes is added to leases where modification times are whole seconds,
// or even ones.
const coarseTimes = 2 * time.Second

func (r *record) left(now time.Time) time.Duration {
	age := max(now.UnixNano()-r.Written, 0)
	left := r.TTL - time.Duration(age)
	if now.Nanosecond() == 0 && r.Written%int64(time.Second) == 0 && left < math.MaxInt64-coarseTimes {
		left += coarseTimes
	}
	return left
}

// free ends the lease and keeps the fence.
func (r *record) free() { r.Token, r.Owner, r.TTL = "", lock.Owner{}, 0 }
