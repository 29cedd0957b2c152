package cleanup

import (
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
	slices.SortStableFunc(sorted, func(a, b Run) int {
		if c := a.Time.Compare(b.Time); c != 0 {
			return c
		}
		return int(a.ID - b.ID)
	})
	var all []Overlap
	for i := len(sorted) - 1; i >= 0; i-- {
		later := &sorted[i]
		for j := i - 1; j >= 0; j-- {
			earlier := &sorted[j]
			lasts := earlier.Duration
			if earlier.Status == StatusUnknown {
				lasts = p.UnfinishedInterval
			}
			if gap := later.Time.Sub(earlier.Time); gap == 0 || gap < lasts {
				all = append(all, Overlap{Earlier: *earlier, Later: *later})
			}
		}
	}
	return all
}
