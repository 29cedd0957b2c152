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

// Run runs the simulation in a testing/synctest bubble of its own. It panics if a number or
// a duration is negative, or the policy is not valid.
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

// run starts all nodes, and stops them at the end.
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

// outcome collects and judges what happened.
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
