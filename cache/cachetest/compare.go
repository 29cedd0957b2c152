package cachetest

import (
	"slices"
	"strings"
	"testing"
	"time"
)

// Way is one of several ways to do the same thing.
type Way struct {
	Name string
	Do   func() error
}

// Compare measures ways beside each other, taking turns in one run, so that
// other work of the machine hits all of them alike. It reports the median
// time of each, its allocations, and its ratio to the first way, as metrics of
// the sub-benchmark name.
func Compare(b *testing.B, name string, ways ...Way) {
	b.Run(name, func(b *testing.B) {
		for _, w := range ways {
			if err := w.Do(); err != nil {
				b.Fatalf("%s: %v", w.Name, err)
			}
		}
		times := make([][]time.Duration, len(ways))
		for turn := 0; b.Loop(); turn++ {
			for i := range ways {
				i = (i + turn) % len(ways) // each goes first in turn
				times[i] = append(times[i], measure(b, ways[i]))
			}
		}
		b.ReportMetric(0, "ns/op")
		first := median(times[0])
		for i, w := range ways {
			unit := strings.ReplaceAll(w.Name, " ", "-")
			b.ReportMetric(median(times[i]), unit+"-ns")
			b.ReportMetric(testing.AllocsPerRun(100, func() { _ = w.Do() }), unit+"-allocs")
			if i > 0 {
				b.ReportMetric(median(times[i])/first, unit+"/"+strings.ReplaceAll(ways[0].Name, " ", "-"))
			}
		}
	})
}

// inARow is how often a way is used in its turn: caches of the processor are
// warm for all but the first, and the clock costs little.
const inARow = 10

func measure(b *testing.B, w Way) time.Duration {
	start := time.Now()
	for range inARow {
		if err := w.Do(); err != nil {
			b.Fatalf("%s: %v", w.Name, err)
		}
	}
	return time.Since(start) / inARow
}

func median(d []time.Duration) float64 {
	d = slices.Sorted(slices.Values(d))
	return float64(d[len(d)/2])
}
