package main

import (
	"cmp"
	"fmt"
	"log/slog"
	"net"
	"net/http"

	"github.com/mosparo/go-cluster/envconfig/health"
	"github.com/mosparo/go-cluster/examples/internal/metrics"
)

// The values of --admin.
const (
	adminDefault = "127.0.0.1:8081"
	adminOff     = "off"
)

// adminAddress returns the address of the admin listener, nil for none. The default for a
// demonstration is none, since its status page is on the public listener.
func (o options) adminAddress() (*net.TCPAddr, error) {
	address := cmp.Or(o.admin, adminDefault)
	if address == adminOff || o.demo && o.admin == "" {
		return nil, nil
	}
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return nil, usageError{"--admin: " + err.Error()}
	}
	a, err := net.ResolveTCPAddr("tcp", net.JoinHostPort(cmp.Or(host, "127.0.0.1"), port))
	if err != nil {
		return nil, usageError{"--admin: " + err.Error()}
	}
	if !a.IP.IsLoopback() && o.adminTokenFile == "" {
		return nil, usageError{fmt.Sprintf("--admin: %s can be reached from other hosts, so it needs a token: see --admin-token-file", a)}
	}
	return a, nil
}

// protect makes h require the token, if there is one.
func (o options) protect(h http.Handler, log *slog.Logger) (http.Handler, error) {
	if o.adminTokenFile == "" {
		return h, nil
	}
	token, err := health.ReadToken(o.adminTokenFile, health.WithLogger(log))
	if err != nil {
		return nil, usageError{"--admin-token-file: " + err.Error()}
	}
	return health.RequireToken(token, h), nil
}

// adminRoutes returns the handler for operators. It serves the CSS as well, since the
// status page links to it.
func (n *node) adminRoutes() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/", n.Health.Admin())
	mux.HandleFunc("GET /{$}", n.servePage)
	mux.Handle("GET /metrics", metrics.Handler(n.metrics, n.Node, n.metrics))
	if n.CSS != nil {
		mux.Handle("/resources/", n.CSS)
	}
	return mux
}
