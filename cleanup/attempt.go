package cleanup

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/mosparo/go-cluster/lock"
)

// Attempt is the outcome of a TryRun. Its Decision is zero, and has no meaning,
// where the lock, the cache or the database could not be reached.
type Attempt struct {
	Result   Result
	Decision Decision
	// Report is that of the cleaning, if it took place.
	Report Report
	// Duration is how long the cleaning took.
	Duration time.Duration
	// RetryAfter is when to try again at the earliest, 0 if the decision says.
	RetryAfter time.Duration
	// Stopped says why a run ended between two rounds although it had not
	// failed: it wraps [ErrConcurrentRun] or [ErrPaused].
	Stopped error
}

// request holds the parameters of an attempt.
type request struct {
	by     Executor
	limits Limits
	// policy decides; a forced attempt ignores schedule and marker.
	policy Policy
	forced bool
}

// TryOption changes one [Scheduler.TryRun].
type TryOption func(*request)

// WhenDue makes a forced executor obey the schedule, the marker and the grace
// period, as if it were a frontend. Its limits and its number stay.
func WhenDue() TryOption { return func(r *request) { r.forced = false } }

// TryRun decides whether the cleanup is due and runs it, as mosparo does for the
// executor: the command and the web cron job ignore the schedule, unless
// [WhenDue] is given. It returns when the run is over. Without a lock there is no
// run.
//
// The error is nil for all of mosparo's results except for a run that failed or
// whose end could not be saved. A run stops between two statements when ctx ends,
// and leaves a state from which any node goes on.
func (s *Scheduler) TryRun(ctx context.Context, by Executor, opts ...TryOption) (Attempt, error) {
	l, ok := s.limits[by]
	if !ok {
		l = mosparoLimits(by)
	}
	r := request{by: by, limits: l, policy: s.policy, forced: by.Forced()}
	for _, opt := range opts {
		opt(&r)
	}
	return s.try(ctx, r)
}

// mosparoLimits returns mosparo's limits for an executor. The web cron job has
// 80 % of PHP's execution time there, which a Go node does not have.
func mosparoLimits(e Executor) Limits {
	switch e {
	case ExecutorCommand, ExecutorWebCronJob:
		return Limits{}
	default:
		return Limits{Rounds: 10, Time: 1500 * time.Millisecond}
	}
}

// try makes an attempt and reports it to log and observer.
func (s *Scheduler) try(ctx context.Context, r request) (Attempt, error) {
	began := time.Now()
	a, err := s.attempt(ctx, r)
	if err != nil {
		err = fmt.Errorf("cleanup: %w", err)
	}
	s.report(ctx, r.by, a, time.Since(began), err)
	return a, err
}

// attempt decides without the lock, so that most attempts need none, and then runs
// under it.
func (s *Scheduler) attempt(ctx context.Context, r request) (Attempt, error) {
	if !r.by.isKnown() {
		return Attempt{Result: ResultRefused}, fmt.Errorf("%w as %v, which mosparo does not know", ErrRefused, r.by)
	}
	v, err := s.snapshot(ctx, s.mode == ModeClean)
	if err != nil {
		return Attempt{Result: ResultUnavailable}, err
	}
	a := r.decide(v)
	if s.mode == ModeObserve {
		return s.observeOnly(ctx, a, v)
	}
	if v.isBlocked() || !a.Decision.Run && !v.isFresh() && v.record == nil {
		return a, nil
	}
	return s.withLock(ctx, r, a)
}

// decide applies policy, pause and foreign record to a snapshot.
func (r request) decide(v fullSnapshot) Attempt {
	a := Attempt{Decision: r.policy.Decide(v.Snapshot, time.Now(), r.forced)}
	switch {
	case v.pause != nil:
		a.Decision.Run, a.Decision.Result, a.Decision.Until = false, ResultPaused, v.pause.Until
	case v.foreign:
		a.Decision.Run, a.Decision.Result, a.Decision.Until = false, ResultAlreadyRunning, time.Time{}
	}
	a.Result = a.Decision.Result
	return a
}

// observeOnly completes the attempt of a node that only observes: what a run would meet,
// including the checks, without lock and without a write.
func (s *Scheduler) observeOnly(ctx context.Context, a Attempt, v fullSnapshot) (Attempt, error) {
	if !a.Decision.Run {
		return a, nil
	}
	a.Result = ResultObserved
	err := s.check(ctx, v.Snapshot)
	if err != nil {
		a.Result = resultOf(err)
	}
	return a, err
}

// withLock runs under the lock; a is the attempt if another node has it.
func (s *Scheduler) withLock(ctx context.Context, req request, a Attempt) (Attempt, error) {
	if p := s.locker.Properties(); !p.Exclusive || !p.Shared {
		s.logOnce(ctx, slog.LevelInfo, "the lock backend does not surely keep all Go nodes apart; beyond this process only the handshake does",
			slog.Bool("exclusive", p.Exclusive), slog.Bool("shared", p.Shared))
	}
	lease, err := s.locker.Acquire(ctx, LockName, lock.WithTTL(s.leaseTTL), lock.WithLabel("cleanup by "+req.by.String()))
	var held *lock.HeldError
	switch {
	case errors.As(err, &held):
		a.Result = ResultAlreadyRunning
		if d := held.ExpiresIn; d > 0 { // its holder may be dead by then
			a.RetryAfter = min(d, s.poll) + s.jitter()
		}
		return a, nil
	case err != nil:
		a.Result = ResultUnavailable
		return a, err
	}
	// Also in a panic: a caller that recovers from it must not keep the lease for ever.
	defer func() { _ = lease.Release(ctx) }()
	r := &lockedRun{s: s, req: req, lease: lease}
	a, err = r.execute(ctx)
	if rel := lease.Release(ctx); rel != nil && err == nil && a.Result == ResultCompleted && !errors.Is(rel, lock.ErrUnavailable) {
		err = rel
	}
	return a, err
}
