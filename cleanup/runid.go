package cleanup

import (
	"context"
	"sync/atomic"
)

type runIDKey struct{}

// RunID returns the [Run.ID] of the run in which ctx is used, 0 outside of a run and
// before the run has its row. Observers of cache and lock tell by it what belongs to a
// run; its own [Event] and log line have it, too.
func RunID(ctx context.Context) int64 {
	if id, ok := ctx.Value(runIDKey{}).(*atomic.Int64); ok {
		return id.Load()
	}
	return 0
}

// withRunID returns the context of an attempt, which may become a run.
func withRunID(ctx context.Context) context.Context {
	return context.WithValue(ctx, runIDKey{}, new(atomic.Int64))
}

func setRunID(ctx context.Context, id int64) {
	if run, ok := ctx.Value(runIDKey{}).(*atomic.Int64); ok {
		run.Store(id)
	}
}
