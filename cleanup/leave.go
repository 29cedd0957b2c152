package cleanup

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/mosparo/go-cluster/cache"
	"github.com/mosparo/go-cluster/cleanup/internal/runhistory"
	"github.com/mosparo/go-cluster/cleanup/internal/runrecord"
	"github.com/mosparo/go-cluster/lock"
)

// Leave prepares a cluster for the removal of a Go node. Under the lock it ends the run of
// a crashed Go node, for which PHP nodes would wait: it removes the marker, closes the
// row, and makes the cleanup due now if the run has left work. If this is the last Go
// node, Leave removes the keys of all Go nodes as well; mosparo's own keys stay, so that
// PHP nodes keep the schedule.
//
// The error wraps [lock.ErrHeld] while a Go node cleans. If there is a crashed run to end
// and this node must not clean, the error is that of the failed check.
func (s *Scheduler) Leave(ctx context.Context, last bool) error {
	if err := s.leave(ctx, last); err != nil {
		return fmt.Errorf("cleanup: leave: %w", err)
	}
	return nil
}

func (s *Scheduler) leave(ctx context.Context, last bool) error {
	lease, err := s.locker.Acquire(ctx, LockName, lock.WithTTL(s.leaseTTL), lock.WithLabel("leaving"))
	if err != nil {
		return err
	}
	defer func() { _ = lease.Release(ctx) }() // also in a panic
	r := &lockedRun{s: s, lease: lease}
	err = r.removeTraces(ctx)
	if err == nil && last {
		err = r.removeKeys(ctx)
	}
	if rel := lease.Release(ctx); err == nil && !errors.Is(rel, lock.ErrUnavailable) {
		err = rel
	}
	return err
}

// removeTraces ends the crashed run, if there is a record of one.
func (r *lockedRun) removeTraces(ctx context.Context) error {
	var stored cache.Result[runrecord.Record]
	if err := cache.Read(ctx, r.s.pool, runrecord.Key.Into(&stored)); err != nil {
		return err
	}
	record, foreign := runrecord.Interpret(stored)
	switch {
	case foreign:
		return fmt.Errorf("%w: the record %s has a format that this version does not know, so a newer node may clean", lock.ErrHeld, runrecord.Key)
	case record == nil:
		return nil
	case time.Now().Before(record.AliveUntil()):
		return fmt.Errorf("%w: a run may be under way until %s", lock.ErrHeld, record.Alive.Format(time.RFC3339))
	case r.s.mode != ModeClean:
		return fmt.Errorf("%w: it only observes, and there is a crashed run to end", ErrRefused)
	}
	v, err := r.s.snapshot(ctx, true)
	if err != nil {
		return err
	}
	if err := r.s.check(ctx, v.Snapshot); err != nil {
		return err
	}
	return r.recoverCrashed(ctx, *record)
}

// removeKeys removes the keys of all Go nodes.
func (r *lockedRun) removeKeys(ctx context.Context) error {
	if err := r.lease.Err(); err != nil {
		return err
	}
	return r.s.pool.Delete(ctx, string(runrecord.Key), string(runhistory.Key), string(pauseKey))
}
