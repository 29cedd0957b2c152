package connect_test

import (
	"context"
	"fmt"
	"log"
	"os"
	"path/filepath"

	_ "modernc.org/sqlite" // driver sqlite

	"github.com/mosparo/go-cluster/cache"
	"github.com/mosparo/go-cluster/cleanup"
	"github.com/mosparo/go-cluster/cleanup/sqlcleaner"
	"github.com/mosparo/go-cluster/cleanup/sqlcleaner/schema"
	"github.com/mosparo/go-cluster/envconfig"
	"github.com/mosparo/go-cluster/envconfig/connect"
	"github.com/mosparo/go-cluster/lock"
)

// A program that cleans and serves nothing takes the parts that it needs. Each is
// closed after those that use it: defer does that.
func Example_byHand() {
	dir, err := os.MkdirTemp("", "mosparo")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	file := filepath.Join(dir, "data.sqlite")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		log.Fatal(err)
	}
	settings, err := envconfig.FromEnviron([]string{ // or envconfig.Load
		"database_driver=pdo_sqlite", "database_path=" + file, "FILESYSTEM_CACHE_PATH=" + filepath.Join(dir, "cache"),
	})
	if err != nil {
		log.Fatal(err)
	}

	db, driver, err := connect.Database(settings, nil)
	if err != nil {
		log.Fatal(err)
	}
	defer db.Close()
	dialect, err := sqlcleaner.DialectOf(driver)
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
	defer locker.Close() // releases the leases, before the backend's client is closed

	ctx := context.Background()
	if err := schema.Create(ctx, db, dialect); err != nil { // a cluster has the tables
		log.Fatal(err)
	}
	scheduler := cleanup.New(cache.NewPool(adapter), locker, sqlcleaner.New(db, dialect), // observes
		cleanup.WithPolicy(connect.CleanupPolicy(settings)))
	a, err := scheduler.TryRun(ctx, cleanup.ExecutorCommand)
	fmt.Println(a.Result, err)
	// Output: observed <nil>
}
