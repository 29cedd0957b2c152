// Command node is a whole node of a mosparo cluster: the health check, the CSS
// of the projects, the cleanup and a page that shows what it does.
//
// Without settings it makes a cluster of its own in a scratch directory, with
// generated data, and cleans that; with --demo-dir several processes are the
// nodes of one such cluster. With mosparo's variables and mosparo's
// database it joins that cluster and observes; --clean lets it work.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"sync"
	"syscall"
	"time"
	_ "time/tzdata" // the zones of PHP, where the machine has none

	"github.com/redis/go-redis/v9"

	"github.com/mosparo/go-cluster/envconfig/connect"
)

// options are those of the command line.
type options struct {
	listen  string
	dir     string
	zone    string
	clean   bool
	demoDir string
}

func main() {
	redis.SetLogger(connect.NewRedisLogger(slog.New(slog.NewTextHandler(os.Stderr, nil))))
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:], os.Environ(), os.Stderr)
	stop()
	if errors.Is(err, flag.ErrHelp) {
		os.Exit(2)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "node:", err)
		os.Exit(1)
	}
}

// run is the program; it returns when ctx has ended and all is closed.
func run(ctx context.Context, args, environ []string, stderr io.Writer) error {
	var o options
	flags := flag.NewFlagSet("node", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.StringVar(&o.listen, "listen", "127.0.0.1:8080", "address of the HTTP server")
	flags.StringVar(&o.dir, "dir", "", "mosparo's directory, for its .env files and config/env.mosparo.php")
	flags.StringVar(&o.zone, "zone", "UTC", "PHP's ini setting date.timezone of the cluster's PHP nodes")
	flags.BoolVar(&o.clean, "clean", false, "take part in the cleanup of a cluster instead of observing it")
	flags.StringVar(&o.demoDir, "demo-dir", "", "directory of the demonstration, which several nodes may share; the default is a scratch directory")
	if err := flags.Parse(args); err != nil {
		return err
	}
	log := slog.New(slog.NewTextHandler(stderr, nil))
	n, err := assemble(ctx, o, environ, log)
	if err != nil {
		return err
	}
	defer n.close(log)
	return n.serve(ctx, o.listen, log)
}

// serve runs HTTP server and cleanup until ctx ends, and then ends both in
// order.
func (n *node) serve(ctx context.Context, addr string, log *slog.Logger) error {
	l, err := net.Listen("tcp", addr)
	if err != nil {
		return err
	}
	srv := &http.Server{Handler: n.routes(), ReadHeaderTimeout: 5 * time.Second, ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelWarn)}
	log.Info("listening", slog.String("url", "http://"+l.Addr().String()+"/"), slog.String("mode", n.mode.String()), slog.Bool("demo", n.demo))

	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var cleaning sync.WaitGroup
	cleaning.Go(func() { _ = n.scheduler.Run(ctx) }) // it returns nil when ctx ends
	failed := make(chan error, 1)
	go func() { failed <- srv.Serve(l) }()
	select {
	case err = <-failed:
		cancel()
	case <-ctx.Done():
		log.Info("stopping")
		end, done := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
		defer done()
		err = srv.Shutdown(end)
		if stopped := <-failed; err == nil && !errors.Is(stopped, http.ErrServerClosed) {
			err = stopped
		}
	}
	cleaning.Wait()
	return err
}
