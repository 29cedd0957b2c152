package cleanuptest

import (
	"context"
	"errors"
	"time"

	"github.com/mosparo/go-cluster/cache"
	"github.com/mosparo/go-cluster/cleanup"
	"github.com/mosparo/go-cluster/lock"
)

// goNode is a Go node through all its lives.
type goNode struct {
	w    *world
	name string
}

// live starts the node again and again.
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

// life is one process of the node. It ends by a crash, in order, or with the
// simulation.
func (n *goNode) life() {
	w := n.w
	c := &wire{w: w, node: n.name}
	ctx, cancel := context.WithCancel(w.ctx)
	defer cancel()
	locker := lock.New(wiredLocks{c}, lock.WithRandom(func(max time.Duration) time.Duration { return w.between(0, max, n.name, "lock") }))
	s := n.scheduler(c, locker)
	w.setBound(s.Bound())
	w.change(1)
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
			w.hit()
			cancel()
		}
	}
	<-done
	w.change(-1)
}

func (n *goNode) scheduler(c *wire, locker *lock.Locker) *cleanup.Scheduler {
	w := n.w
	opts := []cleanup.Option{
		cleanup.WithPoll(w.Poll), cleanup.WithGuard(w.Guard),
		cleanup.WithRandom(func(max time.Duration) time.Duration { return w.between(0, max, n.name, "jitter") }),
		cleanup.WithObserver(func(e cleanup.Event) {
			if e.Result != cleanup.NextCleanupInTheFuture {
				w.note("%s: %s, failed %v", n.name, e.Result, e.Err != nil)
			}
		}),
	}
	work := &simCleaner{wire: c, by: cleanup.ExecutorFrontendAPI}
	return cleanup.New(cache.NewPool(wiredCache{c}), locker, wiredStatistics{c}, work, w.Policy, cleanup.Clean, append(opts, w.Options...)...)
}

// phpNode answers requests, each of which is a process of its own.
type phpNode struct {
	w    *world
	name string
}

// live are the requests of visitors. There are so many that one often comes
// right when the cleanup is due, and only such ones matter.
func (n *phpNode) live() {
	w := n.w
	for {
		next := w.between(time.Second, 20*time.Minute, n.name, "next request")
		if due, now := w.due(); !now && w.chance(2, n.name, "busy") {
			next = min(next, due-w.now()+w.between(0, time.Second, n.name, "right when it is due"))
		}
		if sleep(w.ctx, max(next, time.Millisecond+w.between(0, quick, n.name, "soon"))) != nil {
			return
		}
		n.request(cleanup.ExecutorFrontendAPI)
	}
}

// cron are the forced runs.
func (n *phpNode) cron() {
	for sleep(n.w.ctx, n.w.between(time.Minute, 24*time.Hour, n.name, "next cron job")) == nil {
		n.request(cleanup.ExecutorCommand)
	}
}

// request is one process, which may die.
func (n *phpNode) request(by cleanup.Executor) {
	w := n.w
	c := &wire{w: w, node: n.name}
	ctx, cancel := context.WithCancel(w.ctx)
	defer cancel()
	php := &PHPNode{
		Pool: cache.NewPool(wiredCache{c}), Statistics: wiredStatistics{c}, Cleaner: &simCleaner{wire: c, by: by, php: true}, Policy: w.Policy,
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
			w.hit()
			cancel()
		})
		defer death.Stop()
	}
	r, err := php.Cleanup(ctx, by)
	if r != cleanup.NextCleanupInTheFuture || err != nil {
		w.note("%s: %s, failed %v", n.name, r, err != nil)
	}
}

// simCleaner works for some time and deletes nothing.
type simCleaner struct {
	*wire
	by  cleanup.Executor
	php bool
}

var errSimulated = errors.New("simulated: the cleaner failed")

// Clean implements [cleanup.Cleaner]. Some runs of Go nodes are long, those of
// PHP nodes stay below what makes them look dead.
func (c *simCleaner) Clean(ctx context.Context, l cleanup.Limits) (r cleanup.Report, err error) {
	w := c.w
	work := w.begin(c)
	defer func() { w.end(work, err == nil && r.Finished && !c.dead.Load()) }()
	left := w.between(time.Millisecond, 20*time.Second, c.node, "work")
	if w.chance(2, c.node, "fast") {
		left = w.between(time.Millisecond, 100*time.Millisecond, c.node, "little work")
	}
	if !c.php && w.chance(5, c.node, "long") {
		left = w.between(time.Minute, 40*time.Minute, c.node, "long work")
	}
	work.Round = max(left/16, time.Millisecond)
	fails := w.Faults && w.chance(20, c.node, "fails")
	for left > 0 {
		if l.Between != nil {
			if err := l.Between(ctx); err != nil {
				return r, err
			}
		}
		round := min(left, w.between(work.Round/2, work.Round, c.node, "round"))
		if err := sleep(ctx, round); err != nil {
			return r, err
		}
		if fails {
			return r, errSimulated
		}
		left -= round
		r.DeletedSubmissions++
	}
	r.Finished = true
	return r, nil
}

func (w *world) begin(c *simCleaner) *Work {
	work := &Work{
		Node: c.node, PHP: c.php, Executor: c.by, LookBefore: c.lookedBefore, Row: c.row, LookAfter: c.looked,
		Start: w.now(), End: -1,
	}
	w.lateness(work.Start, true)
	w.note("%s works", c.node)
	w.mu.Lock()
	defer w.mu.Unlock()
	w.works = append(w.works, work)
	return work
}

func (w *world) end(work *Work, complete bool) {
	w.note("%s has worked, complete %v", work.Node, complete)
	w.mu.Lock()
	defer w.mu.Unlock()
	work.End, work.Complete = w.now(), complete
}
