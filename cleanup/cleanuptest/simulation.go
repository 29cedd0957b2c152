package cleanuptest

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/mosparo/go-cluster/cache"
	"github.com/mosparo/go-cluster/cache/memoryadapter"
	"github.com/mosparo/go-cluster/cleanup"
	"github.com/mosparo/go-cluster/lock/memorylocker"
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

// Outcome is what happened in a simulation. Times are since its beginning.
type Outcome struct {
	// Runs are all cleanings, in order.
	Runs []Run
	// Overlaps are pairs of runs that should have been one.
	Overlaps []OverlappingRuns
	// Missed are cleanups that were due and did not start within MaxDelay, without
	// a fault that explains it.
	Missed []MissedRun
	// Lateness is the longest time that a due cleanup waited while there was no
	// fault, MaxDelay what [cleanup.Scheduler.MaxDelay] promises.
	Lateness, MaxDelay time.Duration
	// Trace is what happened when, in order.
	Trace []string
}

// Run is the cleaning of one run.
type Run struct {
	Node       string
	PHP        bool
	Executor   cleanup.Executor
	Start, End time.Duration
	// Complete: nothing was left to delete, and nothing failed.
	Complete bool

	// inserted is when its row was written. readBefore is when the node last read
	// the statistics before that, readAfter when it last read them before Start.
	readBefore, inserted, readAfter time.Duration
	round                           time.Duration // the longest
}

// String describes the run in one line.
func (r Run) String() string {
	return fmt.Sprintf("%s (%s) read %v, row %v, read %v, cleaned %v to %v", r.Node, r.Executor, r.readBefore, r.inserted, r.readAfter, r.Start, r.End)
}

// OverlappingRuns are two runs that should have been one.
type OverlappingRuns struct {
	A, B Run
	// Avoidable: a Go node had a part in it and could have known. Two PHP nodes
	// are not, nor is a PHP node that stalls for longer than the guard time and is
	// noticed between two rounds.
	Avoidable bool
	Why       string
}

// MissedRun is a cleanup that did not start in time.
type MissedRun struct {
	Due, Noticed time.Duration
	Late         time.Duration
}

// Err returns nil unless a promise of package cleanup was broken: an avoidable
// overlap, or a missed run.
func (o Outcome) Err() error {
	var errs []error
	for _, d := range o.Overlaps {
		if d.Avoidable {
			errs = append(errs, fmt.Errorf("overlapping runs: %s:\n\t%v\n\t%v", d.Why, d.A, d.B))
		}
	}
	for _, m := range o.Missed {
		errs = append(errs, fmt.Errorf("missed: due at %v, not started at %v, %v after the last fault; the maximum is %v", m.Due, m.Noticed, m.Late, o.MaxDelay))
	}
	return errors.Join(errs...)
}

// Run simulates the cluster in a bubble of its own. It panics if a number or a
// duration is negative, or the policy is not valid.
func (s Simulation) Run(t *testing.T) Outcome {
	t.Helper()
	for name, n := range map[string]int64{
		"Duration": int64(s.Duration), "GoNodes": int64(s.GoNodes), "PHPNodes": int64(s.PHPNodes), "Poll": int64(s.Poll), "Guard": int64(s.Guard),
	} {
		if n < 0 {
			panic("cleanuptest: Simulation." + name + " is negative")
		}
	}
	if err := s.Policy.Validate(); err != nil {
		panic("cleanuptest: Simulation: " + err.Error())
	}
	s.Policy = s.Policy.WithDefaults()
	s.Duration = cmp.Or(s.Duration, 7*24*time.Hour)
	s.Poll = cmp.Or(s.Poll, 10*time.Minute)
	var o Outcome
	synctest.Test(t, func(*testing.T) { o = newWorld(s).run() })
	return o
}

// world is the simulated cluster.
type world struct {
	Simulation
	began   time.Time
	ctx     context.Context
	adapter *memoryadapter.Adapter
	truth   *cache.Pool // what is in the cache, without delays and faults
	locks   *memorylocker.Backend
	db      *Fake
	random  random

	mu       sync.Mutex
	runs     []*Run
	trace    []event
	slow     map[string]time.Duration // the slowest answer of a server now
	cut      map[string]int           // "server" or "node server" that cannot be reached
	up       int                      // Go nodes that run
	fault    time.Duration            // when the last fault ended
	faults   int                      // how many last now
	maxDelay time.Duration
	late     time.Duration
	missed   []MissedRun
	lastMiss time.Duration
}

type event struct {
	at   time.Duration
	text string
}

func newWorld(s Simulation) *world {
	a := memoryadapter.New()
	w := &world{
		Simulation: s, began: time.Now(), adapter: a, truth: cache.NewPool(a), locks: memorylocker.New(), db: NewFake(),
		random: random(s.Seed), slow: map[string]time.Duration{}, cut: map[string]int{},
	}
	return w
}

func (w *world) now() time.Duration { return time.Since(w.began) }

// note adds to the trace.
func (w *world) note(format string, args ...any) {
	at := w.now()
	w.mu.Lock()
	defer w.mu.Unlock()
	w.trace = append(w.trace, event{at, fmt.Sprintf(format, args...)})
}

func (w *world) run() Outcome {
	ctx, cancel := context.WithCancel(context.Background())
	w.ctx = ctx
	var all sync.WaitGroup
	for i := range w.GoNodes {
		n := &goNode{w: w, name: fmt.Sprintf("go-%d", i+1)}
		all.Go(n.live)
	}
	for i := range w.PHPNodes {
		n := &phpNode{w: w, name: fmt.Sprintf("php-%d", i+1)}
		all.Go(n.live)
		all.Go(n.cron)
	}
	if w.Faults {
		all.Go(w.injectFaults)
	}
	all.Go(w.watch)
	time.Sleep(w.Duration)
	cancel()
	all.Wait()
	return w.outcome()
}

func (w *world) outcome() Outcome {
	o := Outcome{Missed: w.missed, Lateness: w.late, MaxDelay: w.maxDelay}
	slices.SortStableFunc(w.trace, func(a, b event) int {
		if c := int(a.at - b.at); c != 0 {
			return c
		}
		return strings.Compare(a.text, b.text)
	})
	for _, e := range w.trace {
		o.Trace = append(o.Trace, e.at.String()+" "+e.text)
	}
	for _, r := range w.runs {
		o.Runs = append(o.Runs, *r)
	}
	slices.SortFunc(o.Runs, func(a, b Run) int { return int(a.Start - b.Start) })
	o.Overlaps = w.overlaps(o.Runs)
	return o
}

// random is a source that draws from the seed, the node, the purpose and the simulated time,
// which no two requests of a node share: it depends on no order of goroutines.
type random uint64

func (r random) draw(at time.Duration, words ...string) uint64 {
	h := uint64(r)*0x9e3779b97f4a7c15 + uint64(at)
	for _, w := range words {
		for i := range len(w) {
			h = (h ^ uint64(w[i])) * 0x100000001b3
		}
		h = (h ^ 0xff) * 0x100000001b3
	}
	h = (h ^ h>>30) * 0xbf58476d1ce4e5b9
	h = (h ^ h>>27) * 0x94d049bb133111eb
	return h ^ h>>31
}

// between is a duration of at least from and less than to, down to the
// nanosecond, so that no two timers end at one instant.
func (w *world) between(from, to time.Duration, words ...string) time.Duration {
	if to <= from {
		return from
	}
	return from + time.Duration(w.random.draw(w.now(), words...)%uint64(to-from))
}

// chance is true once in n times.
func (w *world) chance(n uint64, words ...string) bool {
	return w.random.draw(w.now(), words...)%n == 0
}
