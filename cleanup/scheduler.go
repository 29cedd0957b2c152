package cleanup

import (
	"cmp"
	"context"
	"log/slog"
	"math/rand/v2"
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
	// callTimeout bounds what is written in one step, lookTimeout what is read.
	callTimeout, lookTimeout time.Duration
	poll                     time.Duration
	loop                     Executor
	random                   func(n time.Duration) time.Duration

	mu       sync.Mutex
	noticed  map[string]bool // what has been logged once
	seen     []Row           // the newest rows when they were last read
	judged   []Row           // the rows in which overlaps were looked for
	overlaps map[[2]int64]bool
	ready    Readiness
	noted    notes  // runs of this process, and those that it has ended
	last     string // result and error that were logged last
}

// Check looks, when a node starts and then under the lock before anything is
// written, whether this node may clean. It changes nothing. An error that wraps [ErrRefused] says why not; any other
// means that nobody knows, and that nothing is done either.
type Check func(ctx context.Context, s State) error

// Option changes a default of [New].
type Option func(*Scheduler)

// WithLogger logs one line a run, and what an operator must know. The default,
// also for nil, logs nothing.
func WithLogger(l *slog.Logger) Option {
	return func(s *Scheduler) {
		if s.logger = l; l == nil {
			s.logger = slog.New(slog.DiscardHandler)
		}
	}
}

// WithCheck adds a check; all must pass. It panics if c is nil.
func WithCheck(c Check) Option {
	must(c != nil, "WithCheck", "c", "nil")
	return func(s *Scheduler) { s.checks = append(s.checks, c) }
}

// WithLimits sets the limits of the runs of an executor. By default they are
// mosparo's in TryRun, and none in Run. It panics if rows or time are negative.
func WithLimits(e Executor, l Limits) Option {
	must(e.known(), "WithLimits", "e", "no executor of mosparo")
	l.must("WithLimits")
	return func(s *Scheduler) { s.limits[e] = l }
}

// WithGuard is how long a run waits between its statistic row and the first
// delete, so that a PHP node which looked before the row was there shows itself.
// The default, also for 0, is [DefaultGuard]. PHP nodes that stall for longer are
// noticed between rounds. It panics if d is negative.
func WithGuard(d time.Duration) Option {
	notNegative(d, "WithGuard", "d")
	return func(s *Scheduler) { s.guard = cmp.Or(d, DefaultGuard) }
}

// WithLeaseTTL is how long other Go nodes wait for a dead one; the default, also
// for 0, is [DefaultLeaseTTL]. It panics if d is negative.
func WithLeaseTTL(d time.Duration) Option {
	notNegative(d, "WithLeaseTTL", "d")
	return func(s *Scheduler) { s.leaseT = cmp.Or(d, DefaultLeaseTTL) }
}

// WithPoll is the longest time between two looks of Run at the schedule, which
// other nodes may change; the default, also for 0, is [DefaultPoll]. It panics if
// d is negative.
func WithPoll(d time.Duration) Option {
	notNegative(d, "WithPoll", "d")
	return func(s *Scheduler) { s.poll = cmp.Or(d, DefaultPoll) }
}

// WithCallTimeout bounds each step in which a scheduler asks cache and database
// beside the cleaning itself, so that a server that hangs does not hang the
// scheduler. The default, also for 0, is [DefaultCallTimeout] for what is written and
// [DefaultLookTimeout] for what is read. It panics if d is negative. A run that
// ends saves its end within 10 s in any case.
func WithCallTimeout(d time.Duration) Option {
	notNegative(d, "WithCallTimeout", "d")
	return func(s *Scheduler) {
		s.callTimeout, s.lookTimeout = cmp.Or(d, DefaultCallTimeout), cmp.Or(d, DefaultLookTimeout)
	}
}

// WithRandom draws the random parts of all pauses: a duration of 0 up to, not
// including, n > 0. The default, also for nil, is [rand.N]; a simulation with a
// seed has its own. f is called from several goroutines.
func WithRandom(f func(n time.Duration) time.Duration) Option {
	return func(s *Scheduler) {
		if s.random = f; f == nil {
			s.random = rand.N[time.Duration]
		}
	}
}

// WithExecutor is who Run counts as; the default is the frontend. A Run that is
// the cron job (the command or the web cron job) does not wait for the grace
// period, which is there to let it come first; it keeps to the schedule. It panics if
// mosparo has no such executor.
func WithExecutor(e Executor) Option {
	must(e.known(), "WithExecutor", "e", "no executor of mosparo")
	return func(s *Scheduler) { s.loop = e }
}

// Defaults of a [Scheduler].
const (
	DefaultGuard    = 250 * time.Millisecond
	DefaultLeaseTTL = 30 * time.Second
	DefaultPoll     = time.Minute
	// DefaultLookTimeout leaves a database time for a failover.
	DefaultCallTimeout = 15 * time.Second
	DefaultLookTimeout = 40 * time.Second
)

// New returns a scheduler. It starts nothing. Pool, locker and statistics must
// be those of one cluster: a locker whose backend is not shared by all Go nodes
// (see [lock.Properties]) does not keep them apart, and then only the handshake
// does, which a node may miss. New panics if one of the first four is nil, or if
// there is no such mode; numbers of the policy outside their ranges count as the
// defaults, as in mosparo.
func New(pool *cache.Pool, locker *lock.Locker, db Statistics, c Cleaner, p Policy, m Mode, opts ...Option) *Scheduler {
	must(pool != nil, "New", "pool", "nil")
	must(locker != nil, "New", "locker", "nil")
	must(db != nil, "New", "db", "nil")
	must(c != nil, "New", "c", "nil")
	must(m == Observe || m == Clean, "New", "m", "no mode")
	s := &Scheduler{
		pool: pool, locker: locker, db: db, clean: c, policy: p, mode: m,
		logger: slog.New(slog.DiscardHandler), observe: func(Event) {},
		limits: map[Executor]Limits{}, guard: DefaultGuard, leaseT: DefaultLeaseTTL, poll: DefaultPoll,
		callTimeout: DefaultCallTimeout, lookTimeout: DefaultLookTimeout,
		loop: ExecutorFrontendAPI, random: rand.N[time.Duration], noticed: map[string]bool{}, noted: notes{},
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
	// Stopped says why a run ended between two rounds although it had not
	// failed: it wraps [ErrStranger] or [ErrPaused].
	Stopped error
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

// TryOption changes one [Scheduler.TryRun].
type TryOption func(*order)

// WhenDue keeps also a forced executor to the schedule, the marker and the grace
// period, as if it were a frontend. Its limits and its number stay.
func WhenDue() TryOption { return func(o *order) { o.forced = false } }

// TryRun looks whether the cleanup is due and runs it, as mosparo does for the
// executor: the command and the web cron job do not ask whether it is due, but
// for [WhenDue]. It returns when the run is over. Without a lock there is no run.
//
// The error is nil for all of mosparo's results but for a run that failed or
// whose end could not be saved. A run stops between two statements when ctx
// ends, and leaves a state from which any node goes on.
func (s *Scheduler) TryRun(ctx context.Context, by Executor, opts ...TryOption) (Attempt, error) {
	l, ok := s.limits[by]
	if !ok {
		l = phpLimits(by)
	}
	o := order{by: by, limits: l, policy: s.policy, forced: by.Forced()}
	for _, opt := range opts {
		opt(&o)
	}
	return s.try(ctx, o)
}
