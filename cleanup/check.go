package cleanup

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"
)

// Check makes all checks, as a run does before it writes, and reports whether this
// node may clean. It writes nothing. The error wraps [ErrRefused] if the node must not
// clean; any other means that cache or database could not be reached.
//
// [Scheduler.Run] calls it when it starts, also on a node that only observes, and
// again after each attempt until it succeeds. [Overview] has the last answer.
func (s *Scheduler) Check(ctx context.Context) error {
	_, before := s.lastCheck()
	v, err := s.snapshot(ctx, s.mode == ModeClean)
	if err != nil {
		s.setCheck(ctx, err)
	} else {
		err = s.check(ctx, v.Snapshot)
	}
	if err == nil {
		return nil
	}
	err = fmt.Errorf("cleanup: %w", err)
	if ctx.Err() == nil && (before == nil || withoutDigits(before) != withoutDigits(err)) {
		s.logger.LogAttrs(ctx, slog.LevelWarn, "this node may not clean", slog.String("mode", s.mode.String()),
			slog.String("result", resultOf(err).String()), slog.Any("error", err))
		s.mu.Lock()
		s.lastLogged = resultOf(err).String() + withoutDigits(err) // no news for the next attempt
		s.mu.Unlock()
	}
	return err
}

// check makes the checks, one after the other up to the first error, and remembers
// the answer.
func (s *Scheduler) check(ctx context.Context, v Snapshot) (err error) {
	bounded, cancel := context.WithTimeout(ctx, s.readTimeout)
	defer cancel()
	if len(s.checks) > 0 {
		v.GoRuns, err = RunTimes(bounded, s.pool)
	}
	for _, c := range s.checks {
		if err != nil {
			break
		}
		err = c(bounded, v)
	}
	s.setCheck(ctx, err)
	return err
}

// lastCheck returns when the checks were last made, and their answer.
func (s *Scheduler) lastCheck() (at time.Time, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.checkedAt, s.checkErr
}

// setCheck remembers an answer, and logs the first good one after an error. The error
// of a cancelled context is no answer.
func (s *Scheduler) setCheck(ctx context.Context, err error) {
	if ctx.Err() != nil {
		return
	}
	s.mu.Lock()
	before := s.checkErr
	s.checkedAt, s.checkErr = time.Now(), nil
	if err != nil {
		s.checkErr = fmt.Errorf("cleanup: %w", err)
	}
	s.mu.Unlock()
	if err == nil && before != nil {
		s.logger.LogAttrs(ctx, slog.LevelInfo, "this node may clean now", slog.String("mode", s.mode.String()))
	}
}

// resultOf returns the result of an attempt that ends with the error of a check.
func resultOf(err error) Result {
	if errors.Is(err, ErrRefused) {
		return ResultRefused
	}
	return ResultUnavailable
}

// checkAtStart makes the checks before the first attempt, so that an operator learns
// what is missing before the first cleanup is due.
func (s *Scheduler) checkAtStart(ctx context.Context) {
	if len(s.checks) > 0 {
		_ = s.Check(ctx) // the error is in log and overview
	}
}

// checkAgain repeats checks that failed, unless the attempt has just done so.
func (s *Scheduler) checkAgain(ctx context.Context, attempt time.Time) {
	if at, err := s.lastCheck(); err != nil && at.Before(attempt) && ctx.Err() == nil {
		_ = s.Check(ctx)
	}
}
