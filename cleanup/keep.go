package cleanup

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/mosparo/go-cluster/cache"
)

// keep makes a long run look alive: to PHP the marker stays younger than 5
// minutes, the row of unknown status younger than half the unfinished
// interval, which is all that forced PHP runs look at; to Go nodes the record
// says how long the lease lasts, should the lock server forget it. A run whose
// cleaner hangs is not kept alive.
func (r *run) keep(ctx context.Context, hung func()) {
	touch := min(MarkerAge/3, r.s.policy.Unfinished()/4)
	every := max(min(touch, r.s.leaseT/3), time.Millisecond)
	touched, told := time.Now(), false
	t := time.NewTicker(every)
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-t.C:
		}
		if r.lease.Err() != nil {
			return
		}
		if time.Since(r.began)-time.Duration(r.asked.Load()) > MaxRound {
			hung()
			return
		}
		due := time.Since(touched) >= touch-every/2
		if err := r.renew(ctx, due); err != nil {
			if ctx.Err() == nil && !told {
				r.s.logger.LogAttrs(ctx, slog.LevelWarn, "cannot renew the marks of the run", slog.Any("error", err))
				told = true
			}
			continue // and again at the next tick
		}
		told = false
		if due {
			touched = time.Now()
		}
	}
}

// renew saves the record and, when it is time, renews row and marker.
func (r *run) renew(ctx context.Context, due bool) error {
	ctx, cancel := context.WithTimeout(ctx, r.s.callTimeout)
	defer cancel()
	r.record.Alive = r.alive()
	if !due {
		return r.saveRecord(ctx)
	}
	return errors.Join(r.s.db.Touch(ctx, r.record.Row, now()), r.renewMarker(ctx))
}

// renewMarker writes a new marker over our own, or in place of one that the
// cache has lost, and over no other. The record names both before, so that it
// is right wherever we die.
func (r *run) renewMarker(ctx context.Context) error {
	started, err := CleanupStartedAt.Get(ctx, r.s.pool)
	switch {
	case errors.Is(err, cache.ErrNotFound):
		started = r.record.Marker
	case isMissing(err), err == nil && !r.record.owns(&started):
		return r.saveRecord(ctx) // a PHP node's; the next look between rounds finds its row
	case err != nil:
		return err
	}
	r.record.Previous, r.record.Marker = started, now()
	if err := r.saveRecord(ctx); err != nil {
		return err
	}
	if err := r.lease.Err(); err != nil {
		return err
	}
	return cache.Write(ctx, r.s.pool, CleanupStartedAt.With(r.record.Marker, 0))
}
