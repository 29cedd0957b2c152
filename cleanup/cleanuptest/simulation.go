package cleanuptest

import (
	"context"
	"time"

	"github.com/mosparo/go-cluster/cleanup"
)

// Simulation is a cluster to simulate. All that is random in it comes from Seed, so that the
// same Simulation always runs the same way, with nodes of your own as far as these take
// what is random from their [NodeEnv].
type Simulation struct {
	Seed uint64
	// Duration is the simulated time; the default is a week.
	Duration time.Duration
	// GoNodes run a [cleanup.Scheduler], PHPNodes a [PHPNode] that answers
	// requests and has forced runs as well.
	GoNodes, PHPNodes int
	// Nodes run Start, beside the nodes above; the default is one if Start is set.
	Nodes int
	// Start runs a process of a node of your own, which is expected to clean, until ctx
	// ends: when the process crashes or is told to stop, or the simulation ends. Then it
	// is called again, after a downtime, for the next process of the node. After a crash
	// every request to cache, locks and database fails. Like all its goroutines, Start
	// must return when ctx has ended, but may take its time to drain. An error that it
	// returns before that is in [Outcome].Exits.
	Start func(ctx context.Context, env NodeEnv) error
	// Traffic is what clients ask the nodes that run Start.
	Traffic Traffic
	// Policy is that of the Go and PHP nodes, and by which a cleanup is due. Give your
	// own nodes the same.
	Policy cleanup.Policy
	// Faults makes nodes crash or stop and start again, partitions them from servers,
	// makes servers slow or unreachable, flushes cache and locks, and lets some runs
	// fail.
	Faults bool
	// Poll and Guard are for [cleanup.WithPoll] and [cleanup.WithGuard] of GoNodes; the
	// defaults are 10 minutes and that of WithGuard.
	Poll, Guard time.Duration
	// Options are further options for the schedulers of GoNodes.
	Options []cleanup.Option
	// MaxDelay is when a due cleanup counts as missed. The default is the longest
	// [cleanup.Scheduler.MaxDelay] of GoNodes and, if there is a Start, of a scheduler
	// with Policy and default options.
	MaxDelay time.Duration
}
