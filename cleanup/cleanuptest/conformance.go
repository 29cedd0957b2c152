package cleanuptest

import (
	"testing"

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
