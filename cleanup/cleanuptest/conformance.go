package cleanuptest

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/mosparo/go-cluster/cleanup"
)

// Conformance runs the suite on the databases that open returns, one for each
// subtest. Each has the tables of mosparo, may have runs of other nodes, and is
// used by no other program meanwhile. A database that is a [cleanup.Checker] or a
// [cleanup.DryRunner] is held to those, too. It panics if open is nil.
func Conformance(t *testing.T, open func(t *testing.T) cleanup.Database, opts ...ConformanceOption) {
	t.Helper()
	if open == nil {
		panic("cleanuptest.Conformance: open is nil")
	}
	var cfg conformance
	for _, o := range opts {
		o(&cfg)
	}
	for _, r := range rules {
		t.Run(r.name, func(t *testing.T) {
			if reason, ok := cfg.skip[r.name]; ok {
				t.Skip(reason)
			}
			db := open(t)
			if db == nil {
				t.Fatal("open returned no database")
			}
			r.run(t, db)
		})
	}
}

// ConformanceOption changes what [Conformance] expects.
type ConformanceOption func(*conformance)

type conformance struct{ skip map[string]string }

// WithoutRule skips one rule, named as the subtest is, and logs the reason.
func WithoutRule(name, reason string) ConformanceOption {
	return func(c *conformance) {
		if c.skip == nil {
			c.skip = map[string]string{}
		}
		c.skip[name] = reason
	}
}

// rule is one thing that the nodes of a cluster rely on.
type rule struct {
	name  string
	why   string
	check func(*suite)
}

var rules = []rule{
	{"NewRunsAreUnknown", "other nodes recognize a run under way by its status, and do not start while it is there", (*suite).newRunsAreUnknown},
	{"BeginCommits", "the row of a run is what keeps PHP nodes from starting, so it must not go with the request that wrote it", (*suite).beginCommits},
	{"IDsDiffer", "a node tells its own run from those of others by the id alone", (*suite).idsDiffer},
	{"NewestFirst", "nodes read the newest runs only, and take the first for the newest", (*suite).newestFirst},
	{"TimesAreWholeSeconds", "mosparo's column holds whole seconds, and a node looks for its run by the second", (*suite).wholeSeconds},
	{"TouchMovesRunsUnderWay", "forced PHP runs take a run for dead when its time is too old", (*suite).touch},
	{"TouchLeavesTheRestAlone", "a node that was slow must not change a run that another node has ended", (*suite).touchOthers},
	{"FinishSavesTheEnd", "PHP nodes and people read the end of a run from its row", (*suite).finish},
	{"FinishKeepsTheExecutor", "a node that ends the run of a crashed one does not know for sure who started it", (*suite).finishKeepsExecutor},
	{"FinishIsOnce", "a run that another node has ended must not be ended again with other numbers", (*suite).finishOnce},
	{"WithdrawDeletesRunsUnderWay", "a node that gives way leaves no run for which others would wait", (*suite).withdraw},
	{"WithdrawLeavesTheRestAlone", "the history of runs that took place is not this node's to delete", (*suite).withdrawOthers},
	{"EndedContextsWriteNothing", "a run that is written for a caller who has gone keeps PHP nodes waiting", (*suite).endedContext},
	{"CleanCallsBetween", "only there a run learns that a PHP node has started beside it", (*suite).cleanCallsBetween},
	{"CleanStopsBetweenRounds", "a run that goes on beside another node's cleans twice", (*suite).cleanStops},
	{"CleanEndsWithItsContext", "a node that has lost its lock must stop deleting", (*suite).cleanEnds},
	{"CleanFinishes", "a run that is never finished is repeated after every unfinished interval", (*suite).cleanFinishes},
	{"CleanLeavesTheRunsAlone", "the statistics are written by the scheduler", (*suite).cleanLeavesRuns},
	{"ChecksWriteNothing", "checks are asked on nodes that only observe, too", (*suite).checker},
	{"DryRunDeletesNothing", "an operator asks for it before the first run", (*suite).dryRunner},
}

// run checks the rule on one database.
func (r *rule) run(tb testing.TB, db cleanup.Database) {
	r.check(&suite{TB: tb, db: db, why: r.why, at: time.Now().UTC().Truncate(time.Second)})
}

// suite is one rule being checked on one database.
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

// must reports a call that failed and must not.
func (s *suite) must(err error, call string) {
	s.Helper()
	if err != nil {
		s.broken("%s: %v", call, err)
	}
}

// begin begins a run at a time.
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

// is reports a run that is not as it should be.
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

// isGone reports a run that is there.
func (s *suite) isGone(id int64, when string) {
	s.Helper()
	if s.find(id) != nil {
		s.broken("Recent returns run %d %s", id, when)
	}
}

func (s *suite) isNoRun(err error, call string) {
	s.Helper()
	if !errors.Is(err, cleanup.ErrNoRun) {
		s.broken("%s: want an error that wraps cleanup.ErrNoRun, got %v", call, err)
	}
}
