package cleanup

import (
	"context"
	"log/slog"
	"slices"
	"strings"
	"time"
	"unicode"
)

// Event tells an observer of one attempt. Most find that nothing is due.
type Event struct {
	Executor Executor
	Result   Result
	Report   Report
	// Duration is how long the attempt took, with all waiting.
	Duration time.Duration
	Err      error
	// SinceComplete is the time since the end of the last complete run of any
	// node, negative if no row tells.
	SinceComplete time.Duration
	// Overlaps are cleanups at the same time that have shown since the last
	// event: the double-run detector. [Overview] has the older ones, too.
	Overlaps []Overlap
}

// Ran reports whether the cleaner was at work.
func (e Event) Ran() bool { return e.Result == Completed || e.Result == Unfinished }

// WithObserver calls f after every attempt, also one that finds nothing to do.
// f must not block; nil is no observer.
func WithObserver(f func(Event)) Option {
	return func(s *Scheduler) {
		if s.observe = f; f == nil {
			s.observe = func(Event) {}
		}
	}
}

// report is the one log line of an attempt, and the event.
func (s *Scheduler) report(ctx context.Context, by Executor, a Attempt, took time.Duration, err error) {
	e := Event{Executor: by, Result: a.Result, Report: a.Report, Duration: took, Err: err, SinceComplete: -1}
	s.mu.Lock()
	rows := s.seen
	s.mu.Unlock()
	if at, ok := lastComplete(rows); ok {
		e.SinceComplete = max(time.Since(at), 0)
	}
	e.Overlaps = s.newOverlaps(rows)
	for _, o := range e.Overlaps {
		s.logger.LogAttrs(ctx, slog.LevelWarn, "two cleanups ran at the same time", slog.String("rows", o.String()))
	}
	s.logger.LogAttrs(ctx, s.level(e), "cleanup", attrs(e, a)...)
	s.observe(e)
}

func attrs(e Event, a Attempt) []slog.Attr {
	all := []slog.Attr{
		slog.String("executor", e.Executor.String()), slog.String("result", e.Result.String()),
		slog.Duration("duration", e.Duration),
	}
	if d := a.Decision; !d.Due.IsZero() {
		all = append(all, slog.String("reason", d.Why()), slog.Time("due", d.Due))
	}
	if e.Ran() {
		rows := 0
		for _, n := range e.Report.Rows {
			rows += n
		}
		all = append(all, slog.Int("deleted_submissions", e.Report.DeletedSubmissions), slog.Int("deleted_tokens", e.Report.DeletedTokens), slog.Int("deleted_rows", rows))
	}
	if a.Stopped != nil {
		all = append(all, slog.String("stopped", a.Stopped.Error()))
	}
	if e.Err != nil {
		all = append(all, slog.Any("error", e.Err))
	}
	return all
}

// level of the log line: runs are always worth one, what keeps this node from
// running only when it is something new. Numbers make nothing new: errors of
// connections name their port.
func (s *Scheduler) level(e Event) slog.Level {
	what := e.Result.String()
	if e.Err != nil {
		what += withoutDigits(e.Err)
	}
	s.mu.Lock()
	news := s.last != what
	s.last = what
	s.mu.Unlock()
	switch {
	case e.Ran() && e.Err == nil:
		return slog.LevelInfo
	case e.Ran(), e.Err != nil && news:
		return slog.LevelWarn
	case news && e.Result != NextCleanupInTheFuture:
		return slog.LevelInfo
	}
	return slog.LevelDebug
}

// withoutDigits is the text of an error without its numbers.
func withoutDigits(err error) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsDigit(r) {
			return -1
		}
		return r
	}, err.Error())
}

// newOverlaps are those that were not reported yet.
func (s *Scheduler) newOverlaps(rows []Row) []Overlap {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.overlaps != nil && slices.Equal(s.judged, rows) {
		return nil
	}
	s.judged = rows
	found := s.policy.Overlaps(rows)
	first := s.overlaps == nil // what was before this scheduler is no news
	var fresh []Overlap
	known := map[[2]int64]bool{}
	for _, o := range found {
		pair := [2]int64{o.Earlier.ID, o.Later.ID}
		known[pair] = true
		if !first && !s.overlaps[pair] && !s.overlaps[[2]int64{pair[1], pair[0]}] {
			fresh = append(fresh, o)
		}
	}
	s.overlaps = known
	return fresh
}

// lastComplete is the end of the last complete run.
func lastComplete(rows []Row) (time.Time, bool) {
	for _, r := range rows {
		if r.Status == StatusComplete {
			return r.Time.Add(r.Duration), true
		}
	}
	return time.Time{}, false
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
