package cleanup

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/mosparo/go-cluster/cache"
	"github.com/mosparo/go-cluster/cleanup/internal/runrecord"
	"github.com/mosparo/go-cluster/lock"
)

// Overview is the state of the cleanup as a node sees it.
type Overview struct {
	Mode     Mode
	Snapshot Snapshot
	// Decision is that of an unforced run now. It says when the next one is due, and
	// why.
	Decision Decision
	// Pause is the pause of the Go nodes, nil if there is none.
	Pause *Pause
	// Holder is the Go node that has the lock, nil if none has it or the backend
	// cannot tell.
	Holder *lock.Holder
	// Running is the run that is under way as marker, row and record show it, nil
	// if none is. Its node may have crashed not long ago.
	Running *Run
	// Runs are the newest 10 runs with their nodes, newest first.
	Runs []Run
	// SinceComplete is the time since the end of the last complete run, negative
	// if the statistics have none.
	SinceComplete time.Duration
	// Overlaps are those among Runs, newest first.
	Overlaps []Overlap
	// CheckedAt is when the checks were last made, zero if never. CheckErr is nil if
	// this node may clean, and wraps [ErrRefused] if it must not; any other error
	// means that the answer is unknown.
	CheckedAt time.Time
	CheckErr  error
	// Warnings say what looks wrong in cache and statistics, in sentences for people.
	Warnings []string
}

// shownRuns is how many runs an Overview has.
const shownRuns = 10

// Overview returns the state of the cleanup. It makes no checks ([Scheduler.Check]
// does) and writes nothing, but a filesystem cache removes expired keys of Go nodes when
// they are read. With an error it returns what could be read.
func (s *Scheduler) Overview(ctx context.Context) (Overview, error) {
	o := Overview{Mode: s.mode}
	o.CheckedAt, o.CheckErr = s.lastCheck()
	v, err := s.snapshot(ctx, true)
	if err != nil {
		return o, fmt.Errorf("cleanup: overview: %w", err)
	}
	at := time.Now()
	o.Snapshot, o.Pause, o.Warnings = v.Snapshot, v.pause, v.warnings
	o.Decision = request{policy: s.policy}.decide(v).Decision
	o.SinceComplete = -1
	if done, ok := lastComplete(v.runs); ok {
		o.SinceComplete = max(at.Sub(done), 0)
	}
	runs, err := s.withNodes(ctx, v.runs, v.record)
	o.Running = v.running(runs, s.policy, at)
	o.Runs = runs[:min(len(runs), shownRuns)]
	o.Overlaps = overlaps(o.Runs, s.policy)
	h, herr := s.locker.Holder(ctx, LockName)
	switch {
	case herr == nil:
		o.Holder = &h
	case !errors.Is(herr, lock.ErrNotHeld):
		err = errors.Join(err, herr)
	}
	if err != nil {
		err = fmt.Errorf("cleanup: overview: %w", err)
	}
	return o, err
}

// ActiveRun returns the run of a Go node that may be under way, by its record in the
// cache, or nil. If the record has an unknown format, only NodeUnknown is set in the
// run. Unlike [Scheduler.Overview] it needs no database.
func ActiveRun(ctx context.Context, pool *cache.Pool) (*Run, error) {
	var r cache.Result[runrecord.Record]
	if err := cache.Read(ctx, pool, runrecord.Key.Into(&r)); err != nil {
		return nil, fmt.Errorf("cleanup: active run: %w", err)
	}
	record, foreign := runrecord.Interpret(r)
	switch {
	case foreign:
		return &Run{NodeUnknown: true}, nil
	case record != nil && time.Now().Before(record.AliveUntil()):
		return runOf(*record), nil
	}
	return nil, nil
}

// running returns the run under way by record, row or marker, whichever shows one
// first. runs are those of the snapshot with their nodes: without them, the run of a Go
// node whose record the cache has lost would look like a PHP node's.
func (v *fullSnapshot) running(runs []Run, p Policy, at time.Time) *Run {
	if v.record != nil && Status(v.record.Status) == StatusUnknown {
		return runOf(*v.record)
	}
	for _, run := range runs {
		if run.Status == StatusUnknown && run.Time.After(at.Add(-p.UnfinishedInterval)) {
			return &run
		}
	}
	if s := v.Started; s != nil && s.After(at.Add(-markerAge)) {
		return &Run{Time: *s}
	}
	return nil
}
