//go:build unix && !race

// Processor time with the race detector tells nothing.

package testing_test

import (
	"os"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func cpuTime(t *testing.T) time.Duration {
	var u syscall.Rusage
	require.NoError(t, syscall.Getrusage(syscall.RUSAGE_SELF, &u))
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// A month in a simulation, with requests, takes about as much CPU time as the same by hand.
func TestServer_CostsNoMoreThanByHand(t *testing.T) {
	if os.Getenv("MOSPARO_TEST_REQUIRE") != "1" {
		t.Skip("it measures: runs with MOSPARO_TEST_REQUIRE=1, as in .ci/run")
	}
	simulation, hand := time.Hour, time.Hour // the least of each, since other programs disturb
	for range 3 {
		began := cpuTime(t)
		TestServer(t)
		between := cpuTime(t)
		TestServerByHand(t)
		simulation, hand = min(simulation, between-began), min(hand, cpuTime(t)-between)
	}
	t.Logf("CPU time: simulation %v, by hand %v, ratio %.2f", simulation, hand, simulation.Seconds()/hand.Seconds())
	require.Less(t, simulation, 2*hand)
}
