package cleanuptest

import (
	"testing"

	"github.com/mosparo/go-cluster/cleanup"
)

// Conformance tests that a [cleanup.Database] keeps the rules on which the nodes of a
// cluster rely, with one subtest for each rule. open returns a database for each: with
// mosparo's tables, with or without runs of other nodes, and not used by other programs
// meanwhile. A database that is a [cleanup.Checker] or a [cleanup.DryRunner] is tested as
// such, too. Conformance panics if open is nil.
func Conformance(t *testing.T, open func(t *testing.T) cleanup.Database, opts ...ConformanceOption) {
	t.Helper()
	if open == nil {
		panic("cleanuptest.Conformance: open is nil")
	}
	var cfg conformance
	for _, o := range opts {
		if o == nil {
			panic("cleanuptest.Conformance: opts has a nil ConformanceOption")
		}
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

// WithoutRule skips the rule with the name of its subtest, and logs the reason.
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
	{"NewestFirst", "nodes read only the newest runs, and expect the newest one first", (*suite).newestFirst},
	{"TimesAreWholeSeconds", "mosparo's column holds whole seconds, and a node looks for its run by the second", (*suite).wholeSeconds},
	{"TouchMovesRunsUnderWay", "a forced PHP run takes a run for crashed when its time is too old", (*suite).touch},
	{"TouchLeavesTheRestAlone", "a node that was slow must not change a run that another node has ended", (*suite).touchOthers},
	{"FinishSavesTheEnd", "PHP nodes and people read the end of a run from its row", (*suite).finish},
	{"FinishKeepsTheExecutor", "a node that ends the run of a crashed one may not know its executor", (*suite).finishKeepsExecutor},
	{"FinishIsOnce", "a run that another node has ended must not be ended again with other numbers", (*suite).finishOnce},
	{"WithdrawDeletesRunsUnderWay", "other nodes would wait for the run of a node that has withdrawn", (*suite).withdraw},
	{"WithdrawLeavesTheRestAlone", "people read the history of runs from these rows", (*suite).withdrawOthers},
	{"EndedContextsWriteNothing", "PHP nodes would wait for a run that is inserted after its caller has returned", (*suite).endedContext},
	{"CleanCallsBetween", "a run detects only there that a PHP node has begun, too", (*suite).cleanCallsBetween},
	{"CleanStopsBetweenRounds", "two nodes would clean at the same time", (*suite).cleanStops},
	{"CleanEndsWithItsContext", "a node that has lost its lock must stop deleting", (*suite).cleanEnds},
	{"CleanFinishes", "a cleanup that is never finished is repeated after every unfinished interval", (*suite).cleanFinishes},
	{"CleanLeavesTheRunsAlone", "the scheduler alone writes the statistics", (*suite).cleanLeavesRuns},
	{"ChecksPass", "a node never cleans if its checks refuse mosparo's own tables", (*suite).checksPass},
	{"ChecksWriteNothing", "checks are made on nodes that only observe, too, and those must not write anything", (*suite).checksWriteNothing},
	{"DryRunDeletesNothing", "operators use it to see what a run would delete before they allow one", (*suite).dryRunner},
}
