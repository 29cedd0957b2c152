package cleanuptest

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/mosparo/go-cluster/cache"
	"github.com/mosparo/go-cluster/cache/memoryadapter"
	"github.com/mosparo/go-cluster/lock/memorylocker"
)

// world is the simulated cluster.
type world struct {
	Simulation
	began   time.Time
	ctx     context.Context
	adapter *memoryadapter.Adapter
	direct  *cache.Pool // the cache without delays and faults
	locks   *memorylocker.Backend
	db      *Fake
	random  random

	mu       sync.Mutex
	runs     []*Run
	trace    []event
	slow     map[string]time.Duration // the slowest answer of a server now
	cut      map[string]int           // partitions of "server" or "node server"
	up       int                      // Go nodes that run, of the user's or not
	fault    time.Duration            // when the last fault ended
	faults   int                      // faults under way
	outage   time.Duration            // when the last fault of servers or network ended
	late     time.Duration
	missed   []MissedRun
	lastMiss time.Duration
	exits    []Exit
	requests Requests

	quietKnown bool          // until the next write
	quietUntil time.Duration // see isQuiet
}

type event struct {
	at   time.Duration
	text string
}

func newWorld(s Simulation) *world {
	a := memoryadapter.New()
	return &world{
		Simulation: s, began: time.Now(), adapter: a, direct: cache.NewPool(a), locks: memorylocker.New(), db: NewFake(),
		random: random(s.Seed), slow: map[string]time.Duration{}, cut: map[string]int{},
		requests: Requests{Statuses: map[int]int{}},
	}
}

func (w *world) now() time.Duration { return time.Since(w.began) }

// note adds to the trace.
func (w *world) note(format string, args ...any) {
	at := w.now()
	w.mu.Lock()
	defer w.mu.Unlock()
	w.trace = append(w.trace, event{at, fmt.Sprintf(format, args...)})
}

// between returns a random duration of at least from and less than to. It has nanoseconds,
// so that no two timers end at one instant.
func (w *world) between(from, to time.Duration, words ...string) time.Duration {
	if to <= from {
		return from
	}
	return from + time.Duration(w.random.draw(w.now(), words...)%uint64(to-from))
}

// chance returns true once in n times.
func (w *world) chance(n uint64, words ...string) bool {
	return w.random.draw(w.now(), words...)%n == 0
}

func (w *world) isCut(node, server string) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.cut[server] > 0 || w.cut[node+" "+server] > 0
}

func (w *world) slowness(server string) time.Duration {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.slow[server]
}
