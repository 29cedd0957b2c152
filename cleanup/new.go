package cleanup

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/mosparo/go-cluster/cache"
	"github.com/mosparo/go-cluster/cleanup/internal/runhistory"
	"github.com/mosparo/go-cluster/lock"
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
		readers: sync.Pool{New: func() any { return newKeyReader() }},
	}
	for _, o := range opts {
		if o == nil {
			panic("cleanup: New: opts has a nil Option")
		}
		o(s)
	}
	if c, ok := db.(Checker); ok {
		s.checks = append(s.checks, func(ctx context.Context, v Snapshot) error { return c.Check(ctx, s.policy, v) })
	}
	return s
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

// WithExtra adds cleaners, such as for an expired cache, that a run calls after the
// database's, under the same lock. They obey the rules of [Database].Clean. The report of
// the run is the sum of all; the time limit is for all together. A cleaner that fails
// does not keep the next from running. WithExtra panics if one is nil.
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

// WithCheck adds a check, which is made when [Scheduler.Run] starts, and under the lock
// before a run writes; all checks must pass. It must write nothing, since nodes that only
// observe make it, too. An error that wraps [ErrRefused] says why this node must not
// clean; after any other the answer is unknown, and nothing is done either. WithCheck
// panics if check is nil.
func WithCheck(check func(ctx context.Context, s Snapshot) error) Option {
	must(check != nil, "WithCheck", "check", "nil")
	return func(s *Scheduler) { s.checks = append(s.checks, check) }
}

// WithExecutor sets the executor of the runs of [Scheduler.Run]; the default is
// [ExecutorFrontendAPI]. A node in the place of mosparo's cron job uses
// [ExecutorCommand] or [ExecutorWebCronJob]: Run does not wait for the grace period
// then, whose purpose is to let these come first. It obeys the schedule all the same.
// WithExecutor panics if mosparo has no such executor.
func WithExecutor(e Executor) Option {
	must(e.isKnown(), "WithExecutor", "e", "no executor of mosparo")
	return func(s *Scheduler) { s.executor = e }
}

// WithLimits sets the limits of the runs of an executor. By default [Scheduler.TryRun]
// has mosparo's, and [Scheduler.Run] has none. WithLimits panics if rows or time are
// negative, or if mosparo has no such executor.
func WithLimits(e Executor, l Limits) Option {
	must(e.isKnown(), "WithLimits", "e", "no executor of mosparo")
	l.mustBeValid("WithLimits")
	return func(s *Scheduler) { s.limits[e] = l }
}

// WithLogger sets the logger: one line for each run, and what an operator must know.
// The default, also for nil, logs nothing.
func WithLogger(l *slog.Logger) Option {
	return func(s *Scheduler) {
		if s.logger = l; l == nil {
			s.logger = slog.New(slog.DiscardHandler)
		}
	}
}

// WithObserver sets a function that is called after every attempt, also if nothing was
// due. It must not block. The default, also for nil, is none.
func WithObserver(f func(context.Context, Event)) Option {
	return func(s *Scheduler) {
		if s.observe = f; f == nil {
			s.observe = func(context.Context, Event) {}
		}
	}
}

// WithGuard sets the guard time: how long a run waits after it has inserted its row, long
// enough for a PHP node that has already read the statistics to insert its own. The
// default, also for 0, is 250 ms; a slower database needs more. PHP nodes that stall for
// longer are detected between rounds. WithGuard panics if d is negative.
func WithGuard(d time.Duration) Option {
	mustNotBeNegative(d, "WithGuard", "d")
	return func(s *Scheduler) { s.guard = cmp.Or(d, defaultGuard) }
}

// WithLeaseTTL sets how long other Go nodes wait for a crashed one, and for how long a
// run survives an outage of the lock server. The default, also for 0, is 30 s. It panics
// if d is negative.
func WithLeaseTTL(d time.Duration) Option {
	mustNotBeNegative(d, "WithLeaseTTL", "d")
	return func(s *Scheduler) { s.leaseTTL = cmp.Or(d, defaultLeaseTTL) }
}

// WithPoll sets the maximum time between two attempts of [Scheduler.Run]; the default,
// also for 0, is one minute. It panics if d is negative.
func WithPoll(d time.Duration) Option {
	mustNotBeNegative(d, "WithPoll", "d")
	return func(s *Scheduler) { s.poll = cmp.Or(d, defaultPoll) }
}

// WithCallTimeout sets the timeout of each step that reads or writes cache and database,
// except the cleaning itself and saving its end, which may take 10 s. The default, also
// for 0, is 15 s to write and 40 s to read, which leaves a database time for a failover.
// It panics if d is negative.
func WithCallTimeout(d time.Duration) Option {
	mustNotBeNegative(d, "WithCallTimeout", "d")
	return func(s *Scheduler) {
		s.writeTimeout, s.readTimeout = cmp.Or(d, defaultWriteTimeout), cmp.Or(d, defaultReadTimeout)
	}
}

// WithRandom sets the source of the random part of all delays, for a simulation that
// runs the same way again from the same seed. f returns a duration from 0 up to but not
// including n, which is above 0; it is called from several goroutines. The default, also
// for nil, is [rand.N].
func WithRandom(f func(n time.Duration) time.Duration) Option {
	return func(s *Scheduler) {
		if s.random = f; f == nil {
			s.random = rand.N[time.Duration]
		}
	}
}
