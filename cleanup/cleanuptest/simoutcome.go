package cleanuptest

import (
	"errors"
	"fmt"
	"time"

	"github.com/mosparo/go-cluster/cleanup"
)

// Outcome is what happened in a simulation. Times are since its beginning.
type Outcome struct {
	// Runs are all cleanings, in order.
	Runs []Run
	// Overlaps are pairs of runs that should have been one.
	Overlaps []OverlappingRuns
	// Missed are cleanups that were due and did not start within MaxDelay, without
	// a fault that explains it.
	Missed []MissedRun
	// Lateness is the longest time that a due cleanup waited while there was no
	// fault, MaxDelay what [cleanup.Scheduler.MaxDelay] promises.
	Lateness, MaxDelay time.Duration
	// Trace is what happened when, in order.
	Trace []string
}

// Err returns nil unless a promise of package cleanup was broken: an avoidable
// overlap, or a missed run.
func (o Outcome) Err() error {
	var errs []error
	for _, d := range o.Overlaps {
		if d.Avoidable {
			errs = append(errs, fmt.Errorf("overlapping runs: %s:\n\t%v\n\t%v", d.Why, d.A, d.B))
		}
	}
	for _, m := range o.Missed {
		errs = append(errs, fmt.Errorf("missed: due at %v, not started at %v, %v after the last fault; the maximum is %v", m.Due, m.Noticed, m.Late, o.MaxDelay))
	}
	return errors.Join(errs...)
}

// Run is the cleaning of one run.
type Run struct {
	Node       string
	PHP        bool
	Executor   cleanup.Executor
	Start, End time.Duration
	// Complete: nothing was left to delete, and nothing failed.
	Complete bool

	// inserted is when its row was written. readBefore is when the node last read
	// the statistics before that, readAfter when it last read them before Start.
	readBefore, inserted, readAfter time.Duration
	round                           time.Duration // the longest
}

// String describes the run in one line.
func (r Run) String() string {
	return fmt.Sprintf("%s (%s) read %v, row %v, read %v, cleaned %v to %v", r.Node, r.Executor, r.readBefore, r.inserted, r.readAfter, r.Start, r.End)
}

// OverlappingRuns are two runs that should have been one.
type OverlappingRuns struct {
	A, B Run
	// Avoidable: a Go node had a part in it and could have known. Two PHP nodes
	// are not, nor is a PHP node that stalls for longer than the guard time and is
	// noticed between two rounds.
	Avoidable bool
	Why       string
}

// MissedRun is a cleanup that did not start in time.
type MissedRun struct {
	Due, Noticed time.Duration
	Late         time.Duration
}
