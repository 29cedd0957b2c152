package gocronlock

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/go-co-op/gocron/v2"

	"github.com/mosparo/go-cluster/lock"
	"github.com/mosparo/go-cluster/lock/internal/names"
)

// Defaults of the leases; see the package's text.
const (
	DefaultMinHold = 5 * time.Second
	DefaultTTL     = 5 * time.Second
)

// Prefix is the prefix of the names of the locks; the job's name follows.
const Prefix = "gocron."

// Locker is a [gocron.Locker], for gocron.WithDistributedLocker and
// WithDistributedJobLocker. It is safe for concurrent use; one may serve
// several schedulers.
type Locker struct {
	locker *lock.Locker
	opts   []lock.AcquireOption

	mu     sync.Mutex
	leases map[string]*lock.Lease
}

var _ gocron.Locker = (*Locker)(nil)

// New returns a gocron locker over a [lock.Locker], which stays the caller's
// to close, after the scheduler's Shutdown. The options are those of every
// lease, after the defaults. It panics if locker or an option is nil.
func New(locker *lock.Locker, opts ...lock.AcquireOption) *Locker {
	if locker == nil {
		panic("gocronlock.New: locker is nil")
	}
	for _, o := range opts {
		if o == nil {
			panic("gocronlock.New: opts has a nil AcquireOption")
		}
	}
	defaults := []lock.AcquireOption{lock.WithTTL(DefaultTTL), lock.WithMinHold(DefaultMinHold)}
	return &Locker{locker: locker, opts: append(defaults, opts...), leases: map[string]*lock.Lease{}}
}

// Lock implements [gocron.Locker]: it takes the lock of a job, or returns why
// the job is not to run on this node now: an error of [lock.Locker.Acquire], or
// [*lock.ArgumentError] for a job whose name begins with [lock.ReservedPrefix].
// The end of ctx does not end the lock.
func (l *Locker) Lock(ctx context.Context, job string) (gocron.Lock, error) {
	if strings.HasPrefix(job, lock.ReservedPrefix) {
		return nil, &lock.ArgumentError{Arg: "name of the job", Reason: fmt.Sprintf("begins with %q, as the library's own names do", lock.ReservedPrefix)}
	}
	lease, err := l.locker.Acquire(ctx, Name(job), l.opts...)
	if err != nil {
		return nil, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.leases[job] = lease
	return &held{l, job, lease}, nil
}

// Lease is what the running job holds, nil when the job does not run on this
// node. A job that must not go on without its lock works with the lease's
// Context, and a job that writes to a store passes on its Fence.
func (l *Locker) Lease(job string) *lock.Lease {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.leases[job]
}

type held struct {
	l     *Locker
	job   string
	lease *lock.Lease
}

// Unlock implements [gocron.Lock]; it works also when ctx has ended.
func (h *held) Unlock(ctx context.Context) error {
	h.l.mu.Lock()
	if h.l.leases[h.job] == h.lease {
		delete(h.l.leases, h.job)
	}
	h.l.mu.Unlock()
	return h.lease.Release(ctx)
}

// Name is the name of a job's lock, for operators who look for it. A job's
// name that is too long for a lock ends with a hash instead.
func Name(job string) string {
	name := Prefix + job
	if len(name) <= names.Max {
		return name
	}
	sum := sha256.Sum256([]byte(job))
	end := "~" + hex.EncodeToString(sum[:16])
	return name[:names.Max-len(end)] + end
}
