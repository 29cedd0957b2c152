package cleanuptest

import (
	"context"
	"errors"
	"time"

	"github.com/mosparo/go-cluster/cleanup"
)

var errSimulated = errors.New("simulated: the cleaning failed")

// Clean implements [cleanup.Database]: it takes some time and deletes nothing. Some runs of
// Go nodes are long; those of PHP nodes are so short that they never look crashed.
func (c wiredDatabase) Clean(ctx context.Context, j cleanup.Job) (r cleanup.Report, err error) {
	w := c.w
	run := c.startRun()
	defer func() { w.endRun(run, err == nil && r.Finished && !c.dead.Load()) }()
	left := w.between(time.Millisecond, 20*time.Second, c.node, "work")
	if w.chance(2, c.node, "fast") {
		left = w.between(time.Millisecond, 100*time.Millisecond, c.node, "little work")
	}
	if !c.php && w.chance(5, c.node, "long") {
		left = w.between(time.Minute, 40*time.Minute, c.node, "long work")
	}
	run.round = max(left/16, time.Millisecond)
	fails := w.Faults && w.chance(20, c.node, "fails")
	for left > 0 {
		if j.Limits.Between != nil {
			if err := j.Limits.Between(ctx); err != nil {
				return r, err
			}
		}
		round := min(left, w.between(run.round/2, run.round, c.node, "round"))
		if err := sleep(ctx, round); err != nil {
			return r, err
		}
		if fails {
			return r, errSimulated
		}
		left -= round
		r.DeletedSubmissions++
	}
	r.Finished = true
	return r, nil
}

func (c wiredDatabase) startRun() *Run {
	w := c.w
	c.mu.Lock()
	run := &Run{
		Node: c.node, PHP: c.php, Executor: c.by, Start: w.now(), End: -1,
		readBefore: c.readBefore, inserted: c.inserted, readAfter: c.read,
	}
	c.mu.Unlock()
	w.endQuiet()
	w.noteLateness(run.Start, true)
	w.note("%s cleans", c.node)
	w.mu.Lock()
	defer w.mu.Unlock()
	w.runs = append(w.runs, run)
	return run
}

func (w *world) endRun(run *Run, complete bool) {
	w.note("%s has cleaned, complete %v", run.Node, complete)
	w.endQuiet()
	w.mu.Lock()
	defer w.mu.Unlock()
	run.End, run.Complete = w.now(), complete
}
