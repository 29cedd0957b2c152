package cleanuptest

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/mosparo/go-cluster/cleanup"
)

func (s *suite) newRunsAreUnknown() {
	for by := cleanup.ExecutorUnknown; by <= cleanup.ExecutorWebCronJob; by++ {
		s.is(cleanup.Run{ID: s.begin(s.at, by), Time: s.at, Executor: by}, "after Begin")
	}
}

func (s *suite) beginCommits() {
	ctx, cancel := context.WithCancel(s.Context())
	id, err := s.db.Begin(ctx, s.at, cleanup.ExecutorCommand)
	cancel()
	s.must(err, "Begin")
	s.is(cleanup.Run{ID: id, Time: s.at, Executor: cleanup.ExecutorCommand}, "after the context of Begin has ended")
}

func (s *suite) idsDiffer() {
	const n = 8
	var all sync.WaitGroup
	ids := make([]int64, n)
	errs := make([]error, n)
	for i := range n {
		all.Go(func() { ids[i], errs[i] = s.db.Begin(s.Context(), s.at, cleanup.ExecutorCommand) })
	}
	all.Wait()
	s.must(errors.Join(errs...), "Begin beside others")
	for i, id := range ids {
		if id <= 0 || slices.Contains(ids[:i], id) {
			s.broken("Begin beside others returned the ids %v, want different ones above 0", ids)
		}
		s.is(cleanup.Run{ID: id, Time: s.at, Executor: cleanup.ExecutorCommand}, "after Begin beside others")
	}
}

func (s *suite) newestFirst() {
	// In another order than that of their ids, and two of one second.
	day := 24 * time.Hour
	second := s.begin(s.at.Add(day), cleanup.ExecutorCommand)
	first := s.begin(s.at.Add(2*day), cleanup.ExecutorCommand)
	fourth := s.begin(s.at.Add(time.Hour), cleanup.ExecutorCommand)
	third := s.begin(s.at.Add(time.Hour), cleanup.ExecutorCommand)
	want := []int64{first, second, third, fourth}
	for _, n := range []int{4, 2} {
		runs, err := s.db.Recent(s.Context(), n)
		s.must(err, "Recent")
		var got []int64
		for _, r := range runs {
			got = append(got, r.ID)
		}
		if !slices.Equal(got, want[:n]) {
			s.broken("Recent of %d returns the runs %v, want %v: by time and then by id, newest first", n, got, want[:n])
		}
	}
}

func (s *suite) wholeSeconds() {
	within := s.at.Add(999 * time.Millisecond)
	id := s.begin(within, cleanup.ExecutorCommand)
	s.is(cleanup.Run{ID: id, Time: s.at, Executor: cleanup.ExecutorCommand}, "after Begin 999 ms later")
	s.must(s.db.Touch(s.Context(), id, within.Add(time.Minute)), "Touch")
	s.is(cleanup.Run{ID: id, Time: s.at.Add(time.Minute), Executor: cleanup.ExecutorCommand}, "after Touch 999 ms later")
	s.must(s.db.Finish(s.Context(), cleanup.Run{ID: id, Time: within, Status: cleanup.StatusIncomplete}), "Finish")
	s.is(cleanup.Run{ID: id, Time: s.at, Executor: cleanup.ExecutorCommand, Status: cleanup.StatusIncomplete}, "after Finish 999 ms later")
}

func (s *suite) touch() {
	id := s.begin(s.at, cleanup.ExecutorCommand)
	for _, d := range []time.Duration{time.Minute, -time.Minute} {
		s.must(s.db.Touch(s.Context(), id, s.at.Add(d)), "Touch")
		s.is(cleanup.Run{ID: id, Time: s.at.Add(d), Executor: cleanup.ExecutorCommand}, "after Touch")
	}
}

func (s *suite) touchOthers() {
	under, over := s.begin(s.at, cleanup.ExecutorCommand), s.finished(s.at)
	s.must(s.db.Touch(s.Context(), over.ID, s.at.Add(time.Minute)), "Touch of a finished run")
	s.must(s.db.Touch(s.Context(), over.ID+1000, s.at.Add(time.Minute)), "Touch of a run that is not there")
	s.is(over, "after Touch")
	s.is(cleanup.Run{ID: under, Time: s.at, Executor: cleanup.ExecutorCommand}, "after Touch of another run")
	s.isGone(over.ID+1000, "after Touch")
}

func (s *suite) finish() {
	under := s.begin(s.at, cleanup.ExecutorCommand)
	s.is(s.finished(s.at.Add(-time.Minute)), "after Finish")
	s.is(cleanup.Run{ID: under, Time: s.at, Executor: cleanup.ExecutorCommand}, "after Finish of another run")
}

func (s *suite) finishKeepsExecutor() {
	id := s.begin(s.at, cleanup.ExecutorWebCronJob)
	s.must(s.db.Finish(s.Context(), cleanup.Run{ID: id, Time: s.at, Executor: cleanup.ExecutorFrontendAPI, Status: cleanup.StatusIncomplete}), "Finish")
	s.is(cleanup.Run{ID: id, Time: s.at, Executor: cleanup.ExecutorWebCronJob, Status: cleanup.StatusIncomplete}, "after Finish by another executor")
}

func (s *suite) finishOnce() {
	over := s.finished(s.at)
	again := over
	again.Status, again.DeletedTokens = cleanup.StatusIncomplete, 99
	s.isNoRun(s.db.Finish(s.Context(), again), "Finish of a finished run")
	s.is(over, "after a second Finish")
	again.ID += 1000
	s.isNoRun(s.db.Finish(s.Context(), again), "Finish of a run that is not there")
	s.isGone(again.ID, "after Finish of a run that is not there")
}

func (s *suite) withdraw() {
	id, other := s.begin(s.at, cleanup.ExecutorCommand), s.begin(s.at, cleanup.ExecutorCommand)
	s.must(s.db.Withdraw(s.Context(), id), "Withdraw")
	s.isGone(id, "after Withdraw")
	s.is(cleanup.Run{ID: other, Time: s.at, Executor: cleanup.ExecutorCommand}, "after Withdraw of another run")
	s.must(s.db.Withdraw(s.Context(), id), "a second Withdraw")
}

func (s *suite) withdrawOthers() {
	over := s.finished(s.at)
	s.must(s.db.Withdraw(s.Context(), over.ID), "Withdraw of a finished run")
	s.is(over, "after Withdraw")
}

func (s *suite) endedContext() {
	id := s.begin(s.at, cleanup.ExecutorCommand)
	before, err := s.db.Recent(s.Context(), 100)
	s.must(err, "Recent")
	ended, cancel := context.WithCancel(s.Context())
	cancel()
	_, err = s.db.Begin(ended, s.at, cleanup.ExecutorCommand)
	s.failed(err, "Begin")
	s.failed(s.db.Touch(ended, id, s.at.Add(time.Minute)), "Touch")
	s.failed(s.db.Finish(ended, cleanup.Run{ID: id, Time: s.at, Status: cleanup.StatusComplete}), "Finish")
	s.failed(s.db.Withdraw(ended, id), "Withdraw")
	after, err := s.db.Recent(s.Context(), 100)
	s.must(err, "Recent")
	if !sameRuns(before, after) {
		s.broken("calls with an ended context have changed the runs %+v to %+v", before, after)
	}
}

func (s *suite) cleanCallsBetween() {
	calls := 0
	_, err := s.db.Clean(s.Context(), cleanup.Job{Limits: cleanup.Limits{Between: func(context.Context) error { calls++; return nil }}})
	s.must(err, "Clean")
	if calls == 0 {
		s.broken("Clean did not call Between")
	}
}

func (s *suite) cleanStops() {
	stop := errors.New("stop")
	r, err := s.db.Clean(s.Context(), cleanup.Job{Limits: cleanup.Limits{Between: func(context.Context) error { return stop }}})
	if !errors.Is(err, stop) {
		s.broken("Clean returned %v, want the error of Between", err)
	}
	if r.Finished {
		s.broken("Clean reports that it has finished although Between returned an error")
	}
}

func (s *suite) cleanEnds() {
	ctx, cancel := context.WithCancel(s.Context())
	cancel()
	if r, err := s.db.Clean(ctx, cleanup.Job{}); err == nil || r.Finished {
		s.broken("Clean with an ended context returned %+v and no error", r)
	}
}

func (s *suite) cleanFinishes() {
	for n := 1; ; n++ {
		r, err := s.db.Clean(s.Context(), cleanup.Job{})
		s.must(err, "Clean")
		if r.Finished {
			return
		}
		if n == 20 {
			s.broken("Clean without limits has not finished after %d runs", n)
		}
	}
}

func (s *suite) cleanLeavesRuns() {
	s.begin(s.at, cleanup.ExecutorCommand)
	s.finished(s.at.AddDate(0, -1, 0))
	before, err := s.db.Recent(s.Context(), 100)
	s.must(err, "Recent")
	_, err = s.db.Clean(s.Context(), cleanup.Job{})
	s.must(err, "Clean")
	after, err := s.db.Recent(s.Context(), 100)
	s.must(err, "Recent")
	if !sameRuns(before, after) {
		s.broken("Clean has changed the runs %+v to %+v", before, after)
	}
}

func (s *suite) checksPass() {
	c, ok := s.db.(cleanup.Checker)
	if !ok {
		s.Skip("the database is no Checker")
	}
	s.must(c.Check(s.Context(), cleanup.Policy{}, cleanup.Snapshot{}), "Check")
}

func (s *suite) checksWriteNothing() {
	c, ok := s.db.(cleanup.Checker)
	if !ok {
		s.Skip("the database is no Checker")
	}
	before, err := s.db.Recent(s.Context(), 100)
	s.must(err, "Recent")
	_ = c.Check(s.Context(), cleanup.Policy{}, cleanup.Snapshot{}) // see checksPass
	after, err := s.db.Recent(s.Context(), 100)
	s.must(err, "Recent")
	if !sameRuns(before, after) {
		s.broken("Check has changed the runs %+v to %+v", before, after)
	}
}

func (s *suite) dryRunner() {
	d, ok := s.db.(cleanup.DryRunner)
	if !ok {
		s.Skip("the database is no DryRunner")
	}
	first, err := d.DryRun(s.Context(), cleanup.Policy{})
	s.must(err, "DryRun")
	second, err := d.DryRun(s.Context(), cleanup.Policy{})
	s.must(err, "a second DryRun")
	if first.DeletedTokens != second.DeletedTokens || first.DeletedSubmissions != second.DeletedSubmissions ||
		first.StoredTokens != second.StoredTokens || first.StoredSubmissions != second.StoredSubmissions {
		s.broken("two dry runs report %+v and %+v", first, second)
	}
}
