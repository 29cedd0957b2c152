package cleanup

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/mosparo/go-cluster/cache"
	"github.com/mosparo/go-cluster/lock"
)

// Mode says whether a scheduler may change anything.
type Mode int

const (
	// Observe reads and says what it would do, and writes nothing anywhere. It
	// is right for a node whose database is not surely the cluster's.
	Observe Mode = iota
	// Clean takes part.
	Clean
)

// String names the mode.
func (m Mode) String() string {
	if m == Clean {
		return "clean"
	}
	return "observe"
}

// Scheduler runs the cleanup of a mosparo cluster on a Go node, beside PHP
// nodes and other Go nodes. Its methods are safe for concurrent use.
type Scheduler struct {
	pool   *cache.Pool
	locker *lock.Locker
	db     Statistics
	clean  Cleaner
	policy Policy
	mode   Mode

	logger  *slog.Logger
	observe func(Event)
	checks  []Check
	limits  map[Executor]Limits
	guard   time.Duration
	leaseT  time.Duration
	poll    time.Duration
	loop    Executor

	mu      sync.Mutex
	noticed map[string]bool // what has been logged once
}

// Check looks, under the lock and before anything is written, whether this
// node may clean. An error that wraps [ErrRefused] says why not; any other
// means that nobody knows, and that nothing is done either.
type Check func(ctx context.Context, s State) error

// Event tells an observer of one attempt that did more than find that nothing
// is due.
type Event struct {
	Executor Executor
	Result   Result
	Report   Report
	Duration time.Duration
	Err      error
}

// Option changes a default of [New].
type Option func(*Scheduler)

// WithLogger logs one line a run, and what an operator must know. The default
// logs nothing.
func WithLogger(l *slog.Logger) Option { return func(s *Scheduler) { s.logger = l } }

// WithObserver calls f after every attempt that did something, failed or was
// refused. f must not block.
func WithObserver(f func(Event)) Option { return func(s *Scheduler) { s.observe = f } }

// WithCheck adds a check; all must pass.
func WithCheck(c Check) Option { return func(s *Scheduler) { s.checks = append(s.checks, c) } }

// WithLimits sets the limits of the runs of an executor. By default they are
// mosparo's in TryRun, and none in Run.
func WithLimits(e Executor, l Limits) Option { return func(s *Scheduler) { s.limits[e] = l } }

// WithGuard is how long a run waits between its statistic row and the first
// delete, so that a PHP node which looked before the row was there shows itself.
// The default is [DefaultGuard]. PHP nodes that stall for longer are noticed
// between rounds.
func WithGuard(d time.Duration) Option { return func(s *Scheduler) { s.guard = d } }

// WithLeaseTTL is how long other Go nodes wait for a dead one; the default is
// [DefaultLeaseTTL].
func WithLeaseTTL(d time.Duration) Option { return func(s *Scheduler) { s.leaseT = d } }

// WithPoll is the longest time between two looks of Run at the schedule, which
// other nodes may change; the default is [DefaultPoll].
func WithPoll(d time.Duration) Option { return func(s *Scheduler) { s.poll = d } }

// WithExecutor is who Run counts as; the default is the frontend, to which
// schedule and grace period apply.
func WithExecutor(e Executor) Option { return func(s *Scheduler) { s.loop = e } }

// Defaults of a [Scheduler].
const (
	DefaultGuard    = 250 * time.Millisecond
	DefaultLeaseTTL = 30 * time.Second
	DefaultPoll     = time.Minute
)

// New returns a scheduler. It starts nothing. Pool, locker and statistics must
// be those of one cluster: a locker whose backend is not shared by all Go nodes
// (see [lock.Properties]) does not keep them apart, and then only the handshake
// does, which a node may miss.
func New(pool *cache.Pool, locker *lock.Locker, db Statistics, c Cleaner, p Policy, m Mode, opts ...Option) *Scheduler {
	s := &Scheduler{
		pool: pool, locker: locker, db: db, clean: c, policy: p, mode: m,
		logger: slog.New(slog.DiscardHandler), observe: func(Event) {},
		limits: map[Executor]Limits{}, guard: DefaultGuard, leaseT: DefaultLeaseTTL, poll: DefaultPoll,
		loop: ExecutorFrontendAPI, noticed: map[string]bool{},
	}
	for _, o := range opts {
		o(s)
	}
	return s
}

// Attempt is the outcome of a TryRun. Its Decision is zero, and says nothing,
// where the lock, the cache or the database could not be asked.
type Attempt struct {
	Result   Result
	Decision Decision
	// Report is that of the cleaner, if it ran.
	Report Report
	// Duration is how long the cleaner ran.
	Duration time.Duration
	// RetryAfter is when to try again at the earliest, 0 if the decision says.
	RetryAfter time.Duration
}

// mosparo's limits, by executor. The web cron job has 80 % of PHP's execution
// time there, which a Go node does not have.
func phpLimits(e Executor) Limits {
	switch e {
	case ExecutorCommand, ExecutorWebCronJob:
		return Limits{}
	default:
		return Limits{Rounds: 10, Time: 1500 * time.Millisecond}
	}
}

// TryRun looks whether the cleanup is due and runs it, as mosparo does for the
// executor. It returns when the run is over. Without a lock there is no run.
//
// The error is nil for all of mosparo's results but for an [Unfinished] run
// that failed. A run stops between two statements when ctx ends, and leaves a
// state from which any node goes on.
func (s *Scheduler) TryRun(ctx context.Context, by Executor) (Attempt, error) {
	l, ok := s.limits[by]
	if !ok {
		l = phpLimits(by)
	}
	return s.try(ctx, by, l)
}

func (s *Scheduler) try(ctx context.Context, by Executor, l Limits) (Attempt, error) {
	began := time.Now()
	a, err := s.attempt(ctx, by, l)
	if err != nil {
		err = fmt.Errorf("cleanup: %w", err)
	}
	if a.Result != NextCleanupInTheFuture || err != nil {
		s.report(ctx, by, a, time.Since(began), err)
	}
	return a, err
}

// report is the one log line of an attempt.
func (s *Scheduler) report(ctx context.Context, by Executor, a Attempt, took time.Duration, err error) {
	level := slog.LevelInfo
	attrs := []slog.Attr{slog.String("executor", by.String()), slog.String("result", a.Result.String()), slog.Duration("duration", took)}
	if a.Result == Completed || a.Result == Unfinished {
		attrs = append(attrs, slog.Int("deleted_submissions", a.Report.DeletedSubmissions), slog.Int("deleted_tokens", a.Report.DeletedTokens))
	}
	if err != nil {
		level = slog.LevelWarn
		attrs = append(attrs, slog.Any("error", err))
	}
	s.logger.LogAttrs(ctx, level, "cleanup", attrs...)
	s.observe(Event{Executor: by, Result: a.Result, Report: a.Report, Duration: took, Err: err})
}

func (s *Scheduler) attempt(ctx context.Context, by Executor, l Limits) (Attempt, error) {
	v, err := s.look(ctx)
	if err != nil {
		return Attempt{Result: Unavailable}, err
	}
	a := Attempt{Decision: s.policy.Decide(v.state, time.Now(), by.Forced())}
	a.Result = a.Decision.Result
	if s.mode == Observe {
		if a.Decision.Run {
			a.Result = Observed
		}
		return a, nil
	}
	if !a.Decision.Run && !v.fresh() && v.record == nil {
		return a, nil
	}
	lease, err := s.locker.Acquire(ctx, LockName, lock.WithTTL(s.leaseT), lock.WithLabel("cleanup by "+by.String()))
	switch {
	case errors.Is(err, lock.ErrHeld):
		a.Result = CleanupRunningAlready
		return a, nil
	case err != nil:
		a.Result = Unavailable
		return a, err
	}
	r := &run{s: s, by: by, limits: l, lease: lease}
	a, err = r.underLock(ctx)
	if rel := lease.Release(ctx); rel != nil && err == nil && a.Result == Completed && !errors.Is(rel, lock.ErrUnavailable) {
		err = rel
	}
	return a, err
}

// once logs something the first time only.
func (s *Scheduler) once(ctx context.Context, level slog.Level, msg string, attrs ...slog.Attr) {
	s.mu.Lock()
	seen := s.noticed[msg]
	s.noticed[msg] = true
	s.mu.Unlock()
	if !seen {
		s.logger.LogAttrs(ctx, level, msg, attrs...)
	}
}
