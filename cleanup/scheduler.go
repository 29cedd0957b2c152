package cleanup

import (
	"cmp"
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

// Scheduler runs the cleanup of a mosparo cluster on a Go node, beside PHP nodes
// and other Go nodes. Its methods are safe for concurrent use.
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
	// Each bounds a step.
	writeTimeout, readTimeout time.Duration

	mu           sync.Mutex
	logged       map[string]bool // messages of logOnce
	lastLogged   string          // result and error of the last attempt
	lastRuns     []Run           // the newest runs when they were last read
	searchedRuns []Run           // the runs in which overlaps were searched
	overlaps     map[[2]int64]bool
	checkedAt    time.Time
	checkErr     error
	noted        runhistory.History // what this process has written
}

// Mode says whether a scheduler may change anything.
type Mode int

const (
	// ModeObserve is a dry run: the scheduler reads and logs what it would do,
	// and writes nothing anywhere. Use it unless the node surely is connected to
	// the cluster's own database.
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
// database must be those of one cluster. A locker whose backend is not shared by
// all Go nodes (see [lock.Properties]) does not keep them apart: then only the
// handshake with PHP nodes does, which may miss one. New panics if one of the first
// three is nil.
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

// DryRun reports what a run without limits would delete now, and deletes nothing.
// It takes no lock and asks no checks. If the database is no [DryRunner], the error
// wraps [errors.ErrUnsupported].
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

// Option changes a default of [New].
type Option func(*Scheduler)

// WithMode sets the mode; the default is [ModeObserve]. It panics if there is no
// such mode.
func WithMode(m Mode) Option {
	must(m == ModeObserve || m == ModeClean, "WithMode", "m", "no mode")
	return func(s *Scheduler) { s.mode = m }
}

// WithPolicy sets the policy; the default is mosparo's. It panics if the policy is
// not valid; see [Policy.Validate].
func WithPolicy(p Policy) Option {
	if err := p.Validate(); err != nil {
		panic("cleanup: WithPolicy: p: " + err.Error())
	}
	return func(s *Scheduler) { s.policy = p.WithDefaults() }
}

// WithExtra adds functions that clean after the database, under the same lock and
// limits, as one run: its report is the sum of all. They obey the rules of
// [Database].Clean. One that fails does not keep the next from running. WithExtra
// panics if one is nil.
func WithExtra(cleaners ...func(ctx context.Context, j Job) (Report, error)) Option {
	for i, c := range cleaners {
		must(c != nil, "WithExtra", fmt.Sprintf("cleaners[%d]", i), "nil")
	}
	return func(s *Scheduler) {
		for _, c := range cleaners {
			s.clean = inSequence(s.clean, c)
		}
	}
}

// WithCheck adds a check, which is asked when [Scheduler.Run] starts and under the
// lock before anything is written; all must pass. It changes nothing. An error that
// wraps [ErrRefused] says why this node may not clean; any other means that the
// answer is unknown, and nothing is done either. WithCheck panics if check is nil.
func WithCheck(check func(ctx context.Context, s Snapshot) error) Option {
	must(check != nil, "WithCheck", "check", "nil")
	return func(s *Scheduler) { s.checks = append(s.checks, check) }
}

// WithExecutor sets the executor of the runs of [Scheduler.Run]; the default is
// [ExecutorFrontendAPI]. If it is the command or the web cron job, Run does not
// wait for the grace period, which is there to let them come first; it obeys the
// schedule. It panics if mosparo has no such executor.
func WithExecutor(e Executor) Option {
	must(e.isKnown(), "WithExecutor", "e", "no executor of mosparo")
	return func(s *Scheduler) { s.executor = e }
}

// WithLimits sets the limits of the runs of an executor. By default they are
// mosparo's in TryRun, and none in Run. It panics if rows or time are negative, or
// if mosparo has no such executor.
func WithLimits(e Executor, l Limits) Option {
	must(e.isKnown(), "WithLimits", "e", "no executor of mosparo")
	l.mustBeValid("WithLimits")
	return func(s *Scheduler) { s.limits[e] = l }
}

// WithLogger logs one line for each run, and what an operator must know. The
// default, also for nil, logs nothing.
func WithLogger(l *slog.Logger) Option {
	return func(s *Scheduler) {
		if s.logger = l; l == nil {
			s.logger = slog.New(slog.DiscardHandler)
		}
	}
}

// WithObserver calls f after every attempt, also one that finds nothing to do. f
// must not block; nil is no observer.
func WithObserver(f func(context.Context, Event)) Option {
	return func(s *Scheduler) {
		if s.observe = f; f == nil {
			s.observe = func(context.Context, Event) {}
		}
	}
}

// WithGuard sets how long a run waits between its row in the statistics and the
// first delete, so that a PHP node that read the statistics before shows itself.
// The default, also for 0, is 250 ms. PHP nodes that stall for longer are noticed
// between rounds. It panics if d is negative.
func WithGuard(d time.Duration) Option {
	notNegative(d, "WithGuard", "d")
	return func(s *Scheduler) { s.guard = cmp.Or(d, defaultGuard) }
}

// WithLeaseTTL sets how long other Go nodes wait for a crashed one; the default,
// also for 0, is 30 s. It panics if d is negative.
func WithLeaseTTL(d time.Duration) Option {
	notNegative(d, "WithLeaseTTL", "d")
	return func(s *Scheduler) { s.leaseTTL = cmp.Or(d, defaultLeaseTTL) }
}

// WithPoll sets the longest time between two attempts of Run; the default, also
// for 0, is one minute. It panics if d is negative.
func WithPoll(d time.Duration) Option {
	notNegative(d, "WithPoll", "d")
	return func(s *Scheduler) { s.poll = cmp.Or(d, defaultPoll) }
}

// WithCallTimeout bounds each step in which a scheduler asks cache and database
// beside the cleaning itself, so that a server that hangs does not hang the
// scheduler. The default, also for 0, is 15 s to write and 40 s to read, which
// leaves a database time for a failover. It panics if d is negative. The end of a
// run is saved within 10 s in any case.
func WithCallTimeout(d time.Duration) Option {
	notNegative(d, "WithCallTimeout", "d")
	return func(s *Scheduler) {
		s.writeTimeout, s.readTimeout = cmp.Or(d, defaultWriteTimeout), cmp.Or(d, defaultReadTimeout)
	}
}

// WithRandom sets the source of the random parts of all pauses: f returns a
// duration of 0 up to, not including, n > 0. The default, also for nil, is
// [rand.N]; a simulation with a seed has its own. f is called from several
// goroutines.
func WithRandom(f func(n time.Duration) time.Duration) Option {
	return func(s *Scheduler) {
		if s.random = f; f == nil {
			s.random = rand.N[time.Duration]
		}
	}
}
