package history_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/mosparo/go-cluster/lock/internal/history"
)

func TestHistory_FindsWhatIsWrong(t *testing.T) {
	at := func(s int) time.Time { return time.Unix(int64(s), 0) }
	lease := func(name string, asked, from, to int, fence uint64) history.Interval {
		return history.Interval{Name: name, Asked: at(asked), From: at(from), To: at(to), Fence: fence}
	}
	for name, c := range map[string]struct {
		leases          []history.Interval
		overlap, fences int
	}{
		"one after the other":            {[]history.Interval{lease("n", 0, 1, 2, 1), lease("n", 2, 3, 4, 2)}, 0, 0},
		"different names":                {[]history.Interval{lease("n", 0, 1, 9, 7), lease("m", 2, 3, 4, 7)}, 0, 0},
		"at the same instant":            {[]history.Interval{lease("n", 0, 1, 2, 1), lease("n", 1, 2, 3, 2)}, 0, 0},
		"two at a time":                  {[]history.Interval{lease("n", 0, 1, 3, 1), lease("n", 1, 2, 4, 2)}, 1, 0},
		"one inside another":             {[]history.Interval{lease("n", 0, 1, 9, 1), lease("n", 1, 2, 3, 2), lease("n", 3, 4, 5, 3)}, 2, 0},
		"a fence that falls":             {[]history.Interval{lease("n", 0, 1, 2, 2), lease("n", 2, 3, 4, 1)}, 0, 1},
		"a fence that comes twice":       {[]history.Interval{lease("n", 0, 1, 2, 1), lease("n", 2, 3, 4, 1)}, 0, 2},
		"a fence after the one before":   {[]history.Interval{lease("n", 0, 1, 2, 5), lease("n", 2, 3, 4, 6), lease("n", 4, 5, 6, 5)}, 0, 2},
		"asked for at the same time":     {[]history.Interval{lease("n", 0, 3, 4, 1), lease("n", 0, 1, 2, 2)}, 0, 0},
		"asked for after one was known":  {[]history.Interval{lease("n", 2, 3, 4, 1), lease("n", 0, 1, 2, 2)}, 0, 1},
		"no matter in what order":        {[]history.Interval{lease("n", 4, 5, 6, 3), lease("n", 0, 1, 2, 1), lease("n", 2, 3, 4, 2)}, 0, 0},
		"an order that hides an overlap": {[]history.Interval{lease("n", 4, 5, 6, 3), lease("n", 0, 1, 7, 1)}, 1, 0},
	} {
		var h history.History
		for _, i := range c.leases {
			h.Add(i)
		}
		require.Len(t, h.CheckOverlap(), c.overlap, name)
		require.Len(t, h.CheckFences(), c.fences, name)
		require.Len(t, h.Check(true), c.overlap+c.fences, name)
	}
}

func TestJain(t *testing.T) {
	require.InDelta(t, 1, history.Jain([]float64{3, 3, 3}), 1e-9)
	require.InDelta(t, 0.25, history.Jain([]float64{0, 7, 0, 0}), 1e-9)
	require.Zero(t, history.Jain(nil))
}
