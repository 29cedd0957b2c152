// Command metrics is a node of a mosparo cluster whose observers feed Prometheus'
// client library and OpenTelemetry: /metrics is on the admin address, and spans go to
// standard output, in place of which a program of yours has an exporter of its choice.
// It only observes the cleanup.
//
// It is a module of its own, so that no user of the library gets the versions of these
// dependencies.
package main

import (
	"context"
	"errors"
	"flag"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"

	"github.com/go-sql-driver/mysql"
	_ "github.com/jackc/pgx/v5/stdlib" // driver pgx
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"go.opentelemetry.io/otel/exporters/stdout/stdouttrace"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"

	"github.com/mosparo/go-cluster/envconfig"
	"github.com/mosparo/go-cluster/envconfig/connect"
	"github.com/mosparo/go-cluster/examples/internal/metrics"
)

func main() {
	dir := flag.String("dir", ".", "mosparo's directory")
	listen := flag.String("listen", "127.0.0.1:8080", "public address")
	admin := flag.String("admin", "127.0.0.1:8081", "address of /metrics, for operators only")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, *dir, *listen, *admin); err != nil {
		slog.Error("the node has ended", slog.Any("error", err))
		os.Exit(1)
	}
}

func run(ctx context.Context, dir, listen, admin string) (err error) {
	exporter, err := stdouttrace.New()
	if err != nil {
		return err
	}
	provider := sdktrace.NewTracerProvider(sdktrace.WithBatcher(exporter))
	defer func() { err = errors.Join(err, provider.Shutdown(context.WithoutCancel(ctx))) }()
	settings, err := envconfig.Load(dir, os.Environ())
	if err != nil {
		return err
	}
	n, err := open(ctx, settings, provider.Tracer("mosparo"), connect.WithLogger(slog.Default()), connect.WithMySQLTLS(mysql.RegisterTLSConfig))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, n.Close()) }()
	public, err := connect.Listen(ctx, listen)
	if err != nil {
		return err
	}
	operators, err := net.Listen("tcp", admin)
	if err != nil {
		return errors.Join(err, public.Close())
	}
	return n.Serve(ctx, public, connect.WithHandler(n.public), connect.WithAdmin(operators, n.admin))
}

// node is a node with its handlers.
type node struct {
	*connect.Node
	public, admin http.Handler
}

// open assembles the node.
func open(ctx context.Context, s *envconfig.Settings, tracer trace.Tracer, opts ...connect.Option) (*node, error) {
	registry := prometheus.NewRegistry()
	recorder := newCollectors(registry)
	n, err := connect.Open(ctx, s, append(options(recorder, tracer), opts...)...)
	if err != nil {
		return nil, err
	}
	admin := http.NewServeMux()
	admin.Handle("/", n.Health.Admin())
	admin.Handle("GET /metrics", metrics.Handler(recorder, n, promhttp.HandlerFor(registry, promhttp.HandlerOpts{})))
	return &node{n, traced(tracer, n.Handler()), admin}, nil
}
