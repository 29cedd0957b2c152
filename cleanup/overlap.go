package cleanup

import (
	"cmp"
	"fmt"
	"slices"
	"time"
)

// Overlap is two runs at the same time, by their rows in the statistics.
type Overlap struct {
	Earlier, Later Run
}

// String names the two runs by row, executor and time.
func (o Overlap) String() string {
	return fmt.Sprintf("rows %d (%s, %s) and %d (%s, %s)",
		o.Earlier.ID, o.Earlier.Executor, o.Earlier.Time.UTC().Format(time.DateTime),
		o.Later.ID, o.Later.Executor, o.Later.Time.UTC().Format(time.DateTime))
}

// overlaps is [Scheduler.Overlaps].
func overlaps(runs []Run, p Policy) []Overlap {
	sorted := slices.Clone(runs)
	slices.Reverse(sorted) // most callers have the newest first
	slices.SortStableFunc(sorted, func(a, b Run) int { return cmp.Or(a.Time.Compare(b.Time), cmp.Compare(a.ID, b.ID)) })
	longest := time.Duration(0)
	for i := range sorted {
		longest = max(longest, sorted[i].lasts(p))
	}
	var all []Overlap
	for i := len(sorted) - 1; i >= 0; i-- {
		later := &sorted[i]
		for j := i - 1; j >= 0; j-- {
			earlier := &sorted[j]
			gap := later.Time.Sub(earlier.Time)
			if gap > longest {
				break
			}
			if gap == 0 || gap < earlier.lasts(p) {
				all = append(all, Overlap{Earlier: *earlier, Later: *later})
			}
		}
	}
	return all
}

// lasts returns how long a run takes, at most if it is under way.
func (r *Run) lasts(p Policy) time.Duration {
	if r.Status == StatusUnknown {
		return p.UnfinishedInterval
	}
	return r.Duration
}
