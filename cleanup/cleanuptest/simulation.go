package cleanuptest

import (
	"time"

	"github.com/mosparo/go-cluster/cleanup"
)

// Simulation is a cluster to simulate. Everything random comes from Seed, so that
// the same Simulation always runs the same way.
type Simulation struct {
	Seed uint64
	// Duration is the simulated time; the default is a week.
	Duration time.Duration
	// GoNodes run a [cleanup.Scheduler], PHPNodes a [PHPNode] that answers
	// requests and has forced runs as well.
	GoNodes, PHPNodes int
	Policy            cleanup.Policy
	// Faults lets nodes crash, stop and start again, cuts them from servers,
	// makes servers slow or unreachable, and flushes cache and locks. Cleaners
	// fail now and then.
	Faults bool
	// Poll and Guard are options of the schedulers; the defaults are 10 minutes
	// and that of [cleanup.WithGuard].
	Poll, Guard time.Duration
	// Options are further options for the schedulers.
	Options []cleanup.Option
}
