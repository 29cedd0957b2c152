// Command node is a whole node of a mosparo cluster: the health check, the CSS
// of the projects, the cleanup and a page that shows what it does.
//
// With mosparo's variables and mosparo's database it joins that cluster and
// observes; --clean lets it work. With --demo it makes a cluster of its own in
// a scratch directory, with generated data, and cleans that; with --demo-dir
// several processes are the nodes of one such cluster.
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
	"time"
	_ "time/tzdata" // the zones of PHP, where the machine has none

	"github.com/redis/go-redis/v9"
	"golang.org/x/net/netutil"

	"github.com/mosparo/go-cluster/envconfig/connect"
	"github.com/mosparo/go-cluster/examples/internal/shell"
)

// options are those of the command line.
type options struct {
	listen  string
	dir     string
	zone    string
	clean   bool
	demo    bool
	demoDir string
}

// usageError is a wrong command line; the program exits with 2.
type usageError struct{ msg string }

func (e usageError) Error() string { return e.msg }

func main() {
	redis.SetLogger(connect.NewRedisLogger(slog.New(slog.NewTextHandler(os.Stderr, nil))))
	ctx, stop := signal.NotifyContext(context.Background(), shell.StopSignals()...)
	err := run(ctx, os.Args[1:], os.Environ(), os.Stderr)
	stop()
	os.Exit(exitCode(err, os.Stderr))
}

// exitCode says what went wrong: 0 ended as asked, 1 failed, 2 wrong command
// line.
func exitCode(err error, stderr io.Writer) int {
	var usage usageError
	switch {
	case err == nil, errors.Is(err, flag.ErrHelp):
		return 0
	case errors.As(err, &usage):
		fmt.Fprintln(stderr, "node:", err)
		return 2
	default:
		fmt.Fprintln(stderr, "node:", err)
		return 1
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
	flags.BoolVar(&o.demo, "demo", false, "run a demonstration: a cluster of its own with generated data, which is cleaned")
	flags.StringVar(&o.demoDir, "demo-dir", "", "run the demonstration in this directory, which several nodes may share; the default is a scratch directory")
	if err := flags.Parse(args); errors.Is(err, flag.ErrHelp) {
		return err
	} else if err != nil {
		return usageError{err.Error()}
	}
	o.demo = o.demo || o.demoDir != ""
	if flags.NArg() > 0 {
		return usageError{fmt.Sprintf("unexpected argument %q; see --help", flags.Arg(0))}
	}
	if o.demo && o.clean {
		return usageError{"--clean is for a cluster; a demonstration always cleans"}
	}
	log := slog.New(slog.NewTextHandler(stderr, nil))
	n, err := assemble(ctx, o, environ, log)
	if err != nil {
		return err
	}
	defer n.close(log)
	return n.serve(ctx, o.listen, log)
}

// Limits of the HTTP server, so that slow or many clients cannot exhaust it. A
// reply of CSS is small; connections beyond the limit wait to be accepted.
const (
	readHeaderTimeout = 5 * time.Second
	readTimeout       = 10 * time.Second
	writeTimeout      = 30 * time.Second
	idleTimeout       = 2 * time.Minute
	maxHeaderBytes    = 64 << 10
	maxConnections    = 4096
)

// serve runs HTTP server and cleanup until ctx ends, and then ends both in
// order.
func (n *node) serve(ctx context.Context, addr string, log *slog.Logger) error {
	l, err := net.Listen("tcp", addr)
	if err != nil {
		return err
	}
	srv := &http.Server{
		Handler:           n.routes(),
		ReadHeaderTimeout: readHeaderTimeout, ReadTimeout: readTimeout, WriteTimeout: writeTimeout, IdleTimeout: idleTimeout,
		MaxHeaderBytes: maxHeaderBytes,
		ErrorLog:       slog.NewLogLogger(log.Handler(), slog.LevelWarn),
	}
	log.Info("listening", slog.String("url", "http://"+l.Addr().String()+"/"), slog.String("mode", n.mode.String()), slog.Bool("demo", n.demo))

	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var cleaning sync.WaitGroup
	cleaning.Go(func() { _ = n.scheduler.Run(ctx) }) // it returns nil when ctx ends
	failed := make(chan error, 1)
	go func() { failed <- srv.Serve(netutil.LimitListener(l, maxConnections)) }()
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
