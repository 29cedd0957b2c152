package main

import (
	"cmp"
	"fmt"
	"log/slog"
	"net"
	"net/http"

	"github.com/mosparo/go-cluster/envconfig/health"
	"github.com/mosparo/go-cluster/examples/internal/metrics"
	"github.com/mosparo/go-cluster/examples/node/page"
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

// adminToken reads the token of --admin-token-file, nil if there is none.
func (o options) adminToken(log *slog.Logger) (*health.Token, error) {
	if o.adminTokenFile == "" {
		return nil, nil
	}
	token, err := health.ReadToken(o.adminTokenFile, health.WithLogger(log))
	if err != nil {
		return nil, usageError{"--admin-token-file: " + err.Error()}
	}
	return &token, nil
}

// adminRoutes returns the handler for operators, which requires the token if there is one.
// It serves the CSS as well, since the status page links to it. Without a token the page
// cannot pause the cleanup.
func (n *node) adminRoutes(token *health.Token, log *slog.Logger) http.Handler {
	opts := []page.Option{page.WithLogger(log), page.WithExamination(n.examine)}
	if token != nil {
		opts = append(opts, page.WithToken(*token))
	}
	mux := http.NewServeMux()
	mux.Handle("/", n.Health.Admin())
	n.addPage(mux, opts...)
	mux.Handle("GET /metrics", metrics.Handler(n.metrics, n.Node, n.metrics))
	if n.CSS != nil {
		mux.Handle("/resources/", n.CSS)
	}
	if token == nil {
		return mux
	}
	return health.RequireToken(*token, mux)
}

// addPage adds the status page, which measures the servers from now on.
func (n *node) addPage(mux *http.ServeMux, opts ...page.Option) {
	if n.demo {
		opts = append(opts, page.WithIntroduction(n.introduction()...))
	}
	status := page.New(n.Node, opts...)
	mux.Handle("/{$}", status)
	mux.Handle("/preview/", status)
	mux.Handle("/pause", status)
	n.work = append(n.work, status.Run)
}
