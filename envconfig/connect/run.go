package connect

import (
	"context"
	"log/slog"
	"sync"
	"time"
)

// warmTimeout is how long a node may load CSS before it is ready.
const warmTimeout = 10 * time.Second

// Run does the node's work but for serving: it loads the CSS into memory, for 10 s
// at most, before the node is ready, and prepares CSS and runs the cleanup until ctx
// ends. A run in progress ends at a statement then, and other nodes continue it. It
// returns nil.
//
// Run is for programs with an HTTP server of their own, which serves
// [Node.Handler]; they call the Drain of Health before that server ends.
// [Node.Serve] does both. Call one of them, once.
func (n *Node) Run(ctx context.Context) error {
	work := n.start(ctx, ctx)
	work.Wait()
	return nil
}

// start begins the work: the cleanup runs until working ends, CSS is prepared until
// serving ends.
func (n *Node) start(working, serving context.Context) *sync.WaitGroup {
	var work sync.WaitGroup
	work.Go(func() { _ = n.Scheduler.Run(working) }) // it returns nil when its context ends
	if n.generator != nil {
		work.Go(func() { _ = n.generator.Run(serving) }) // likewise its cause
	}
	work.Go(func() { n.warmUp(working) })
	return &work
}

// warmUp loads the CSS, after which the node is ready.
func (n *Node) warmUp(ctx context.Context) {
	if n.CSS != nil {
		loading, cancel := context.WithTimeout(ctx, warmTimeout)
		defer cancel()
		if err := n.CSS.Warm(loading); err != nil && ctx.Err() == nil {
			n.logger.Warn("not all css was loaded at the start", slog.Any("error", err))
		}
	}
	if ctx.Err() == nil {
		n.warm.Store(true)
		notify(n.logger, "READY=1")
	}
}
