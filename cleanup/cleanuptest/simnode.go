package cleanuptest

import (
	"context"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

// goNode is a Go node. It has one process at a time.
type goNode struct {
	w    *world
	name string
	// start runs a process until ctx ends.
	start func(ctx context.Context, p *process) error
	// burst, if not nil, makes requests after a time.
	burst func(name string, after time.Duration)

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
	life := w.between(time.Minute, 24*time.Hour, n.name, "life")
	n.requests(life - burstTime)
	if sleep(ended, life) != nil {
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
	n.requests(0)
}

func (n *goNode) requests(after time.Duration) {
	if n.burst != nil {
		n.burst(n.name, after)
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
