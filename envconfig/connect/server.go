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

	"github.com/mosparo/go-cluster/envconfig/connect/requestid"
)

// Limits of the HTTP server against slow clients and floods. Responses with CSS are
// small.
const (
	readHeaderTimeout = 5 * time.Second
	readTimeout       = 10 * time.Second
	writeTimeout      = 30 * time.Second
	idleTimeout       = 2 * time.Minute
	maxHeaderBytes    = 64 << 10
	maxConnections    = 4096
)

// stopPoll is the interval at which a stopping server looks for busy connections.
const stopPoll = 5 * time.Millisecond

// server is an HTTP server that can drain without losing a request. [http.Server.Shutdown]
// closes idle connections first, and with them the requests that are being sent on
// connections that were just accepted. So this server calls it only when no connection
// is busy.
type server struct {
	listener net.Listener
	handler  http.Handler
	http     *http.Server
	draining atomic.Bool
	stopped  atomic.Bool
	ended    chan struct{} // closed when it no longer accepts connections

	mu   sync.Mutex
	busy map[net.Conn]struct{} // the connections that are not idle
}

// start serves in the background. If that ends before stop is called, failed gets the
// error.
func (s *server) start(log *slog.Logger, failed chan<- error) {
	s.http = &http.Server{
		Handler:           requestid.Handler(logRequests(log, s)),
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

// ServeHTTP implements [http.Handler]. While the server drains, each connection ends with
// its next response, so that clients and balancers connect to another node.
func (s *server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if s.draining.Load() {
		w.Header().Set("Connection", "close")
	}
	s.handler.ServeHTTP(w, r)
}

// note updates the set of busy connections. A new connection is busy until it has
// answered its first request.
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

// stop closes the listener, waits for the requests in flight, and closes idle
// connections last, so that a request that is sent on one meanwhile is still answered.
func (s *server) stop(ctx context.Context) error {
	s.stopped.Store(true)
	s.draining.Store(true)
	err := s.listener.Close()
	if errors.Is(err, net.ErrClosed) { // its failure has been reported
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
