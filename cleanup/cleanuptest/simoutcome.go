package cleanuptest

import (
	"errors"
	"fmt"
	"time"

	"github.com/mosparo/go-cluster/cleanup"
)

// Outcome is what happened in a simulation. Times are since its start.
type Outcome struct {
	// Runs are all runs that have called Clean, in order.
	Runs []Run
	// Overlaps are pairs of runs that should have been one.
	Overlaps []OverlappingRuns
	// Missed are cleanups that did not start within MaxDelay although they were due
	// and there was no fault.
	Missed []MissedRun
	// Lateness is the longest time for which a due cleanup did not start although
	// there was no fault; MaxDelay is the limit.
	Lateness, MaxDelay time.Duration
	// Exits are the processes of which [Simulation].Start returned before its context
	// had ended.
	Exits []Exit
	// Requests are those of [Traffic].
	Requests Requests
	// Trace has a line for each event, in order.
	Trace []string
}

// Err returns nil unless a promise was broken: an avoidable overlap, a missed run, or, of a
// node that runs [Simulation].Start, an exit with an error or a failed request that no fault
// explains.
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
	for _, e := range o.Exits {
		if e.Avoidable && e.Err != nil {
			errs = append(errs, fmt.Errorf("%s: Start returned at %v without a fault: %w", e.Node, e.At, e.Err))
		}
	}
	for _, f := range o.Requests.Failed {
		if f.Avoidable {
			errs = append(errs, fmt.Errorf("failed request: %v", f))
		}
	}
	return errors.Join(errs...)
}

// Run is a run that has called Clean. Start and End are those of the call.
type Run struct {
	Node       string
	PHP        bool
	Executor   cleanup.Executor
	Start, End time.Duration
	// Complete is true if nothing was left to delete, and nothing failed.
	Complete bool

	// inserted is when the row was inserted, readBefore when the node had last read the
	// statistics before that, and readAfter when it last read them before Start.
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
	// Avoidable is true if a Go node is one of the two, and could have known of the
	// other. Two PHP nodes are unavoidable, and so is a PHP node that stalls for longer
	// than the guard time and is detected between two rounds.
	Avoidable bool
	Why       string
}

// MissedRun is a cleanup that did not start in time.
type MissedRun struct {
	Due, Noticed time.Duration
	Late         time.Duration
}

// Exit is a process of which Start returned before its context had ended.
type Exit struct {
	Node string
	At   time.Duration
	Err  error
	// Avoidable is true if there was no fault of servers or network while the process
	// ran.
	Avoidable bool
}
