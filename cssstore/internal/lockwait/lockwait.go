package cssstore

import (
	"context"
	"errors"
	"time"

	"github.com/mosparo/go-cluster/cache/sharedfiles"
	"github.com/mosparo/go-cluster/lock"
)

// lockWait is how long a writer waits for its turn, unless its context has a
// wait of its own.
const lockWait = 10 * time.Second

type lockWaitKey struct{}

// withLockWait returns a context under which writers wait for locks so long.
func withLockWait(ctx context.Context, d time.Duration) context.Context {
	return context.WithValue(ctx, lockWaitKey{}, d)
}

func lockWaitOf(ctx context.Context) time.Duration {
	if d, ok := ctx.Value(lockWaitKey{}).(time.Duration); ok {
		return d
	}
	return lockWait
}

// isHeld reports whether a writer stopped waiting for one that has its lock.
func isHeld(err error) bool {
	return errors.Is(err, lock.ErrHeld) || errors.Is(err, sharedfiles.ErrBusy)
}
