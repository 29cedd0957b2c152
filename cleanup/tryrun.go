package cleanup

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/mosparo/go-cluster/lock"
)

// TryRun runs the cleanup if it is due, and returns when the run is over. For the command
// and the web cron job it ignores the schedule, as mosparo does, unless [WhenDue] is
// given. A node that only observes returns [ResultObserved] instead of running.
//
// A cleanup that is not due, or that another node runs, is no error. An error means that
// nothing was done ([ResultUnavailable], [ResultRefused]), that the run failed, or that
// its end could not be saved. A run stops between two statements when ctx ends, and
// leaves a state from which any node continues.
func (s *Scheduler) TryRun(ctx context.Context, by Executor, opts ...TryOption) (Attempt, error) {
	l, ok := s.limits[by]
	if !ok {
		l = mosparoLimits(by)
	}
	r := request{by: by, limits: l, policy: s.policy, forced: by.Forced()}
	for _, opt := range opts {
		if opt == nil {
			panic("cleanup: TryRun: opts has a nil TryOption")
		}
		opt(&r)
	}
	return s.try(ctx, r)
}

// try makes an attempt and reports it to log and observer.
func (s *Scheduler) try(ctx context.Context, r request) (Attempt, error) {
	began := time.Now()
	ctx = withRunID(ctx)
	a, err := s.attempt(ctx, r)
	if err != nil {
		err = fmt.Errorf("cleanup: %w", err)
	}
	s.report(ctx, r.by, a, time.Since(began), err)
	return a, err
}

// attempt decides without the lock, since most attempts find nothing due, and then runs
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

// observeOnly completes the attempt of a node that only observes: it makes the checks if
// the cleanup is due, and neither locks nor writes.
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

// withLock acquires the lock and runs under it. a is the attempt so far.
func (s *Scheduler) withLock(ctx context.Context, req request, a Attempt) (Attempt, error) {
	if p := s.locker.Properties(); !p.Exclusive || !p.Shared {
		s.logOnce(ctx, slog.LevelInfo, "the lock backend may not keep all Go nodes apart; beyond this process only the handshake does",
			slog.Bool("exclusive", p.Exclusive), slog.Bool("shared", p.Shared))
	}
	lease, err := s.locker.Acquire(ctx, LockName, lock.WithTTL(s.leaseTTL), lock.WithLabel("cleanup by "+req.by.String()))
	var held *lock.HeldError
	switch {
	case errors.As(err, &held):
		a.Result = ResultAlreadyRunning
		if d := held.ExpiresIn; d > 0 { // when the lease expires if its holder has crashed
			a.RetryAfter = min(d, s.poll) + s.jitter()
		}
		return a, nil
	case err != nil:
		a.Result = ResultUnavailable
		return a, err
	}
	// Also after a panic: a caller that recovers from it must not keep the lease forever.
	defer func() { _ = lease.Release(ctx) }()
	r := &lockedRun{s: s, req: req, lease: lease}
	a, err = r.execute(ctx)
	if rel := lease.Release(ctx); rel != nil && err == nil && a.Result == ResultCompleted && !errors.Is(rel, lock.ErrUnavailable) {
		err = rel
	}
	return a, err
}
