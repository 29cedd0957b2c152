package cleanuptest

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/mosparo/go-cluster/cleanup"
)

// rule is something on which the nodes of a cluster rely. why completes the sentence "The
// rule is there because".
type rule struct {
	name  string
	why   string
	check func(*suite)
}

// run checks the rule on one database.
func (r *rule) run(tb testing.TB, db cleanup.Database) {
	r.check(&suite{TB: tb, db: db, why: r.why, at: time.Now().UTC().Truncate(time.Second)})
}

// suite is the check of one rule on one database.
type suite struct {
	testing.TB
	db  cleanup.Database
	why string
	at  time.Time // a whole second
}

// broken reports that the rule is broken, and why the rule is there.
func (s *suite) broken(format string, args ...any) {
	s.Helper()
	s.Fatalf("%s\nThe rule is there because: %s.", fmt.Sprintf(format, args...), s.why)
}

// must fails the test if a call has returned an error.
func (s *suite) must(err error, call string) {
	s.Helper()
	if err != nil {
		s.broken("%s: %v", call, err)
	}
}

// begin begins a run, and returns its id.
func (s *suite) begin(at time.Time, by cleanup.Executor) int64 {
	s.Helper()
	id, err := s.db.Begin(s.Context(), at, by)
	s.must(err, "Begin")
	return id
}

// finished begins a run and finishes it.
func (s *suite) finished(at time.Time) cleanup.Run {
	s.Helper()
	r := cleanup.Run{
		ID: s.begin(at, cleanup.ExecutorFrontendAPI), Time: at, Executor: cleanup.ExecutorFrontendAPI, Status: cleanup.StatusComplete,
		StoredTokens: 1, DeletedTokens: 2, StoredSubmissions: 3, DeletedSubmissions: 4, Duration: 1500 * time.Millisecond,
	}
	s.must(s.db.Finish(s.Context(), r), "Finish")
	return r
}

// find returns the run with the id among the newest, nil if it is not there.
func (s *suite) find(id int64) *cleanup.Run {
	s.Helper()
	runs, err := s.db.Recent(s.Context(), 100)
	s.must(err, "Recent")
	for i := range runs {
		if runs[i].ID == id {
			return &runs[i]
		}
	}
	return nil
}

// is fails the test if the run with the id of want is not equal to want.
func (s *suite) is(want cleanup.Run, when string) {
	s.Helper()
	got := s.find(want.ID)
	if got == nil {
		s.broken("Recent does not return run %d %s", want.ID, when)
		return
	}
	if !got.Time.Equal(want.Time) {
		s.broken("run %d has the time %v %s, want %v", want.ID, got.Time, when, want.Time)
	}
	r := *got
	r.Time = want.Time // of another zone
	if (r.Duration - want.Duration).Abs() < time.Millisecond {
		r.Duration = want.Duration // a number with a fraction in the table
	}
	if r != want {
		s.broken("run %d is %+v %s, want %+v", want.ID, r, when, want)
	}
}

// isGone fails the test if the run is there.
func (s *suite) isGone(id int64, when string) {
	s.Helper()
	if s.find(id) != nil {
		s.broken("Recent returns run %d %s", id, when)
	}
}

// isNoRun fails the test unless an error wraps [cleanup.ErrNoRun].
func (s *suite) isNoRun(err error, call string) {
	s.Helper()
	if !errors.Is(err, cleanup.ErrNoRun) {
		s.broken("%s: want an error that wraps cleanup.ErrNoRun, got %v", call, err)
	}
}

// failed fails the test if a call with an ended context has returned no error.
func (s *suite) failed(err error, call string) {
	s.Helper()
	if err == nil {
		s.broken("%s with an ended context returned no error", call)
	}
}

// sameRuns reports whether two lists of runs are equal.
func sameRuns(a, b []cleanup.Run) bool {
	return slices.EqualFunc(a, b, func(a, b cleanup.Run) bool {
		same := a.Time.Equal(b.Time)
		a.Time = b.Time
		return same && a == b
	})
}
