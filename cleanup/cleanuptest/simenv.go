package cleanuptest

import (
	"context"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/mosparo/go-cluster/cache"
	"github.com/mosparo/go-cluster/cleanup"
	"github.com/mosparo/go-cluster/lock"
)

// NodeEnv is what a process of a node has in a [Simulation] in place of servers, listener
// and random numbers. It is safe for concurrent use and ends with the process.
type NodeEnv struct {
	// Host is the name of the node, such as node-1: the same for all its processes.
	Host string
	// Cache, Locks and Database are the node's ways to the servers of the cluster.
	// Requests take time, and fail as the simulation's faults have it. Closing Cache
	// does nothing.
	Cache    cache.Adapter
	Locks    lock.Backend
	Database cleanup.Database

	p *process
}

// runStart is a process of a node of the user's.
func (w *world) runStart(ctx context.Context, p *process) error {
	return w.Start(ctx, NodeEnv{
		Host: p.node, Cache: wiredCache{&p.wire}, Locks: wiredLocks{&p.wire}, Database: wiredDatabase{wire: &p.wire}, p: p,
	})
}

// Serve lets the handler answer the requests of the simulation's balancer, from now on until
// the process ends; it takes the place of a listener. The context of a request ends at a
// crash, when Start returns, and when the client has waited for 10 seconds; then the handler
// must return. A nil handler closes the listener: connections are refused.
func (e NodeEnv) Serve(h http.Handler) {
	if h == nil {
		e.p.handler.Store(nil)
		return
	}
	e.p.handler.Store(&h)
}

// Random returns a source of random durations from the seed, for [cleanup.WithRandom],
// [lock.WithRandom] and, with nodes.WithHost for Host, nodes.WithRandom, all three of which
// a node of connect.Open needs to run the same way again. A duration is from 0 up to but not
// including n, and 0 if n is not positive. Give each use its own purpose: sources of two
// purposes are independent of each other, and so of the order in which goroutines draw.
func (e NodeEnv) Random(purpose string) func(n time.Duration) time.Duration {
	var mu sync.Mutex
	var last time.Duration // when it was last drawn from
	var again int          // how often it was drawn from before at this time
	return func(n time.Duration) time.Duration {
		mu.Lock()
		defer mu.Unlock()
		if at := e.p.w.now(); at != last {
			last, again = at, 0
		}
		again++
		return e.p.w.between(0, n, e.Host, "random", purpose, strconv.Itoa(again))
	}
}

// Seed returns a number from the seed, for a generator of your own. It differs for each
// purpose, node and process.
func (e NodeEnv) Seed(purpose string) uint64 {
	return e.p.w.random.draw(0, e.Host, "seed", purpose, strconv.Itoa(e.p.starts))
}
