package cleanup

import (
	"context"
	"log/slog"
	"time"

	"github.com/mosparo/go-cluster/cache"
)

// keep makes a long run look alive to PHP: the marker stays younger than 5
// minutes, the row of unknown status younger than half the unfinished
// interval, which is all that forced PHP runs look at.
func (r *run) keep(ctx context.Context) {
	every := min(MarkerAge/3, r.s.policy.Unfinished()/4)
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
		if err := r.s.db.Touch(ctx, r.record.Row, now()); err != nil && ctx.Err() == nil {
			r.s.logger.Warn("cannot renew the statistic row of the run", slog.Any("error", err))
		}
		if err := r.renewMarker(ctx); err != nil && ctx.Err() == nil {
			r.s.logger.Warn("cannot renew the marker of the run", slog.Any("error", err))
		}
	}
}

// renewMarker writes a new marker over our own only. The record names both
// before, so that it is right wherever we die.
func (r *run) renewMarker(ctx context.Context) error {
	started, err := CleanupStartedAt.Get(ctx, r.s.pool)
	if err != nil || !r.record.owns(&started) {
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
