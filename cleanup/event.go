package cleanup

import "time"

// Event describes one attempt to an observer ([WithObserver]). In most of them nothing
// is due.
type Event struct {
	Executor Executor
	Result   Result
	// RunID is the [Run.ID] of the attempt's run, 0 if it has not begun one. The log has
	// it as run_id.
	RunID  int64
	Report Report
	// Duration is how long the attempt took, including all waiting.
	Duration time.Duration
	Err      error
	// SinceComplete is the time since the end of the last complete run of any
	// node, negative if the statistics have none.
	SinceComplete time.Duration
	// Overlaps are those first seen in this attempt. Those that were in the statistics
	// at the first attempt are never reported.
	Overlaps []Overlap
}
