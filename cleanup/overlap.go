package cleanup

import (
	"fmt"
	"slices"
	"time"
)

// Overlap is two cleanups that ran at the same time, as their statistic rows
// show.
type Overlap struct {
	Earlier, Later Row
}

func (o Overlap) String() string {
	return fmt.Sprintf("rows %d (%s, %s) and %d (%s, %s)",
		o.Earlier.ID, o.Earlier.Executor, o.Earlier.Time.UTC().Format(time.DateTime),
		o.Later.ID, o.Later.Executor, o.Later.Time.UTC().Format(time.DateTime))
}

// Overlaps finds cleanups that ran at the same time, newest first. A row lasts
// from its time for its duration, one of unknown status for the unfinished
// interval. Times of rows are whole seconds, so that two short runs in one
// second are reported although they may have come one after the other, and two
// runs that meet for less than a second may not be.
func (p Policy) Overlaps(rows []Row) []Overlap {
	sorted := slices.Clone(rows)
	slices.SortStableFunc(sorted, func(a, b Row) int {
		if c := a.Time.Compare(b.Time); c != 0 {
			return c
		}
		return int(a.ID - b.ID)
	})
	var all []Overlap
	for i, later := range slices.Backward(sorted) {
		for _, earlier := range slices.Backward(sorted[:i]) {
			lasts := earlier.Duration
			if earlier.Status == StatusUnknown {
				lasts = p.Unfinished()
			}
			if later.Time.Equal(earlier.Time) || later.Time.Before(earlier.Time.Add(lasts)) {
				all = append(all, Overlap{Earlier: earlier, Later: later})
			}
		}
	}
	return all
}
