package cleanuptest

import (
	"context"
	"time"

	"github.com/mosparo/go-cluster/cache"
	"github.com/mosparo/go-cluster/cleanup"
	"github.com/mosparo/go-cluster/lock"
)

// goNode is a Go node. It has one process at a time.
type goNode struct {
	w    *world
	name string
}

// live starts one process after another.
func (n *goNode) live() {
	w := n.w
	if sleep(w.ctx, w.between(0, time.Minute, n.name, "first start")) != nil {
		return
	}
	for w.ctx.Err() == nil {
		n.life()
		if sleep(w.ctx, w.between(time.Second, 20*time.Minute, n.name, "downtime")) != nil {
			return
		}
	}
}

// life runs one process, until it crashes, stops, or the simulation ends.
func (n *goNode) life() {
	w := n.w
	c := &wire{w: w, node: n.name}
	ctx, cancel := context.WithCancel(w.ctx)
	defer cancel()
	locker := lock.New(wiredLocks{c}, lock.WithRandom(func(max time.Duration) time.Duration { return w.between(0, max, n.name, "lock") }))
	s := n.scheduler(c, locker)
	w.setMaxDelay(s.MaxDelay())
	w.countGoNodes(1)
	w.note("%s starts", n.name)
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = s.Run(ctx)
		locker.Close()
	}()
	if w.Faults {
		crash := w.chance(2, n.name, "crash")
		if sleep(w.ctx, w.between(time.Minute, 24*time.Hour, n.name, "life")) == nil {
			c.dead.Store(crash)
			w.note("%s ends, crash %v", n.name, crash)
			w.instantFault()
			cancel()
		}
	}
	<-done
	w.countGoNodes(-1)
}

func (n *goNode) scheduler(c *wire, locker *lock.Locker) *cleanup.Scheduler {
	w := n.w
	opts := []cleanup.Option{
		cleanup.WithMode(cleanup.ModeClean), cleanup.WithPolicy(w.Policy), cleanup.WithPoll(w.Poll), cleanup.WithGuard(w.Guard),
		cleanup.WithRandom(func(max time.Duration) time.Duration { return w.between(0, max, n.name, "jitter") }),
		cleanup.WithObserver(func(_ context.Context, e cleanup.Event) {
			if e.Result != cleanup.ResultNotDue {
				w.note("%s: %s, failed %v", n.name, e.Result, e.Err != nil)
			}
		}),
	}
	db := wiredDatabase{wire: c, by: cleanup.ExecutorFrontendAPI}
	return cleanup.New(cache.NewPool(wiredCache{c}), locker, db, append(opts, w.Options...)...)
}

// phpNode is a PHP node. Each of its requests is a process of its own.
type phpNode struct {
	w    *world
	name string
}

// live makes the requests of visitors. Half of them come when the cleanup has just become
// due, as one often does in a real cluster.
func (n *phpNode) live() {
	w := n.w
	for {
		next := w.between(time.Second, 20*time.Minute, n.name, "next request")
		if due, now := w.due(); !now && w.chance(2, n.name, "busy") {
			next = min(next, due-w.now()+w.between(0, time.Second, n.name, "right when it is due"))
		}
		if sleep(w.ctx, max(next, time.Millisecond+w.between(0, near, n.name, "soon"))) != nil {
			return
		}
		n.request(cleanup.ExecutorFrontendAPI)
	}
}

// cron makes the forced runs of a cron job.
func (n *phpNode) cron() {
	for sleep(n.w.ctx, n.w.between(time.Minute, 24*time.Hour, n.name, "next cron job")) == nil {
		n.request(cleanup.ExecutorCommand)
	}
}

// request runs one process, which may crash.
func (n *phpNode) request(by cleanup.Executor) {
	w := n.w
	c := &wire{w: w, node: n.name}
	ctx, cancel := context.WithCancel(w.ctx)
	defer cancel()
	php := &PHPNode{
		Pool: cache.NewPool(wiredCache{c}), Database: wiredDatabase{wire: c, by: by, php: true}, Policy: w.Policy,
		Sleep: func() time.Duration {
			if by == cleanup.ExecutorCommand {
				return w.between(11*time.Millisecond, 600*time.Millisecond, n.name, "sleep")
			}
			return w.between(time.Millisecond, 100*time.Millisecond, n.name, "sleep")
		},
	}
	if w.chance(10, n.name, "stall") {
		php.Stall = w.between(0, 3*time.Second, n.name, "stalls")
	}
	if w.Faults && w.chance(20, n.name, "death") {
		death := time.AfterFunc(w.between(0, 30*time.Second, n.name, "dies"), func() {
			c.dead.Store(true)
			w.instantFault()
			cancel()
		})
		defer death.Stop()
	}
	r, err := php.Cleanup(ctx, by)
	if r != cleanup.ResultNotDue || err != nil {
		w.note("%s: %s, failed %v", n.name, r, err != nil)
	}
}
