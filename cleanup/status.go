package cleanup

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/mosparo/go-cluster/cache"
	"github.com/mosparo/go-cluster/lock"
)

// Overview is what a node knows of the cleanup.
type Overview struct {
	Mode  Mode
	State State
	// Decision is what an unforced run would meet now; it has the time when the
	// next one is due, and why then.
	Decision Decision
	// Pause is the pause of the Go nodes, nil if there is none.
	Pause *Pause
	// Holder is the Go node that cleans now, nil if none does or nobody knows.
	Holder *lock.Holder
	// Running is the run that is under way as marker, row and record show it, nil
	// if none is.
	Running *Running
	// Recent are the newest statistic rows, newest first.
	Recent []Row
	// Runs are the same rows with the node that wrote them.
	Runs []Run
	// SinceComplete is the time since the end of the last complete run, negative
	// if no row tells.
	SinceComplete time.Duration
	// Overlaps are cleanups that ran at the same time, newest first.
	Overlaps []Overlap
	// Readiness is whether this node may clean, by its checks.
	Readiness Readiness
	// Warnings say what looks wrong with the schedule.
	Warnings []string
}

// Running is a run that is under way, or died not long ago.
type Running struct {
	Since time.Time
	// Host and PID are those of a Go node; empty for a PHP node, which does not
	// say where it runs.
	Host string
	PID  int
	// Row is the id of its statistic row, 0 if it has none yet.
	Row int64
}

// Run is a statistic row and who wrote it.
type Run struct {
	Row
	// Go: it is of a Go node, on Host.
	Go   bool
	Host string
	// Unknown: its node is unknown, since the cache has no notes of that
	// time. A row that is neither of a Go node nor unknown is of a PHP node.
	Unknown bool
}

// recentShown is how many rows an Overview has.
const recentShown = 10

// Status reads the state of the cleanup, and changes nothing. It asks no checks:
// that is what [Scheduler.Check] is for. A filesystem cache
// removes a key of Go nodes that is over when it is read. What is returned with
// an error is what could be read.
func (s *Scheduler) Status(ctx context.Context) (Overview, error) {
	v, err := s.look(ctx, true)
	if err != nil {
		return Overview{Mode: s.mode, Readiness: s.readiness()}, fmt.Errorf("cleanup: status: %w", err)
	}
	at := time.Now()
	rows := v.rows[:min(len(v.rows), recentShown)]
	o := Overview{
		Mode: s.mode, State: v.state, Decision: order{policy: s.policy}.decide(v).Decision, Pause: v.pause,
		Recent: rows, SinceComplete: -1, Overlaps: s.policy.Overlaps(rows), Warnings: v.strange, Readiness: s.readiness(),
		Running: v.running(s.policy, at),
	}
	if done, ok := lastComplete(v.rows); ok {
		o.SinceComplete = max(at.Sub(done), 0)
	}
	o.Runs, err = s.runs(ctx, rows, v.record)
	h, herr := s.locker.Holder(ctx, LockName)
	switch {
	case herr == nil:
		o.Holder = &h
	case !errors.Is(herr, lock.ErrNotHeld):
		err = errors.Join(err, herr)
	}
	if err != nil {
		err = fmt.Errorf("cleanup: status: %w", err)
	}
	return o, err
}

// History returns the newest statistic rows with the nodes that wrote them,
// newest first, at most n. It writes nothing.
func (s *Scheduler) History(ctx context.Context, n int) ([]Run, error) {
	rows, err := s.db.Recent(ctx, n)
	if err != nil {
		return nil, fmt.Errorf("cleanup: history: %w", err)
	}
	all, err := s.runs(ctx, rows, nil)
	if err != nil {
		err = fmt.Errorf("cleanup: history: %w", err)
	}
	return all, err
}

// ActiveRun returns the run of a Go node that may still go on, by its record in
// the cache; nil if there is none. A record of an unknown format counts as one, of
// which nothing is known. It needs no database.
func ActiveRun(ctx context.Context, pool *cache.Pool) (*Running, error) {
	var r cache.Result[RunRecord]
	if err := cache.Read(ctx, pool, RunKey.Into(&r)); err != nil {
		return nil, fmt.Errorf("cleanup: active run: %w", err)
	}
	var v view
	v.recordOf(r)
	switch {
	case v.foreign:
		return &Running{}, nil
	case v.record != nil && time.Now().Before(v.record.aliveUntil()):
		return v.record.running(), nil
	}
	return nil, nil
}

func (r RunRecord) running() *Running {
	return &Running{Since: r.Started, Host: r.Host, PID: r.PID, Row: r.Row}
}

// running is the run that is under way, by all that shows one.
func (v view) running(p Policy, at time.Time) *Running {
	if v.record != nil && v.record.Status == StatusUnknown {
		return v.record.running()
	}
	for _, row := range v.rows {
		if row.Status == StatusUnknown && row.Time.After(at.Add(-p.Unfinished())) {
			return &Running{Since: row.Time, Row: row.ID}
		}
	}
	if s := v.state.Started; s != nil && s.After(at.Add(-MarkerAge)) {
		return &Running{Since: *s}
	}
	return nil
}
