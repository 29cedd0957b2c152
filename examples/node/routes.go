package main

import (
	"context"
	"log/slog"
	"net/http"

	"github.com/mosparo/go-cluster/envconfig"
	"github.com/mosparo/go-cluster/envconfig/health"
)

// checks answer for the health of the node.
func (n *node) checks(log *slog.Logger) *health.Handler {
	opts := []health.Option{health.WithLogger(log), health.WithInstallation(n.installation)}
	if n.css != nil {
		opts = append(opts, health.WithReadiness(health.Check{Name: "css", Func: n.css.Ready}))
	}
	return health.New(n.settings.Health, n.settings.Proxies, n.db.Ping, opts...)
}

// installation reads the settings again: mosparo may be updated while this node
// runs. While they cannot be read, the state is that of the last time.
func installation(s *envconfig.Settings, o options, environ []string) func(context.Context) health.Installation {
	return func(context.Context) health.Installation {
		if now, err := load(o, environ); err == nil {
			s = now
		}
		switch {
		case !s.Installed:
			return health.NotInstalled
		case checkVersion(s) != nil:
			return health.UpdateNotFinished
		}
		return health.Installed
	}
}

// publicRoutes are those of the listener that visitors reach. A demonstration shows
// its page here.
func (n *node) publicRoutes(checks *health.Handler) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/", checks)
	if n.css != nil {
		mux.Handle("/resources/", n.css)
	}
	if n.demo {
		mux.HandleFunc("GET /{$}", n.servePage)
		mux.Handle("GET /build/", http.FileServerFS(n.public)) // a web server's work in a cluster
	}
	return mux
}

// adminRoutes are those of the listener that only operators reach. The page links to
// the CSS.
func (n *node) adminRoutes(checks *health.Handler) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/", checks.Admin())
	mux.HandleFunc("GET /{$}", n.servePage)
	if n.css != nil {
		mux.Handle("/resources/", n.css)
	}
	return mux
}
