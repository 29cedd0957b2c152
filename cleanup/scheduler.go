package cleanup

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
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

// Mode says whether a scheduler may change anything.
type Mode int

const (
	// ModeObserve is a dry run: the scheduler reads and logs what it would do, and
	// writes nothing anywhere. Use it unless the node is certainly connected to the
	// cluster's own database.
	ModeObserve Mode = iota
	// ModeClean takes part in the cleanup.
	ModeClean
)

// String returns the mode in lower_snake_case.
func (m Mode) String() string {
	if m == ModeClean {
		return "clean"
	}
	return "observe"
}

// Defaults of a [Scheduler].
const (
	defaultGuard    = 250 * time.Millisecond
	defaultLeaseTTL = 30 * time.Second
	defaultPoll     = time.Minute
	// The time to read leaves a database time for a failover.
	defaultWriteTimeout = 15 * time.Second
	defaultReadTimeout  = 40 * time.Second
)

// New returns a scheduler, which observes with mosparo's default policy unless
// [WithMode] and [WithPolicy] say otherwise. It starts nothing. Pool, locker and
// database must be those of one cluster. If the backend of the locker is not exclusive
// and shared by all Go nodes (see [lock.Properties]), only the handshake with PHP nodes
// keeps them apart, which has races. New panics if pool, locker or db is nil.
func New(pool *cache.Pool, locker *lock.Locker, db Database, opts ...Option) *Scheduler {
	must(pool != nil, "New", "pool", "nil")
	must(locker != nil, "New", "locker", "nil")
	must(db != nil, "New", "db", "nil")
	s := &Scheduler{
		pool: pool, locker: locker, db: db, clean: db.Clean, policy: Policy{}.WithDefaults(), executor: ExecutorFrontendAPI,
		logger: slog.New(slog.DiscardHandler), observe: func(context.Context, Event) {}, limits: map[Executor]Limits{},
		guard: defaultGuard, leaseTTL: defaultLeaseTTL, poll: defaultPoll,
		writeTimeout: defaultWriteTimeout, readTimeout: defaultReadTimeout,
		random: rand.N[time.Duration], logged: map[string]bool{}, noted: runhistory.History{},
	}
	for _, o := range opts {
		o(s)
	}
	if c, ok := db.(Checker); ok {
		s.checks = append(s.checks, func(ctx context.Context, v Snapshot) error { return c.Check(ctx, s.policy, v) })
	}
	return s
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
