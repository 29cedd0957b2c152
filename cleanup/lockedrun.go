package cleanup

import (
	"context"
	"time"

	"github.com/mosparo/go-cluster/lock"
)

// lockedRun is one run under the lock; see execute. Each of its phases has a file.
type lockedRun struct {
	s     *Scheduler
	req   request
	lease *lock.Lease
}

// write calls a step that writes, with the write timeout.
func (r *lockedRun) write(ctx context.Context, step func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, r.s.writeTimeout)
	defer cancel()
	return step(ctx)
}

// saveTimeout is how long saving the end of a run may take.
const saveTimeout = 10 * time.Second

// withSaveTimeout returns a context for saving the end of a run although ctx may have
// ended.
func withSaveTimeout(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.WithoutCancel(ctx), saveTimeout)
}
