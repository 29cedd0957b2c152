package cleanup

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/mosparo/go-cluster/cache"
	"github.com/mosparo/go-cluster/cleanup/internal/runhistory"
	"github.com/mosparo/go-cluster/lock"
)

// Scheduler runs the cleanup of a mosparo cluster on a Go node. Its methods are safe for
// concurrent use.
type Scheduler struct {
	pool   *cache.Pool
	locker *lock.Locker
	db     Database
	clean  cleanFunc // of db, and then those of WithExtra
	policy Policy    // with its defaults
	mode   Mode

	logger   *slog.Logger
	observe  func(context.Context, Event)
	checks   []func(context.Context, Snapshot) error
	limits   map[Executor]Limits
	guard    time.Duration
	leaseTTL time.Duration
	poll     time.Duration
	executor Executor
	random   func(n time.Duration) time.Duration
	// The timeouts of one step.
	writeTimeout, readTimeout time.Duration
	readers                   sync.Pool // of *keyReader

	mu           sync.Mutex
	logged       map[string]bool // messages of logOnce
	lastLogged   string          // result and error of the last attempt
	lastRuns     []Run           // of the last snapshot
	searchedRuns []Run           // the runs whose overlaps are known
	overlaps     map[[2]int64]bool
	checkedAt    time.Time
	checkErr     error
	noted        runhistory.History // the notes that this process has written
}

const (
	// ModeObserve is a dry run: the scheduler reads and logs what it would do, and
	// writes nothing anywhere. Use it unless the node is certainly connected to the
	// cluster's own database.
	ModeObserve Mode = iota
	// ModeClean takes part in the cleanup.
	ModeClean
)

// Mode says whether a scheduler may change anything.
type Mode int

// String returns the mode in lower_snake_case.
func (m Mode) String() string {
	if m == ModeClean {
		return "clean"
	}
	return "observe"
}

// DryRun reports what a run without limits would delete now, and deletes nothing. It
// takes no lock, makes no checks and leaves out the cleaners of [WithExtra]. If the
// database is no [DryRunner], the error wraps [errors.ErrUnsupported].
func (s *Scheduler) DryRun(ctx context.Context) (Report, error) {
	d, ok := s.db.(DryRunner)
	if !ok {
		return Report{}, fmt.Errorf("cleanup: dry run: %w", errors.ErrUnsupported)
	}
	r, err := d.DryRun(ctx, s.policy)
	if err != nil {
		err = fmt.Errorf("cleanup: dry run: %w", err)
	}
	return r, err
}
