// Command embed is a web application with a chi router that is a node of a mosparo
// cluster as well: it serves the CSS below a path of its own, answers the health
// checks, and observes the cleanup.
//
// It is a module of its own, so that no user of the library gets chi.
package main

import (
	"context"
	"errors"
	"flag"
	"log/slog"
	"net/http"
	"os"
	"os/signal"
	"syscall"

	"github.com/go-chi/chi/v5"
	"github.com/go-chi/chi/v5/middleware"
	"github.com/go-sql-driver/mysql"
	_ "github.com/jackc/pgx/v5/stdlib" // driver pgx

	"github.com/mosparo/go-cluster/cssstore/csshttp"
	"github.com/mosparo/go-cluster/envconfig"
	"github.com/mosparo/go-cluster/envconfig/connect"
	"github.com/mosparo/go-cluster/envconfig/health"
)

// prefix is the path below which the application has what mosparo has at /.
const prefix = "/mosparo"

func main() {
	dir := flag.String("dir", ".", "mosparo's directory")
	listen := flag.String("listen", "127.0.0.1:8080", "address")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second signal ends the program immediately
	if err := run(ctx, *dir, *listen); err != nil {
		slog.Error("the application has ended", slog.Any("error", err))
		os.Exit(1)
	}
}

func run(ctx context.Context, dir, listen string) (err error) {
	settings, err := envconfig.Load(dir, os.Environ())
	if err != nil {
		return err
	}
	node, err := open(ctx, settings, connect.WithLogger(slog.Default()), connect.WithMySQLTLS(mysql.RegisterTLSConfig))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, node.Close()) }()
	l, err := connect.Listen(ctx, listen)
	if err != nil {
		return err
	}
	return node.Serve(ctx, l, connect.WithHandler(newRouter(node))) // with the cleanup, until a signal; then it drains
}

// open opens the node. The URLs in its responses have the prefix.
func open(ctx context.Context, s *envconfig.Settings, opts ...connect.Option) (*connect.Node, error) {
	return connect.Open(ctx, s, append(opts, connect.WithCSSOptions(csshttp.WithPathPrefix(prefix)))...)
}

// newRouter returns the application.
func newRouter(n *connect.Node) http.Handler {
	r := chi.NewRouter()
	r.Use(middleware.Recoverer)
	r.Get("/", func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write([]byte("The application.\n")) // an error means that the client is gone
	})
	r.Get("/cleanup", func(w http.ResponseWriter, r *http.Request) {
		o, err := n.Scheduler.Overview(r.Context())
		if err != nil {
			http.Error(w, "the state of the cleanup is unknown", http.StatusServiceUnavailable)
			return
		}
		_, _ = w.Write([]byte(o.Decision.Reason + "\n"))
	})
	r.Handle(health.LivePath, n.Health)
	r.Handle(health.ReadyPath, n.Health)
	r.Handle(prefix+"/*", http.StripPrefix(prefix, n.Handler()))
	return r
}
