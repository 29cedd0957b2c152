package connect

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"time"
)

// ServeOption changes a default of [Node.Serve].
type ServeOption func(*serveOptions)

type serveOptions struct {
	handler http.Handler
	admin   *server // nil: none
}

// WithHandler serves h in place of [Node.Handler], which h may contain. It panics if
// h is nil.
func WithHandler(h http.Handler) ServeOption {
	needed(h == nil, "WithHandler", "h")
	return func(o *serveOptions) { o.handler = h }
}

// WithAdmin also serves h on a listener for operators, until all requests of the
// public one have ended: a status page, or the Admin of Health, which orchestrators
// ask. The default is none. It panics if one of them is nil.
func WithAdmin(l net.Listener, h http.Handler) ServeOption {
	needed(l == nil, "WithAdmin", "l")
	needed(h == nil, "WithAdmin", "h")
	return func(o *serveOptions) { o.admin = &server{listener: l, handler: h} }
}

// finishTimeout is how long requests under way may take to finish.
const finishTimeout = 10 * time.Second

// Serve runs the node (see [Node.Run]) and serves [Node.Handler] until ctx ends. It
// closes the listeners.
//
// Its HTTP server limits what slow or many clients can take: 5 s for the header of a
// request, 10 s for all of it, 30 s for the answer, 64 KB of headers, 4096
// connections at the same time (further ones wait to be accepted), 2 minutes without
// a request.
//
// When ctx ends, the node drains: it is not ready, a cleanup in progress ends at a
// statement and is left to other nodes, and answers carry Connection: close, for as
// long as [WithDrain] says. Then the listener closes, requests under way finish, for
// 10 s at most, and idle connections close last. Serve returns nil then, and
// otherwise the error of a listener.
//
// If a service manager asks for it (NOTIFY_SOCKET), it is told READY=1 when the CSS
// is in memory, and STOPPING=1 when the node drains. With a listener of [Listen] the
// service manager can keep the port open over a restart.
func (n *Node) Serve(ctx context.Context, l net.Listener, opts ...ServeOption) error {
	needed(l == nil, "Serve", "l")
	o := serveOptions{handler: n.Handler()}
	for _, f := range opts {
		needed(f == nil, "ServeOption", "it")
		f(&o)
	}
	working, stopWork := context.WithCancel(ctx)
	defer stopWork()
	serving, stopServing := context.WithCancel(context.WithoutCancel(ctx))
	defer stopServing()
	failed := make(chan error, 2) // one for each server
	public := &server{listener: l, handler: o.handler}
	public.start(n.logger, failed)
	if o.admin != nil {
		o.admin.start(n.logger, failed)
	}
	work := n.start(working, serving)

	var err error
	select {
	case err = <-failed:
		n.stopping(public)
	case <-ctx.Done():
		err = n.drainFor(public, failed)
	}
	stopWork()
	finish, done := context.WithTimeout(context.WithoutCancel(ctx), finishTimeout)
	defer done()
	err = errors.Join(err, public.stop(finish))
	if o.admin != nil {
		err = errors.Join(err, o.admin.stop(finish))
	}
	stopServing()
	work.Wait()
	return err
}

// stopping tells everyone that the node is about to stop.
func (n *Node) stopping(public *server) {
	n.Health.Drain()
	public.draining.Store(true)
	notify(n.logger, "STOPPING=1")
}

// drainFor serves on until balancers have noticed.
func (n *Node) drainFor(public *server, failed <-chan error) error {
	n.logger.Info("stopping", slog.Duration("drain", n.drain))
	n.stopping(public)
	if n.drain == 0 {
		return nil
	}
	select {
	case err := <-failed:
		return err
	case <-time.After(n.drain):
		return nil
	}
}
