package main

import (
	"cmp"
	"fmt"
	"log/slog"
	"net"
	"net/http"

	"github.com/mosparo/go-cluster/envconfig/health"
)

// The values of --admin.
const (
	adminDefault = "127.0.0.1:8081"
	adminOff     = "off"
)

// adminAddress returns the address of the admin listener, nil if there is none. A
// demonstration has its page on the public one, and none by default.
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
		return nil, usageError{fmt.Sprintf("--admin: %s can be reached from other hosts; name a file with a token in --admin-token-file", a)}
	}
	return a, nil
}

// protect asks for the token, if there is one.
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

// adminRoutes are what only operators reach. The page links to the CSS.
func (n *node) adminRoutes() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/", n.Health.Admin())
	mux.HandleFunc("GET /{$}", n.servePage)
	if n.CSS != nil {
		mux.Handle("/resources/", n.CSS)
	}
	return mux
}
