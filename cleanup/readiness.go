package cleanup

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"
)

// Readiness is what the checks of a scheduler said when they were last asked.
type Readiness struct {
	// At is when that was; zero if they have not been asked yet.
	At time.Time
	// Err is nil if this node may clean. It wraps [ErrRefused] if it must not;
	// any other error means that the answer is unknown.
	Err error
}

// Check asks all checks whether this node may clean, as a run does before it
// writes anything, and writes nothing. Its error wraps [ErrRefused] if the node
// must not; any other means that cache or database could not be asked.
//
// [Scheduler.Run] calls it when it starts, also on a node that only observes, and
// again after each look at the schedule until it succeeds. Status has the last
// answer.
func (s *Scheduler) Check(ctx context.Context) error {
	before := s.readiness()
	v, err := s.look(ctx, s.mode == Clean)
	if err != nil {
		s.setReadiness(ctx, err)
	} else {
		err = s.check(ctx, v.state)
	}
	if err == nil {
		return nil
	}
	err = fmt.Errorf("cleanup: %w", err)
	if ctx.Err() == nil && (before.Err == nil || withoutDigits(before.Err) != withoutDigits(err)) {
		s.logger.LogAttrs(ctx, slog.LevelWarn, "this node may not clean", slog.String("mode", s.mode.String()),
			slog.String("result", resultOf(err).String()), slog.Any("error", err))
		s.mu.Lock()
		s.last = resultOf(err).String() + withoutDigits(err) // no news for the next attempt
		s.mu.Unlock()
	}
	return err
}

// check asks all checks, one after the other.
func (s *Scheduler) check(ctx context.Context, st State) (err error) {
	asking, cancel := context.WithTimeout(ctx, s.lookTimeout)
	defer cancel()
	for _, c := range s.checks {
		if err = c(asking, st); err != nil {
			break
		}
	}
	s.setReadiness(ctx, err)
	return err
}

func (s *Scheduler) readiness() Readiness {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.ready
}

// setReadiness notes the answer, and logs one that is good again. What a caller
// has broken off is no answer.
func (s *Scheduler) setReadiness(ctx context.Context, err error) {
	if ctx.Err() != nil {
		return
	}
	s.mu.Lock()
	before := s.ready
	s.ready = Readiness{At: time.Now()}
	if err != nil {
		s.ready.Err = fmt.Errorf("cleanup: %w", err)
	}
	s.mu.Unlock()
	if err == nil && before.Err != nil {
		s.logger.LogAttrs(ctx, slog.LevelInfo, "this node may clean now", slog.String("mode", s.mode.String()))
	}
}

// resultOf is the result of an attempt that ends with the error of a check.
func resultOf(err error) Result {
	if errors.Is(err, ErrRefused) {
		return Refused
	}
	return Unavailable
}

// checkAtStart asks the checks before the first attempt, so that an operator
// need not wait for the first due cleanup to hear what is missing.
func (s *Scheduler) checkAtStart(ctx context.Context) {
	if len(s.checks) > 0 {
		_ = s.Check(ctx) // it is in log and status
	}
}

// checkAgain asks checks again that failed, unless the attempt just did.
func (s *Scheduler) checkAgain(ctx context.Context, attempt time.Time) {
	if r := s.readiness(); r.Err != nil && r.At.Before(attempt) && ctx.Err() == nil {
		_ = s.Check(ctx)
	}
}
