package cleanuptest

import (
	"context"
	"time"

	"github.com/mosparo/go-cluster/cache"
	"github.com/mosparo/go-cluster/cleanup"
)

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
		Pool: cache.NewPool(wiredCache{c}), Database: wiredDatabase{wire: c, php: true}, Policy: w.Policy,
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
