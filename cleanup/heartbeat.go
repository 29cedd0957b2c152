package cleanup

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/mosparo/go-cluster/cleanup/internal/runrecord"
)

// heartbeat keeps marker, row and record fresh until ctx ends or the lease is
// lost. PHP nodes consider a run dead when its marker is older than 5 minutes, or,
// if they are forced, when its row of unknown status is older than the unfinished
// interval; Go nodes when the time in the record has passed. The heartbeat of a
// cleaner that hangs stops, and hung is called.
func (c *cleaning) heartbeat(ctx context.Context, hung func()) {
	touch := min(markerAge/3, c.s.policy.UnfinishedInterval/4)
	every := max(min(touch, c.s.leaseTTL/3), time.Millisecond)
	touched, logged := time.Now(), false
	t := time.NewTicker(every)
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-t.C:
		}
		if c.lease.Err() != nil {
			return
		}
		if c.isHung() {
			hung()
			return
		}
		due := time.Since(touched) >= touch-every/2
		if err := c.beat(ctx, due); err != nil {
			if ctx.Err() == nil && !logged {
				c.s.logger.LogAttrs(ctx, slog.LevelWarn, "heartbeat of the run failed", slog.Any("error", err))
				logged = true
			}
			continue // it is tried again at the next tick
		}
		logged = false
		if due {
			touched = time.Now()
		}
	}
}

// beat renews the record and, when that is due, row and marker.
func (c *cleaning) beat(ctx context.Context, due bool) error {
	if !due {
		return c.write(ctx, c.own.Renew)
	}
	return c.write(ctx, func(ctx context.Context) error {
		return errors.Join(c.s.db.Touch(ctx, c.own.Record.Row, runrecord.Now()), c.own.RenewMarker(ctx))
	})
}
