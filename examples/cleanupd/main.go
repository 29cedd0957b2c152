// Command cleanupd is mosparo's cron job mosparo:cleanup-database without PHP: it
// cleans the cluster's database once, now. Without --clean it only counts what
// would go.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
	"time"
	_ "time/tzdata" // the zones of PHP, where the machine has none

	_ "github.com/jackc/pgx/v5/stdlib" // driver pgx
	"github.com/redis/go-redis/v9"
	_ "modernc.org/sqlite" // driver sqlite

	"github.com/mosparo/go-cluster/cache"
	"github.com/mosparo/go-cluster/cleanup"
	"github.com/mosparo/go-cluster/cleanup/sqlcleaner"
	"github.com/mosparo/go-cluster/envconfig"
	"github.com/mosparo/go-cluster/envconfig/connect"
	"github.com/mosparo/go-cluster/envconfig/connect/mysqlconnector"
	"github.com/mosparo/go-cluster/lock"
)

func main() {
	dir := flag.String("dir", ".", "mosparo's directory")
	zone := flag.String("zone", "UTC", "PHP's ini setting date.timezone of the cluster's PHP nodes")
	clean := flag.Bool("clean", false, "clean, instead of counting what would go")
	flag.Parse()
	redis.SetLogger(connect.NewRedisLogger(nil)) // what matters comes back as an error
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	s, err := envconfig.Load(*dir)
	if err == nil {
		err = run(ctx, s, *zone, *clean, os.Stdout)
	}
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "cleanupd:", err)
		os.Exit(1)
	}
}

// run cleans as mosparo's command does: forced, and without limits.
func run(ctx context.Context, s *envconfig.Settings, zone string, clean bool, out io.Writer) error {
	loc, err := time.LoadLocation(zone)
	if err != nil {
		return err
	}
	db, driver, err := connect.Database(s, mysqlconnector.New)
	if err != nil {
		return err
	}
	defer db.Close()
	p := connect.CleanupPolicy(s)
	d := sqlcleaner.New(db, sqlcleaner.DialectOf(driver), p, sqlcleaner.WithZone(loc), sqlcleaner.WithInstallation(s.Mosparo.Installed.V, s.Mosparo.InstalledVersion.V))
	if !clean {
		would, err := d.DryRun(ctx)
		fmt.Fprintln(out, "would delete", would.Rows)
		return err
	}
	adapter, err := connect.Cache(s)
	if err != nil {
		return err
	}
	defer adapter.Close()
	backend, err := connect.Lock(s)
	if err != nil {
		return err
	}
	defer backend.Close()
	locker := lock.New(backend)
	defer locker.Close() //nolint:contextcheck // it waits for goroutines of its own
	a, err := cleanup.New(cache.NewPool(adapter), locker, d, d, p, cleanup.Clean, cleanup.WithCheck(d.Check)).TryRun(ctx, cleanup.ExecutorCommand)
	fmt.Fprintln(out, a.Result, a.Report.Rows)
	return err
}
