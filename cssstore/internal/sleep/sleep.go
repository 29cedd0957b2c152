// Package sleep waits until a time has passed or a context ends.
package sleep

import (
	"context"
	"time"
)

// For waits for d, or until the context ends, and then returns its cause.
func For(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
