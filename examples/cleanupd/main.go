// Command cleanupd runs mosparo's cleanup of the database once, now, as the cron job
// mosparo:cleanup-database does with PHP. Without --clean it deletes nothing and only
// counts what it would delete. Its exit codes are those of "mosparoctl cleanup run", except
// that of a wrong command line, which is 2.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"time"
	_ "time/tzdata" // PHP's time zones, for hosts without a zone database

	_ "github.com/jackc/pgx/v5/stdlib" // driver pgx
	"github.com/redis/go-redis/v9"
	_ "modernc.org/sqlite" // driver sqlite

	"github.com/mosparo/go-cluster/cache"
	"github.com/mosparo/go-cluster/cleanup"
	"github.com/mosparo/go-cluster/cleanup/sqlcleaner"
	"github.com/mosparo/go-cluster/envconfig"
	"github.com/mosparo/go-cluster/envconfig/connect"
	"github.com/mosparo/go-cluster/envconfig/connect/mysqlconnector"
	"github.com/mosparo/go-cluster/examples/internal/shell"
	"github.com/mosparo/go-cluster/lock"
)

func main() {
	dir := flag.String("dir", ".", "mosparo's directory")
	zone := flag.String("zone", "UTC", "PHP's ini setting date.timezone of the cluster's PHP nodes")
	clean := flag.Bool("clean", false, "delete; without it only count what would be deleted")
	logFormat := flag.String("log-format", "text", shell.LogFormatHelp)
	usage := flag.Usage
	flag.Usage = func() {
		usage()
		fmt.Fprint(flag.CommandLine.Output(), "\n", shell.CleanupExitHelp, "\n", shell.GuideHelp)
	}
	flag.Parse()
	if flag.NArg() > 0 {
		fmt.Fprintf(os.Stderr, "cleanupd: unexpected argument %q; see --help\n", shell.Lines(flag.Arg(0)))
		os.Exit(2)
	}
	handler, err := shell.LogHandler(os.Stderr, *logFormat, slog.LevelInfo)
	if err != nil {
		fmt.Fprintln(os.Stderr, "cleanupd:", err)
		os.Exit(2)
	}
	redis.SetLogger(connect.NewRedisLogger(nil)) // failed calls return errors
	ctx, stop := signal.NotifyContext(context.Background(), shell.StopSignals()...)
	code := shell.CleanupFailed
	s, err := envconfig.Load(*dir, os.Environ())
	if err == nil {
		code, err = run(ctx, s, *zone, *clean, os.Stdout, slog.New(handler))
	}
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "cleanupd:", shell.Lines(err.Error()))
	}
	os.Exit(code)
}

// run cleans as mosparo's command does, regardless of the schedule and without limits. It
// returns the exit code.
func run(ctx context.Context, s *envconfig.Settings, zone string, clean bool, out io.Writer, log *slog.Logger) (int, error) {
	loc, err := time.LoadLocation(zone)
	if err != nil {
		return shell.CleanupFailed, fmt.Errorf("--zone: %w", err)
	}
	db, driver, err := connect.Database(s, mysqlconnector.New)
	if err != nil {
		return shell.CleanupFailed, err
	}
	defer db.Close()
	dialect, err := sqlcleaner.DialectOf(driver)
	if err != nil {
		return shell.CleanupFailed, err
	}
	d, policy := sqlcleaner.New(db, dialect, sqlcleaner.WithZone(loc)), connect.CleanupPolicy(s)
	if !clean {
		return dryRun(ctx, d, policy, out)
	}
	adapter, err := connect.Cache(s)
	if err != nil {
		return shell.CleanupFailed, err
	}
	defer adapter.Close()
	backend, closer, err := connect.Lock(s)
	if err != nil {
		return shell.CleanupFailed, err
	}
	defer closer.Close()
	locker := lock.New(backend)
	defer locker.Close() //nolint:contextcheck // it waits for its own goroutines
	scheduler := cleanup.New(cache.NewPool(adapter), locker, d, cleanup.WithMode(cleanup.ModeClean), cleanup.WithPolicy(policy), cleanup.WithLogger(log),
		cleanup.WithCheck(func(context.Context, cleanup.Snapshot) error {
			return cleanup.CheckVersion(s.Installed, s.InstalledVersion)
		}))
	a, err := scheduler.TryRun(ctx, cleanup.ExecutorCommand)
	fmt.Fprintf(out, "%s: %s\n", a.Result, a.Result.Describe())
	if len(a.Report.Rows) > 0 {
		fmt.Fprintln(out, "deleted", a.Report.Rows)
	}
	return shell.CleanupCode(a, err), err
}

// dryRun counts what a cleanup would delete.
func dryRun(ctx context.Context, d *sqlcleaner.DB, p cleanup.Policy, out io.Writer) (int, error) {
	if err := d.Ping(ctx); err != nil {
		return shell.CleanupUnavailable, err
	}
	would, err := d.DryRun(ctx, p)
	if err == nil {
		fmt.Fprintln(out, "would delete", would.Rows)
	}
	return shell.CleanupCode(cleanup.Attempt{Result: cleanup.ResultObserved}, err), err
}
