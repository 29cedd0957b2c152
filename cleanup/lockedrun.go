package cleanup

import (
	"context"
	"time"

	"github.com/mosparo/go-cluster/lock"
)

// lockedRun is one run under the lock. Its phases, each in a file of its own:
// snapshot, recovery of a crashed run, announce, clean, finish.
type lockedRun struct {
	s     *Scheduler
	req   request
	lease *lock.Lease
}

// write bounds a step that writes.
func (r *lockedRun) write(ctx context.Context, step func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, r.s.writeTimeout)
	defer cancel()
	return step(ctx)
}

// saveTimeout bounds what is saved after a run, also after one that was cancelled.
const saveTimeout = 10 * time.Second

// withSaveTimeout returns a context for what has to be saved although ctx may have
// ended.
func withSaveTimeout(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.WithoutCancel(ctx), saveTimeout)
}
