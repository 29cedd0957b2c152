package cleanup

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/mosparo/go-cluster/cache"
	"github.com/mosparo/go-cluster/lock"
)

// Leave ends, under the lock, what a Go node that is gone has left of a run: its
// marker and its row of unknown status, for which PHP nodes would wait. The
// last Go node of a cluster removes the keys of all Go nodes as well; mosparo's
// own keys stay as they are, so that PHP nodes go on with the schedule.
//
// It fails with [lock.ErrHeld] while a Go node cleans, and as a run would if
// there are traces to remove and this node must not clean.
func (s *Scheduler) Leave(ctx context.Context, last bool) error {
	if err := s.leave(ctx, last); err != nil {
		return fmt.Errorf("cleanup: leave: %w", err)
	}
	return nil
}

func (s *Scheduler) leave(ctx context.Context, last bool) error {
	lease, err := s.locker.Acquire(ctx, LockName, lock.WithTTL(s.leaseT), lock.WithLabel("leaving"))
	if err != nil {
		return err
	}
	defer func() { _ = lease.Release(ctx) }() // also in a panic
	r := &run{s: s, lease: lease}
	err = r.clearUp(ctx, last)
	if rel := lease.Release(ctx); err == nil && !errors.Is(rel, lock.ErrUnavailable) {
		err = rel
	}
	return err
}

func (r *run) clearUp(ctx context.Context, last bool) error {
	record, err := RunKey.Get(ctx, r.s.pool)
	var broken *cache.DecodeError
	switch {
	case errors.As(err, &broken), err == nil && !record.known():
		return fmt.Errorf("%w: the record %s has a format that this version does not know, so a newer node may clean", lock.ErrHeld, RunKey)
	case err != nil && !isMissing(err):
		return err
	case err != nil:
	case time.Now().Before(record.aliveUntil()):
		return fmt.Errorf("%w: a run may still go on until %s", lock.ErrHeld, record.Alive.Format(time.RFC3339))
	case r.s.mode != Clean:
		return fmt.Errorf("%w: it only observes, and a run has left its traces", ErrRefused)
	default:
		v, err := r.s.look(ctx, true)
		if err != nil {
			return err
		}
		if err := r.s.check(ctx, v.state); err != nil {
			return err
		}
		if _, err := r.bury(ctx, record); err != nil {
			return err
		}
	}
	if !last {
		return nil
	}
	if err := r.lease.Err(); err != nil {
		return err
	}
	return r.s.pool.Delete(ctx, string(RunKey), string(HistoryKey), string(PauseKey))
}
