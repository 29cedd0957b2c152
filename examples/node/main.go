// Command node is a whole node of a mosparo cluster: health checks, the CSS of the
// projects, the cleanup, and a status page. Visitors reach the CSS and the health checks
// (--listen), operators the status page (--admin).
//
// With mosparo's settings and database it joins that cluster and observes; with --clean it
// takes part in the cleanup. With --demo it creates a cluster of its own in a temporary
// directory, with generated data, and cleans that. With --demo-dir several processes are
// nodes of one such cluster.
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
	"sync"
	"time"
	_ "time/tzdata" // PHP's time zones, for hosts without a zone database

	"github.com/go-sql-driver/mysql"
	"github.com/redis/go-redis/v9"

	"github.com/mosparo/go-cluster/envconfig/connect"
	"github.com/mosparo/go-cluster/examples/internal/shell"
)

// options are the flags of the command line.
type options struct {
	listen         string
	admin          string
	adminTokenFile string
	dir            string
	zone           string
	host           string
	mayDiffer      string
	clean          bool
	demo           bool
	demoDir        string
	drain          time.Duration
	log            slog.Handler
}

// usageError reports a wrong command line; the program exits with 2.
type usageError struct{ msg string }

func (e usageError) Error() string { return e.msg }

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), shell.StopSignals()...)
	context.AfterFunc(ctx, stop) // a second signal ends the program immediately
	o, err := parse(os.Args[1:], os.Stderr)
	if err == nil {
		useForDrivers(o.log)
		err = o.run(ctx, os.Environ())
	}
	stop()
	os.Exit(exitCode(err, os.Stderr))
}

// exitCode prints the error and returns the exit code: 0 for success, 1 for a failure, 2
// for a wrong command line.
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
		fmt.Fprintln(stderr, `node: "mosparoctl doctor" says what to do; see also "What can go wrong" in examples/deploy/README.md`)
		return 1
	}
}

// run is the program. It returns when ctx has ended and the node is closed.
func run(ctx context.Context, args, environ []string, stderr io.Writer) error {
	o, err := parse(args, stderr)
	if err != nil {
		return err
	}
	return o.run(ctx, environ)
}

// parse reads the command line. Usage and log go to stderr.
func parse(args []string, stderr io.Writer) (o options, err error) {
	flags := flag.NewFlagSet("node", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.StringVar(&o.listen, "listen", "127.0.0.1:8080", "public address: CSS and health checks")
	flags.StringVar(&o.admin, "admin", "", "address for operators: status page, /metrics, /livez, /readyz; \"off\" for none; 127.0.0.1 if it has no host (default "+adminDefault+", with --demo off)")
	flags.StringVar(&o.adminTokenFile, "admin-token-file", "", "file with the token that --admin requires, as bearer token or as a browser's password, except for /livez and /readyz; needed unless --admin is a loopback address; with it the status page can pause the cleanup")
	flags.StringVar(&o.dir, "dir", "", "mosparo's directory, for its .env files and config/env.mosparo.php")
	flags.StringVar(&o.zone, "zone", "UTC", "PHP's ini setting date.timezone of the cluster's PHP nodes")
	flags.StringVar(&o.host, "host", "", "name under which the other nodes see this one, unique in the cluster; the default is the name of the host")
	flags.StringVar(&o.mayDiffer, "may-differ", "", "settings of env.mosparo.php and folders that may differ between nodes, separated by commas, such as database_host,var/data")
	flags.BoolVar(&o.clean, "clean", false, "take part in the cleanup of the cluster; without it the node only observes")
	flags.BoolVar(&o.demo, "demo", false, "run a demonstration: clean a new cluster with generated data")
	flags.StringVar(&o.demoDir, "demo-dir", "", "directory of the demonstration, which several nodes may share; the default is a temporary one")
	flags.DurationVar(&o.drain, "drain", connect.DefaultDrain, "how long to keep serving after a stop signal, so that balancers notice: at least their interval × failures + 1 s; with --demo the default is 0")
	logFormat := flags.String("log-format", "text", shell.LogFormatHelp)
	var level slog.Level
	flags.TextVar(&level, "log-level", slog.LevelInfo, shell.LogLevelHelp)
	flags.Usage = func() {
		fmt.Fprintln(stderr, "Usage of node:")
		flags.PrintDefaults()
		fmt.Fprint(stderr, "\n", shell.GuideHelp)
	}
	if err := flags.Parse(args); errors.Is(err, flag.ErrHelp) {
		return o, err
	} else if err != nil {
		return o, usageError{err.Error()}
	}
	o.demo = o.demo || o.demoDir != ""
	if o.drain < 0 {
		return o, usageError{"--drain: must not be negative"}
	}
	if o.demo && !isSet(flags, "drain") {
		o.drain = 0
	}
	if flags.NArg() > 0 {
		return o, usageError{fmt.Sprintf("unexpected argument %q; see --help", flags.Arg(0))}
	}
	if o.demo && o.clean {
		return o, usageError{"--clean is for a real cluster; a demonstration always cleans"}
	}
	if o.log, err = shell.LogHandler(stderr, *logFormat, level); err != nil {
		return o, usageError{err.Error()}
	}
	return o, nil
}

// run runs the node that the options describe.
func (o options) run(ctx context.Context, environ []string) error {
	log := slog.New(o.log)
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

// useForDrivers sets the loggers of the libraries that have one for the whole process.
func useForDrivers(h slog.Handler) {
	redis.SetLogger(connect.NewRedisLogger(slog.New(h)))
	_ = mysql.SetLogger(slog.NewLogLogger(h, slog.LevelInfo)) // it refuses nil only
}

func isSet(flags *flag.FlagSet, name string) (set bool) {
	flags.Visit(func(f *flag.Flag) { set = set || f.Name == name })
	return set
}

// serve runs the node until ctx ends. admin is the address for operators, nil for none.
func (n *node) serve(ctx context.Context, o options, admin *net.TCPAddr, log *slog.Logger) error {
	public, err := connect.Listen(ctx, o.listen)
	if err != nil {
		return err
	}
	var opts []connect.ServeOption
	if n.demo {
		opts = append(opts, connect.WithHandler(n.demoRoutes(log)))
	}
	adminURL := adminOff
	if admin != nil {
		token, err := o.adminToken(log)
		var l net.Listener
		if err == nil {
			l, err = net.ListenTCP("tcp", admin)
		}
		if err != nil {
			return errors.Join(err, public.Close())
		}
		opts, adminURL = append(opts, connect.WithAdmin(l, n.adminRoutes(token, log))), "http://"+l.Addr().String()+"/"
	}
	log.InfoContext(ctx, "listening", slog.String("url", "http://"+public.Addr().String()+"/"), slog.String("admin", adminURL), slog.String("mode", n.Mode.String()), slog.Bool("demo", n.demo))
	working, stop := context.WithCancel(ctx)
	var work sync.WaitGroup
	defer func() { stop(); work.Wait() }()
	for _, f := range n.work {
		work.Go(func() { f(working) })
	}
	return n.Serve(ctx, public, opts...)
}
