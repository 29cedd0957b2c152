package cleanup

import (
	"context"
	"log/slog"
	"slices"
	"time"
)

// report logs an attempt in one line and sends it to the observer.
func (s *Scheduler) report(ctx context.Context, by Executor, a Attempt, took time.Duration, err error) {
	e := Event{Executor: by, Result: a.Result, RunID: RunID(ctx), Report: a.Report, Duration: took, Err: err, SinceComplete: -1}
	s.mu.Lock()
	runs := s.lastRuns
	s.mu.Unlock()
	if at, ok := lastComplete(runs); ok {
		e.SinceComplete = max(time.Since(at), 0)
	}
	e.Overlaps = s.newOverlaps(runs)
	for _, o := range e.Overlaps {
		s.logger.LogAttrs(ctx, slog.LevelWarn, "two cleanups ran at the same time", slog.String("overlap", o.String()))
	}
	if level := s.level(e); s.logger.Enabled(ctx, level) {
		s.logger.LogAttrs(ctx, level, "cleanup", attrs(e, a)...)
	}
	s.observe(ctx, e)
}

// hasCleaned reports whether an attempt with this result has called the cleaner.
func hasCleaned(r Result) bool { return r == ResultCompleted || r == ResultUnfinished }

func attrs(e Event, a Attempt) []slog.Attr {
	all := []slog.Attr{
		slog.String("executor", e.Executor.String()), slog.String("result", e.Result.String()),
		slog.Duration("duration", e.Duration),
	}
	if d := a.Decision; !d.Due.IsZero() {
		all = append(all, slog.String("reason", d.Reason), slog.Time("due", d.Due))
		if d.Grace > 0 {
			all = append(all, slog.Duration("grace", d.Grace))
		}
	}
	if hasCleaned(e.Result) {
		rows := 0
		for _, n := range e.Report.Rows {
			rows += n
		}
		all = append(all, slog.Int("deleted_submissions", e.Report.DeletedSubmissions), slog.Int("deleted_tokens", e.Report.DeletedTokens), slog.Int("deleted_rows", rows))
	}
	if e.RunID != 0 {
		all = append(all, slog.Int64("run_id", e.RunID))
	}
	if a.Stopped != nil {
		all = append(all, slog.String("stop_reason", a.Stopped.Error()))
	}
	if e.Err != nil {
		all = append(all, slog.Any("error", e.Err))
	}
	return all
}

// level returns the level of the log line: a run is always logged, what prevents one
// only when that changes.
func (s *Scheduler) level(e Event) slog.Level {
	what := e.Result.String()
	if e.Err != nil {
		what += withoutDigits(e.Err)
	}
	s.mu.Lock()
	news := s.lastLogged != what
	s.lastLogged = what
	s.mu.Unlock()
	switch {
	case hasCleaned(e.Result) && e.Err == nil:
		return slog.LevelInfo
	case hasCleaned(e.Result), e.Err != nil && news:
		return slog.LevelWarn
	case news && e.Result != ResultNotDue:
		return slog.LevelInfo
	}
	return slog.LevelDebug
}

// newOverlaps returns the overlaps that were not in an earlier call. The first call
// returns none.
func (s *Scheduler) newOverlaps(runs []Run) []Overlap {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.overlaps != nil && areSame(s.searchedRuns, runs) {
		return nil
	}
	s.searchedRuns = runs
	first := s.overlaps == nil
	var fresh []Overlap
	known := map[[2]int64]bool{}
	for _, o := range overlaps(runs, s.policy) {
		pair := [2]int64{o.Earlier.ID, o.Later.ID}
		known[pair] = true
		if !first && !s.overlaps[pair] && !s.overlaps[[2]int64{pair[1], pair[0]}] {
			fresh = append(fresh, o)
		}
	}
	s.overlaps = known
	return fresh
}

// areSame reports whether the runs are the same, which most attempts find.
func areSame(a, b []Run) bool {
	if len(a) == len(b) && len(a) > 0 && &a[0] == &b[0] {
		return true // a database in memory need not copy them
	}
	return slices.Equal(a, b)
}

// lastComplete returns the end of the newest complete run.
func lastComplete(runs []Run) (time.Time, bool) {
	for _, r := range runs {
		if r.Status == StatusComplete {
			return r.Time.Add(r.Duration), true
		}
	}
	return time.Time{}, false
}
