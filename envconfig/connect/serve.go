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

// WithHandler replaces the handler of the public listener, which is [Node.Handler] by
// default. It panics if h is nil.
func WithHandler(h http.Handler) ServeOption {
	panicIfNil(h == nil, "WithHandler", "h")
	return func(o *serveOptions) { o.handler = h }
}

// WithAdmin also serves h on a second listener, for operators and orchestrators: a
// status page, or the probes of [health.Handler.Admin]. It is closed after the public
// one. The default is none. It panics if l or h is nil.
func WithAdmin(l net.Listener, h http.Handler) ServeOption {
	panicIfNil(l == nil, "WithAdmin", "l")
	panicIfNil(h == nil, "WithAdmin", "h")
	return func(o *serveOptions) { o.admin = &server{listener: l, handler: h} }
}

// finishTimeout limits the time in which requests in flight finish.
const finishTimeout = 10 * time.Second

// Serve runs the node, as [Node.Run] does, and serves [Node.Handler] on l until ctx
// ends. It closes l. It returns nil when it has drained, or the error of a listener.
//
// When ctx ends, the node drains for as long as [WithDrain] says: it is not ready, its
// responses carry Connection: close, and a cleanup in progress stops after its current
// statement and is left to other nodes. Then the listener closes, requests in flight
// have 10 s to finish, and idle connections close last.
//
// The HTTP server has limits against slow clients and floods: 5 s for the header of a
// request, 10 s for all of it, 30 s for the response, 64 KB of headers, 2 minutes for an
// idle connection, and 4096 connections, beyond which new ones wait to be accepted.
//
// Each request has an id, which its context carries into the events of all observers and
// the log; see [requestid.Handler]. At level Debug each request is logged.
//
// If the service manager sets NOTIFY_SOCKET, as systemd does for Type=notify, it gets
// READY=1 when CSS is in memory, after 10 s at the latest, and STOPPING=1 when the node
// drains. A listener of [Listen] can stay open over a restart.
func (n *Node) Serve(ctx context.Context, l net.Listener, opts ...ServeOption) error {
	panicIfNil(l == nil, "Serve", "l")
	o := serveOptions{handler: n.Handler()}
	for _, f := range opts {
		if f == nil {
			panic("connect: Serve: opts has a nil ServeOption")
		}
		f(&o)
	}
	working, stopWork := context.WithCancel(ctx)
	defer stopWork()
	serving, stopServing := context.WithCancel(context.WithoutCancel(ctx))
	defer stopServing()
	failed := make(chan error, 2) // an error of each server
	public := &server{listener: l, handler: o.handler}
	public.start(n.logger, failed)
	if o.admin != nil {
		o.admin.start(n.logger, failed)
	}
	work := n.start(working, serving)

	var err error
	select {
	case err = <-failed:
		n.announceStop(public)
	case <-ctx.Done():
		n.logger.InfoContext(ctx, "stopping", slog.Duration("drain", n.drain))
		n.announceStop(public)
		err = n.waitForDrain(failed)
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

// announceStop tells balancers, clients and the service manager that the node is about to
// stop.
func (n *Node) announceStop(public *server) {
	n.Health.Drain()
	public.draining.Store(true)
	notify(n.logger, "STOPPING=1")
}

// waitForDrain waits until balancers have noticed, or a server fails.
func (n *Node) waitForDrain(failed <-chan error) error {
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
