package connect

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/net/netutil"
)

// Limits of the HTTP server, so that slow or many clients cannot exhaust it. A reply
// of CSS is small; connections beyond the limit wait to be accepted.
const (
	readHeaderTimeout = 5 * time.Second
	readTimeout       = 10 * time.Second
	writeTimeout      = 30 * time.Second
	idleTimeout       = 2 * time.Minute
	maxHeaderBytes    = 64 << 10
	maxConnections    = 4096
)

// stopPoll is how often a server that stops looks for busy connections.
const stopPoll = 5 * time.Millisecond

// server is an HTTP server that can drain. The Shutdown of [http.Server] closes idle
// connections first, and drops a request on a connection that was accepted shortly
// before; so this server calls it when nothing is left to answer.
type server struct {
	listener net.Listener
	handler  http.Handler
	http     *http.Server
	draining atomic.Bool
	stopped  atomic.Bool
	ended    chan struct{} // closed when no connection is accepted any more

	mu   sync.Mutex
	busy map[net.Conn]struct{} // those that are not idle
}

// start serves in the background; failed gets the error with which that ends before
// stop.
func (s *server) start(log *slog.Logger, failed chan<- error) {
	s.http = &http.Server{
		Handler:           s,
		ReadHeaderTimeout: readHeaderTimeout, ReadTimeout: readTimeout, WriteTimeout: writeTimeout, IdleTimeout: idleTimeout,
		MaxHeaderBytes: maxHeaderBytes,
		ErrorLog:       slog.NewLogLogger(log.Handler(), slog.LevelWarn),
		ConnState:      s.note,
	}
	s.listener = netutil.LimitListener(s.listener, maxConnections)
	s.ended, s.busy = make(chan struct{}), map[net.Conn]struct{}{}
	go func() {
		defer close(s.ended)
		if err := s.http.Serve(s.listener); !s.stopped.Load() {
			failed <- err
		}
	}()
}

// ServeHTTP implements [http.Handler]. While the server drains each connection ends
// with its next answer, so that its client chooses another node.
func (s *server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if s.draining.Load() {
		w.Header().Set("Connection", "close")
	}
	s.handler.ServeHTTP(w, r)
}

// note keeps account of the connections that are not idle. A new one counts from
// when it is accepted.
func (s *server) note(c net.Conn, state http.ConnState) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if state == http.StateNew || state == http.StateActive {
		s.busy[c] = struct{}{}
	} else {
		delete(s.busy, c)
	}
}

func (s *server) isBusy() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.busy) > 0
}

// stop closes the listener, waits for the requests under way, and closes the idle
// connections last: until then a request that has just been sent on one is answered.
func (s *server) stop(ctx context.Context) error {
	s.stopped.Store(true)
	s.draining.Store(true)
	err := s.listener.Close()
	if errors.Is(err, net.ErrClosed) { // it has failed
		err = nil
	}
	<-s.ended
	poll := time.NewTicker(stopPoll)
	defer poll.Stop()
	for s.isBusy() && ctx.Err() == nil {
		select {
		case <-poll.C:
		case <-ctx.Done():
		}
	}
	if serr := s.http.Shutdown(ctx); serr != nil && !errors.Is(serr, net.ErrClosed) {
		err = errors.Join(err, serr, s.http.Close())
	}
	return err
}
