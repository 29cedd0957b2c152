package cleanuptest

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// Run runs the simulation in a testing/synctest bubble of its own. Meanwhile GOMAXPROCS is 1
// for the whole process, which lets a seed replay and saves CPU time; tests that
// run in parallel with it share the one processor.
// It panics if a number or a duration is negative, if the policy is not valid, or if Nodes
// are set without Start.
func (s Simulation) Run(t *testing.T) Outcome {
	t.Helper()
	s.mustBeValid()
	s.Policy = s.Policy.WithDefaults()
	s.Duration = cmp.Or(s.Duration, 7*24*time.Hour)
	s.Poll = cmp.Or(s.Poll, 10*time.Minute)
	s.Traffic.Interval = cmp.Or(s.Traffic.Interval, 10*time.Minute)
	if s.Start != nil {
		s.Nodes = cmp.Or(s.Nodes, 1)
	}
	defer useOneProcessor()()
	var o Outcome
	synctest.Test(t, func(*testing.T) { o = newWorld(s).run() })
	return o
}

func (s Simulation) mustBeValid() {
	for name, n := range map[string]int64{
		"Duration": int64(s.Duration), "GoNodes": int64(s.GoNodes), "PHPNodes": int64(s.PHPNodes), "Nodes": int64(s.Nodes),
		"Poll": int64(s.Poll), "Guard": int64(s.Guard), "MaxDelay": int64(s.MaxDelay), "Traffic.Interval": int64(s.Traffic.Interval),
	} {
		if n < 0 {
			panic("cleanuptest: Simulation." + name + " is negative")
		}
	}
	if s.Nodes > 0 && s.Start == nil {
		panic("cleanuptest: Simulation.Start is nil")
	}
	if err := s.Policy.Validate(); err != nil {
		panic("cleanuptest: Simulation: " + err.Error())
	}
}

// run starts all nodes, and stops them at the end.
func (w *world) run() Outcome {
	ctx, cancel := context.WithCancel(context.Background())
	w.ctx = ctx
	w.MaxDelay = cmp.Or(w.MaxDelay, w.maxDelay())
	var all sync.WaitGroup
	for i := range w.GoNodes {
		n := &goNode{w: w, name: nodeName("go", i), start: w.runScheduler}
		all.Go(n.live)
	}
	for i := range w.PHPNodes {
		n := &phpNode{w: w, name: nodeName("php", i)}
		all.Go(n.live)
		all.Go(n.cron)
	}
	b := &balancer{w: w}
	for i := range w.Nodes {
		b.nodes = append(b.nodes, &goNode{w: w, name: nodeName("node", i), start: w.runStart, burst: b.burst})
	}
	for _, n := range b.nodes {
		all.Go(n.live)
	}
	if w.Traffic.isSet() {
		all.Go(b.balance)
	}
	if w.Faults {
		all.Go(w.injectFaults)
	}
	all.Go(w.watch)
	time.Sleep(w.Duration)
	cancel()
	all.Wait()
	b.requests.Wait()
	return w.outcome()
}

// names returns the names of all nodes.
func (w *world) names() (names []string) {
	for kind, n := range map[string]int{"go": w.GoNodes, "php": w.PHPNodes, "node": w.Nodes} {
		for i := range n {
			names = append(names, nodeName(kind, i))
		}
	}
	slices.Sort(names)
	return names
}

func nodeName(kind string, i int) string { return fmt.Sprintf("%s-%d", kind, i+1) }

// outcome collects and judges what happened.
func (w *world) outcome() Outcome {
	o := Outcome{Missed: w.missed, Lateness: w.late, MaxDelay: w.MaxDelay, Exits: w.exits, Requests: w.requests}
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
