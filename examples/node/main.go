// Command node is a whole node of a mosparo cluster: the health checks, the CSS
// of the projects, the cleanup and a page that shows what it does. Visitors reach
// the CSS and the checks (--listen); the page is for operators (--admin).
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
	"os"
	"os/signal"
	"time"
	_ "time/tzdata" // the zones of PHP, where the machine has none

	"github.com/go-sql-driver/mysql"
	"github.com/redis/go-redis/v9"

	"github.com/mosparo/go-cluster/envconfig/connect"
	"github.com/mosparo/go-cluster/examples/internal/shell"
)

// options are those of the command line.
type options struct {
	listen         string
	admin          string
	adminTokenFile string
	dir            string
	zone           string
	clean          bool
	demo           bool
	demoDir        string
	drain          time.Duration
}

// usageError is a wrong command line; the program exits with 2.
type usageError struct{ msg string }

func (e usageError) Error() string { return e.msg }

func main() {
	log := slog.NewTextHandler(os.Stderr, nil)
	redis.SetLogger(connect.NewRedisLogger(slog.New(log)))
	_ = mysql.SetLogger(slog.NewLogLogger(log, slog.LevelInfo)) // it refuses nil only
	ctx, stop := signal.NotifyContext(context.Background(), shell.StopSignals()...)
	context.AfterFunc(ctx, stop) // a second signal ends the program immediately
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
	flags.StringVar(&o.listen, "listen", "127.0.0.1:8080", "public address: CSS and health checks")
	flags.StringVar(&o.admin, "admin", "", "address for operators: status page, /livez, /readyz; \"off\" for none; without a host it is 127.0.0.1 (default "+adminDefault+", with --demo off)")
	flags.StringVar(&o.adminTokenFile, "admin-token-file", "", "file with a bearer token that the address for operators asks for, but for /livez and /readyz; needed unless it is a loopback address")
	flags.StringVar(&o.dir, "dir", "", "mosparo's directory, for its .env files and config/env.mosparo.php")
	flags.StringVar(&o.zone, "zone", "UTC", "PHP's ini setting date.timezone of the cluster's PHP nodes")
	flags.BoolVar(&o.clean, "clean", false, "take part in the cleanup of a cluster instead of observing it")
	flags.BoolVar(&o.demo, "demo", false, "run a demonstration: a cluster of its own with generated data, which is cleaned")
	flags.StringVar(&o.demoDir, "demo-dir", "", "run the demonstration in this directory, which several nodes may share; the default is a scratch directory")
	flags.DurationVar(&o.drain, "drain", connect.DefaultDrain, "how long to serve on after a signal to stop: at least the balancer's interval × its failures + 1 s; a demonstration does not wait unless this is given")
	if err := flags.Parse(args); errors.Is(err, flag.ErrHelp) {
		return err
	} else if err != nil {
		return usageError{err.Error()}
	}
	o.demo = o.demo || o.demoDir != ""
	if o.drain < 0 {
		return usageError{"--drain: it is below zero"}
	}
	if o.demo && !isSet(flags, "drain") {
		o.drain = 0
	}
	if flags.NArg() > 0 {
		return usageError{fmt.Sprintf("unexpected argument %q; see --help", flags.Arg(0))}
	}
	if o.demo && o.clean {
		return usageError{"--clean is for a cluster; a demonstration always cleans"}
	}
	log := slog.New(slog.NewTextHandler(stderr, nil))
	admin, err := o.adminAddress()
	if err != nil {
		return err
	}
	n, err := assemble(ctx, o, environ, log)
	if err != nil {
		return err
	}
	defer n.close(log)
	return n.serve(ctx, o, admin, log)
}

func isSet(flags *flag.FlagSet, name string) (set bool) {
	flags.Visit(func(f *flag.Flag) { set = set || f.Name == name })
	return set
}

// serve runs the node until ctx ends. There is no admin server without its address.
func (n *node) serve(ctx context.Context, o options, admin *net.TCPAddr, log *slog.Logger) error {
	public, err := connect.Listen(ctx, o.listen)
	if err != nil {
		return err
	}
	opts, adminURL := []connect.ServeOption{connect.WithHandler(n.publicRoutes())}, adminOff
	if admin != nil {
		h, err := o.protect(n.adminRoutes(), log)
		var l net.Listener
		if err == nil {
			l, err = net.ListenTCP("tcp", admin)
		}
		if err != nil {
			return errors.Join(err, public.Close())
		}
		opts, adminURL = append(opts, connect.WithAdmin(l, h)), "http://"+l.Addr().String()+"/"
	}
	log.Info("listening", slog.String("url", "http://"+public.Addr().String()+"/"), slog.String("admin", adminURL), slog.String("mode", n.Mode.String()), slog.Bool("demo", n.demo))
	return n.Serve(ctx, public, opts...)
}
