package cleanuptest_test

import (
	"flag"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/mosparo/go-cluster/cleanup"
	"github.com/mosparo/go-cluster/cleanup/cleanuptest"
)

var (
	simSeeds = flag.Int("sim.seeds", 200, "how many seeds the simulation runs through; with -short a tenth")
	simFirst = flag.Uint64("sim.first", 1, "the first seed")
	simTrace = flag.Bool("sim.trace", false, "print what happened")
)

// simulated is the cluster of a seed: of three seeds one has Go nodes only.
func simulated(seed uint64) cleanuptest.Simulation {
	return cleanuptest.Simulation{
		Seed: seed, GoNodes: 1 + int(seed%4), PHPNodes: int(seed % 3), Faults: seed%5 != 0,
		Policy: cleanup.Policy{ProcessInterval: 1 + int(seed%7), UnfinishedInterval: 1 + int(seed%13)},
	}
}

func TestSimulation_NoAvoidableDoubleRunAndNoneMissed(t *testing.T) {
	n := *simSeeds
	if testing.Short() {
		n = max(n/10, 1)
	}
	runs, doubles := 0, 0
	var late time.Duration
	for seed := *simFirst; seed < *simFirst+uint64(n); seed++ {
		o := simulated(seed).Run(t)
		runs += len(o.Runs)
		doubles += len(o.Doubles)
		late = max(late, o.Lateness)
		if *simTrace {
			for _, line := range o.Trace {
				t.Log(line)
			}
		}
		if err := o.Err(); err != nil {
			t.Errorf("%v\nreplay: go test ./cleanup/cleanuptest -run '^%s$' -v -sim.trace -sim.seeds=1 -sim.first=%d", err, t.Name(), seed)
		}
		require.NotEmpty(t, o.Runs, seed)
	}
	t.Logf("%d seeds, %d runs, %d unavoidable doubles with PHP nodes, at most %v late", n, runs, doubles, late)
}

func TestSimulation_TheSameSeedRunsTheSameWay(t *testing.T) {
	again := 10
	if testing.Short() {
		again = 3
	}
	for seed := uint64(1); seed <= 20; seed++ {
		s := simulated(seed)
		if testing.Short() {
			s.Duration = 2 * 24 * time.Hour
		}
		first := s.Run(t)
		for range again - 1 {
			require.Equal(t, first.Trace, s.Run(t).Trace, "seed %d", seed)
		}
	}
}
