package cleanup

import "time"

// Event describes one attempt to an observer. Most find that nothing is due.
type Event struct {
	Executor Executor
	Result   Result
	Report   Report
	// Duration is how long the attempt took, with all waiting.
	Duration time.Duration
	Err      error
	// SinceComplete is the time since the end of the last complete run of any
	// node, negative if the statistics have none.
	SinceComplete time.Duration
	// Overlaps are runs at the same time that have shown since the last event.
	// [Overview] has the older ones, too.
	Overlaps []Overlap
}
