package cleanuptest_test

import (
	"context"
	"flag"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/mosparo/go-cluster/cleanup"
	"github.com/mosparo/go-cluster/cleanup/cleanuptest"
)

var (
	simSeeds = flag.Int("sim.seeds", 10, "how many seeds the simulation runs through")
	simFirst = flag.Uint64("sim.first", 1, "the first seed")
	simDays  = flag.Int("sim.days", 3, "how many days of each cluster")
	simTrace = flag.Bool("sim.trace", false, "print what happened")
)

// simulated is the cluster of a seed: of three seeds one has Go nodes only, of
// eleven three have the grace period.
func simulated(seed uint64) cleanuptest.Simulation {
	return cleanuptest.Simulation{
		Seed: seed, Duration: time.Duration(*simDays) * 24 * time.Hour, GoNodes: 1 + int(seed%4), PHPNodes: int(seed % 3), Faults: seed%5 != 0,
		Policy: cleanup.Policy{
			ProcessInterval: time.Duration(1+seed%7) * time.Hour, UnfinishedInterval: time.Duration(1+seed%13) * time.Minute,
			GracePeriod: seed%11 < 3, SubmitTokenRetention: time.Duration(1+seed%6) * time.Hour,
		},
	}
}

func TestSimulation_NoAvoidableOverlapAndNoMissedRun(t *testing.T) {
	n := *simSeeds
	runs, doubles := 0, 0
	var late time.Duration
	for seed := *simFirst; seed < *simFirst+uint64(n); seed++ {
		o := simulated(seed).Run(t)
		runs += len(o.Runs)
		doubles += len(o.Overlaps)
		late = max(late, o.Lateness)
		if *simTrace {
			for _, line := range o.Trace {
				t.Log(line)
			}
		}
		if err := o.Err(); err != nil {
			t.Errorf("%v\nreplay: go test ./cleanup/cleanuptest -run '^%s$' -v -sim.trace -sim.days=%d -sim.seeds=1 -sim.first=%d", err, t.Name(), *simDays, seed)
		}
		require.NotEmpty(t, o.Runs, seed)
	}
	t.Logf("%d seeds, %d runs, %d unavoidable doubles with PHP nodes, at most %v late", n, runs, doubles, late)
}

func TestSimulation_TheSameSeedRunsTheSameWay(t *testing.T) {
	seeds, again := uint64(4), 3
	if os.Getenv("MOSPARO_TEST_LONG") == "1" {
		seeds, again = 12, 4
	}
	for seed := uint64(1); seed <= seeds; seed++ {
		s := simulated(seed)
		s.Duration = 2 * 24 * time.Hour
		first := s.Run(t)
		for range again - 1 {
			require.Equal(t, first.Trace, s.Run(t).Trace, "seed %d", seed)
		}
	}
}

// The judge is not blind.
func TestSimulation_ReportsWhatIsWrong(t *testing.T) {
	day := 24 * time.Hour
	refuse := cleanup.WithCheck(func(context.Context, cleanup.Snapshot) error { return cleanup.ErrRefused })
	o := cleanuptest.Simulation{Seed: 1, Duration: day, GoNodes: 2, Options: []cleanup.Option{refuse}}.Run(t)
	require.NotEmpty(t, o.Missed)
	require.Empty(t, o.Runs)
	require.ErrorContains(t, o.Err(), "missed")

	o = cleanuptest.Simulation{Seed: 1, Duration: 7 * day, PHPNodes: 8, Policy: cleanup.Policy{ProcessInterval: time.Hour}}.Run(t)
	require.NotEmpty(t, o.Overlaps, "PHP nodes among themselves")
	require.NoError(t, o.Err(), "which no Go node could avoid")
}
