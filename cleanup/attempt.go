package cleanup

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/mosparo/go-cluster/lock"
)

// order is what an attempt was told.
type order struct {
	by     Executor
	limits Limits
	// policy decides; forced asks neither schedule nor marker.
	policy Policy
	forced bool
}

func (s *Scheduler) try(ctx context.Context, o order) (Attempt, error) {
	began := time.Now()
	a, err := s.attempt(ctx, o)
	if err != nil {
		err = fmt.Errorf("cleanup: %w", err)
	}
	s.report(ctx, o.by, a, time.Since(began), err)
	return a, err
}

func (s *Scheduler) attempt(ctx context.Context, o order) (Attempt, error) {
	if !o.by.known() {
		return Attempt{Result: Refused}, fmt.Errorf("%w as %v, which mosparo does not know", ErrRefused, o.by)
	}
	v, err := s.look(ctx, s.mode == Clean)
	if err != nil {
		return Attempt{Result: Unavailable}, err
	}
	a := o.decide(v)
	if s.mode == Observe {
		return s.wouldRun(ctx, a, v)
	}
	if v.waits() || !a.Decision.Run && !v.fresh() && v.record == nil {
		return a, nil
	}
	if p := s.locker.Properties(); !p.Exclusive || !p.Shared {
		s.once(ctx, slog.LevelInfo, "the lock backend does not surely keep all Go nodes apart; beyond this process only the handshake does",
			slog.Bool("exclusive", p.Exclusive), slog.Bool("shared", p.Shared))
	}
	lease, err := s.locker.Acquire(ctx, LockName, lock.WithTTL(s.leaseT), lock.WithLabel("cleanup by "+o.by.String()))
	var held *lock.HeldError
	switch {
	case errors.As(err, &held):
		a.Result = CleanupRunningAlready
		if d := held.ExpiresIn; d > 0 { // its holder may be dead by then
			a.RetryAfter = min(d, s.poll) + s.jitter()
		}
		return a, nil
	case err != nil:
		a.Result = Unavailable
		return a, err
	}
	// Also in a panic: whoever recovers from it must not keep the lease for ever.
	defer func() { _ = lease.Release(ctx) }()
	r := &run{s: s, order: o, lease: lease}
	a, err = r.underLock(ctx)
	if rel := lease.Release(ctx); rel != nil && err == nil && a.Result == Completed && !errors.Is(rel, lock.ErrUnavailable) {
		err = rel
	}
	return a, err
}

// decide applies policy, pause and unknown record to what was seen.
func (o order) decide(v view) Attempt {
	a := Attempt{Decision: o.policy.Decide(v.state, time.Now(), o.forced)}
	switch {
	case v.pause != nil:
		a.Decision.Run, a.Decision.Result, a.Decision.Until = false, Paused, v.pause.Until
	case v.foreign:
		a.Decision.Run, a.Decision.Result, a.Decision.Until = false, CleanupRunningAlready, time.Time{}
	}
	a.Result = a.Decision.Result
	return a
}

// wouldRun is the attempt of an observer: what a run would meet, checks
// included, without lock and without a write.
func (s *Scheduler) wouldRun(ctx context.Context, a Attempt, v view) (Attempt, error) {
	if !a.Decision.Run {
		return a, nil
	}
	a.Result = Observed
	err := s.check(ctx, v.state)
	if err != nil {
		a.Result = resultOf(err)
	}
	return a, err
}
