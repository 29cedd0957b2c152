package cleanup

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/mosparo/go-cluster/cleanup/internal/runrecord"
)

// heartbeat keeps marker, row and record fresh until ctx ends or the lease is lost. A
// PHP node takes a run for crashed when its row is older than the unfinished interval
// and, unless the PHP node is forced, the marker is older than 5 minutes; a Go node when
// the time in the record has passed. Once isHung reports that the cleaner hangs,
// heartbeat calls hung and returns.
func (r *lockedRun) heartbeat(ctx context.Context, own announcement, isHung func() bool, hung func()) {
	touch := min(markerAge/3, r.s.policy.UnfinishedInterval/4)
	every := max(min(touch, r.s.leaseTTL/3), time.Millisecond)
	touched, logged := time.Now(), false
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
		if isHung() {
			hung()
			return
		}
		due := time.Since(touched) >= touch-every/2 // now, if that is closer than the next tick
		if err := r.beat(ctx, own, due); err != nil {
			if ctx.Err() == nil && !logged {
				r.s.logger.LogAttrs(ctx, slog.LevelWarn, "heartbeat of the run failed", slog.Any("error", err))
				logged = true
			}
			continue // the next tick tries again
		}
		logged = false
		if due {
			touched = time.Now()
		}
	}
}

// beat renews the record and, when that is due, row and marker.
func (r *lockedRun) beat(ctx context.Context, own announcement, due bool) error {
	if !due {
		return r.write(ctx, own.Renew)
	}
	return r.write(ctx, func(ctx context.Context) error {
		return errors.Join(r.s.db.Touch(ctx, own.Record.Row, runrecord.Now()), own.RenewMarker(ctx))
	})
}
