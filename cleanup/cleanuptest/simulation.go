package cleanuptest

import (
	"time"

	"github.com/mosparo/go-cluster/cleanup"
)

// Simulation is a cluster to simulate. All that is random in it comes from Seed, so that the
// same Simulation always runs the same way.
type Simulation struct {
	Seed uint64
	// Duration is the simulated time; the default is a week.
	Duration time.Duration
	// GoNodes run a [cleanup.Scheduler], PHPNodes a [PHPNode] that answers
	// requests and has forced runs as well.
	GoNodes, PHPNodes int
	Policy            cleanup.Policy
	// Faults makes nodes crash or stop and start again, partitions them from servers,
	// makes servers slow or unreachable, flushes cache and locks, and lets some runs
	// fail.
	Faults bool
	// Poll and Guard are for [cleanup.WithPoll] and [cleanup.WithGuard]; the defaults
	// are 10 minutes and that of WithGuard.
	Poll, Guard time.Duration
	// Options are further options for the schedulers.
	Options []cleanup.Option
}
