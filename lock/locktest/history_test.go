package locktest_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/mosparo/go-cluster/lock/locktest"
)

func TestHistory_FindsWhatIsWrong(t *testing.T) {
	at := func(s int) time.Time { return time.Unix(int64(s), 0) }
	lease := func(name string, asked, from, to int, fence uint64) locktest.Interval {
		return locktest.Interval{Name: name, Asked: at(asked), From: at(from), To: at(to), Fence: fence}
	}
	for name, c := range map[string]struct {
		leases          []locktest.Interval
		overlap, fences int
	}{
		"one after the other":            {[]locktest.Interval{lease("n", 0, 1, 2, 1), lease("n", 2, 3, 4, 2)}, 0, 0},
		"different names":                {[]locktest.Interval{lease("n", 0, 1, 9, 7), lease("m", 2, 3, 4, 7)}, 0, 0},
		"at the same instant":            {[]locktest.Interval{lease("n", 0, 1, 2, 1), lease("n", 1, 2, 3, 2)}, 0, 0},
		"two at a time":                  {[]locktest.Interval{lease("n", 0, 1, 3, 1), lease("n", 1, 2, 4, 2)}, 1, 0},
		"one inside another":             {[]locktest.Interval{lease("n", 0, 1, 9, 1), lease("n", 1, 2, 3, 2), lease("n", 3, 4, 5, 3)}, 2, 0},
		"a fence that falls":             {[]locktest.Interval{lease("n", 0, 1, 2, 2), lease("n", 2, 3, 4, 1)}, 0, 1},
		"a fence that comes twice":       {[]locktest.Interval{lease("n", 0, 1, 2, 1), lease("n", 2, 3, 4, 1)}, 0, 2},
		"a fence after the one before":   {[]locktest.Interval{lease("n", 0, 1, 2, 5), lease("n", 2, 3, 4, 6), lease("n", 4, 5, 6, 5)}, 0, 2},
		"asked for at the same time":     {[]locktest.Interval{lease("n", 0, 3, 4, 1), lease("n", 0, 1, 2, 2)}, 0, 0},
		"asked for after one was known":  {[]locktest.Interval{lease("n", 2, 3, 4, 1), lease("n", 0, 1, 2, 2)}, 0, 1},
		"no matter in what order":        {[]locktest.Interval{lease("n", 4, 5, 6, 3), lease("n", 0, 1, 2, 1), lease("n", 2, 3, 4, 2)}, 0, 0},
		"an order that hides an overlap": {[]locktest.Interval{lease("n", 4, 5, 6, 3), lease("n", 0, 1, 7, 1)}, 1, 0},
	} {
		var h locktest.History
		for _, i := range c.leases {
			h.Add(i)
		}
		require.Len(t, h.CheckOverlap(), c.overlap, name)
		require.Len(t, h.CheckFences(), c.fences, name)
		require.Len(t, h.Check(true), c.overlap+c.fences, name)
	}
}

func TestJain(t *testing.T) {
	require.InDelta(t, 1, locktest.Jain([]float64{3, 3, 3}), 1e-9)
	require.InDelta(t, 0.25, locktest.Jain([]float64{0, 7, 0, 0}), 1e-9)
	require.Zero(t, locktest.Jain(nil))
}
