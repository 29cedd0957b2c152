package connect_test

import (
	"context"
	"database/sql"
	"fmt"
	"log"
	"log/slog"
	"os"
	"os/signal"
	"time"

	"github.com/mosparo/go-cluster/cache"
	"github.com/mosparo/go-cluster/cleanup"
	"github.com/mosparo/go-cluster/cleanup/sqlcleaner"
	"github.com/mosparo/go-cluster/envconfig"
	"github.com/mosparo/go-cluster/envconfig/connect"
	"github.com/mosparo/go-cluster/lock"
)

// The shared cache that the environment names, as a pool for typed keys.
func Example() {
	dir, err := os.MkdirTemp("", "cache")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	settings, err := envconfig.FromEnviron([]string{"MOSPARO_CACHE_ADAPTER=filesystem", "FILESYSTEM_CACHE_PATH=" + dir})
	if err != nil {
		log.Fatal(err)
	}
	adapter, err := connect.Cache(settings)
	if err != nil {
		log.Fatal(err)
	}
	defer adapter.Close()

	const nextCleanup cache.Key[time.Time] = "mosparoNextCleanup"
	pool, ctx := cache.NewPool(adapter), context.Background()
	if err := nextCleanup.Set(ctx, pool, time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC), 0); err != nil {
		log.Fatal(err)
	}
	fmt.Println(nextCleanup.Get(ctx, pool))
	// Output: 2026-01-02 03:04:05 +0000 UTC <nil>
}

// A node from mosparo's own settings. It needs a cluster, so it is not run
// here; the program imports the driver of its database.
func ExampleCleanupPolicy() {
	settings, err := envconfig.Load("/path/to/mosparo", os.Environ())
	if err != nil {
		log.Fatal(err)
	}
	adapter, err := connect.Cache(settings)
	if err != nil {
		log.Fatal(err)
	}
	defer adapter.Close()
	backend, closer, err := connect.Lock(settings)
	if err != nil {
		log.Fatal(err)
	}
	defer closer.Close()
	locker := lock.New(backend)
	defer locker.Close()
	database, err := settings.DatabaseConnection()
	if err != nil {
		log.Fatal(err)
	}
	sqlDB, err := sql.Open(database.Driver, database.DSN.Reveal())
	if err != nil {
		log.Fatal(err)
	}
	defer sqlDB.Close()

	dialect, err := sqlcleaner.DialectOf(database.Driver)
	if err != nil {
		log.Fatal(err)
	}
	scheduler := cleanup.New(cache.NewPool(adapter), locker, sqlcleaner.New(sqlDB, dialect),
		cleanup.WithPolicy(connect.CleanupPolicy(settings)), cleanup.WithLogger(slog.Default()),
		cleanup.WithCheck(func(context.Context, cleanup.Snapshot) error {
			return cleanup.CheckVersion(settings.Installed, settings.InstalledVersion)
		})) // WithMode(cleanup.ModeClean) takes part
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := scheduler.Run(ctx); err != nil {
		log.Fatal(err)
	}
}
