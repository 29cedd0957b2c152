package cleanuptest

import (
	"context"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/mosparo/go-cluster/cache"
	"github.com/mosparo/go-cluster/cleanup"
	"github.com/mosparo/go-cluster/lock"
)

// goNode is a Go node. It has one process at a time.
type goNode struct {
	w    *world
	name string
	// start runs a process until ctx ends.
	start func(ctx context.Context, p *process) error
	// changed, if not nil, is called when a process has started or ended.
	changed func(name string)

	mu      sync.Mutex
	current *process // nil if none runs
}

// process is one of a Go node.
type process struct {
	wire
	// alive ends when the process has crashed, or its start has returned.
	alive   context.Context
	starts  int // how many processes the node has had before
	handler atomic.Pointer[http.Handler]
}

// live starts one process after another.
func (n *goNode) live() {
	w := n.w
	if sleep(w.ctx, w.between(0, time.Minute, n.name, "first start")) != nil {
		return
	}
	for starts := 0; w.ctx.Err() == nil; starts++ {
		n.life(starts)
		if sleep(w.ctx, w.between(time.Second, 20*time.Minute, n.name, "downtime")) != nil {
			return
		}
	}
}

// life runs one process, until it crashes, stops, or the simulation ends.
func (n *goNode) life(starts int) {
	w := n.w
	alive, vanish := context.WithCancelCause(context.Background())
	defer vanish(errGone)
	p := &process{wire: wire{w: w, node: n.name}, alive: alive, starts: starts}
	ctx, end := context.WithCancelCause(w.ctx)
	defer end(nil)
	ended, returned := context.WithCancel(w.ctx)
	defer returned()
	began := w.now()
	w.countGoNodes(1)
	w.note("%s starts", n.name)
	n.setCurrent(p)
	var err error
	var running sync.WaitGroup
	running.Go(func() {
		err = n.start(ctx, p)
		if ctx.Err() == nil {
			n.exit(began, err)
		}
		returned()
	})
	if w.Faults {
		n.endLater(ended, p, end, vanish)
	}
	running.Wait()
	n.setCurrent(nil)
	w.countGoNodes(-1)
}

// endLater crashes or stops the process after some time.
func (n *goNode) endLater(ended context.Context, p *process, end, vanish context.CancelCauseFunc) {
	w := n.w
	crash := w.chance(2, n.name, "crash")
	if sleep(ended, w.between(time.Minute, 24*time.Hour, n.name, "life")) != nil {
		return
	}
	w.note("%s ends, crash %v", n.name, crash)
	w.instantFault()
	if crash {
		p.dead.Store(true)
		vanish(errDead)
		end(errDead)
		return
	}
	end(errStopped)
}

// exit notes that a process has returned without being told to.
func (n *goNode) exit(began time.Duration, err error) {
	w := n.w
	w.note("%s returns, failed %v", n.name, err != nil)
	e := Exit{Node: n.name, At: w.now(), Err: err}
	w.mu.Lock()
	defer w.mu.Unlock()
	e.Avoidable = w.faults == 0 && w.outage <= began
	w.exits = append(w.exits, e)
}

func (n *goNode) setCurrent(p *process) {
	n.mu.Lock()
	n.current = p
	n.mu.Unlock()
	if n.changed != nil {
		n.changed(n.name)
	}
}

// listening returns the process if it runs and has a handler, else nil.
func (n *goNode) listening() *process {
	n.mu.Lock()
	defer n.mu.Unlock()
	if p := n.current; p != nil && p.alive.Err() == nil && p.handler.Load() != nil {
		return p
	}
	return nil
}

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
