package cleanuptest

import (
	"context"
	"time"

	"github.com/mosparo/go-cluster/cache"
	"github.com/mosparo/go-cluster/cleanup"
	"github.com/mosparo/go-cluster/lock"
)

// runScheduler is the process of a node of GoNodes.
func (w *world) runScheduler(ctx context.Context, p *process) error {
	locker := lock.New(wiredLocks{&p.wire}, lock.WithRandom(func(max time.Duration) time.Duration { return w.between(0, max, p.node, "lock") }))
	defer locker.Close()
	opts := []cleanup.Option{
		cleanup.WithMode(cleanup.ModeClean), cleanup.WithPolicy(w.Policy), cleanup.WithPoll(w.Poll), cleanup.WithGuard(w.Guard),
		cleanup.WithRandom(func(max time.Duration) time.Duration { return w.between(0, max, p.node, "jitter") }),
		cleanup.WithObserver(func(_ context.Context, e cleanup.Event) {
			if e.Result != cleanup.ResultNotDue {
				w.note("%s: %s, failed %v", p.node, e.Result, e.Err != nil)
			}
		}),
	}
	s := cleanup.New(cache.NewPool(wiredCache{&p.wire}), locker, wiredDatabase{wire: &p.wire}, append(opts, w.Options...)...)
	return s.Run(ctx)
}

// maxDelay returns the default of MaxDelay.
func (w *world) maxDelay() (d time.Duration) {
	locker := lock.New(w.locks)
	defer locker.Close()
	if w.GoNodes > 0 {
		opts := []cleanup.Option{cleanup.WithPolicy(w.Policy), cleanup.WithPoll(w.Poll), cleanup.WithGuard(w.Guard)}
		d = cleanup.New(w.direct, locker, w.db, append(opts, w.Options...)...).MaxDelay()
	}
	if w.Start != nil {
		d = max(d, cleanup.New(w.direct, locker, w.db, cleanup.WithPolicy(w.Policy)).MaxDelay())
	}
	return d
}
