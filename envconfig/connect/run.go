package connect

import (
	"context"
	"log/slog"
	"sync"
	"time"
)

// warmTimeout limits the time for which a node loads CSS before it is ready.
const warmTimeout = 10 * time.Second

// Run runs the node without an HTTP server, until ctx ends. It loads CSS into memory,
// for 10 s at most, after which readiness depends on [csshttp.Handler.Ready]; it runs the
// cleanup and prepares CSS.
// When ctx ends, a cleanup in progress stops after its current statement, and other
// nodes continue it. Run returns nil.
//
// Use it in a program with an HTTP server of its own, which serves [Node.Handler] and
// calls Health.Drain before it stops; otherwise use [Node.Serve]. Call one of the two,
// once.
func (n *Node) Run(ctx context.Context) error {
	work := n.start(ctx, ctx)
	work.Wait()
	return nil
}

// start starts the work in the background: the cleanup until working ends, the
// preparation of CSS until serving ends.
func (n *Node) start(working, serving context.Context) *sync.WaitGroup {
	var work sync.WaitGroup
	work.Go(func() { _ = n.Scheduler.Run(working) }) // it only ends with its context
	if n.generator != nil {
		work.Go(func() { _ = n.generator.Run(serving) }) // likewise
	}
	if n.Nodes != nil {
		work.Go(func() { _ = n.Nodes.Run(working) }) // likewise
	}
	work.Go(func() { n.warmUp(working) })
	return &work
}

// warmUp loads CSS into memory and makes the node ready.
func (n *Node) warmUp(ctx context.Context) {
	if n.CSS != nil {
		loading, cancel := context.WithTimeout(ctx, warmTimeout)
		defer cancel()
		if err := n.CSS.Warm(loading); err != nil && ctx.Err() == nil {
			n.logger.WarnContext(ctx, "not all css could be loaded into memory at the start", slog.Any("error", err))
		}
	}
	if ctx.Err() == nil {
		n.warm.Store(true)
		notify(n.logger, "READY=1")
	}
}
