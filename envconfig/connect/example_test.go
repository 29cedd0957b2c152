package connect_test

import (
	"context"
	"fmt"
	"log"
	"log/slog"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/mosparo/go-cluster/cache"
	"github.com/mosparo/go-cluster/envconfig"
	"github.com/mosparo/go-cluster/envconfig/connect"
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

// A node of the cluster that mosparo's own settings name. It needs a cluster, so it
// is not run here; the program imports the driver of its database.
func ExampleOpen() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second signal ends the program immediately
	settings, err := envconfig.Load("/path/to/mosparo", os.Environ())
	if err != nil {
		log.Fatal(err)
	}
	node, err := connect.Open(ctx, settings, connect.WithLogger(slog.Default())) // observes; WithMode(cleanup.ModeClean) takes part
	if err != nil {
		log.Fatal(err)
	}
	defer node.Close()
	listener, err := connect.Listen(ctx, ":8080")
	if err != nil {
		log.Fatal(err)
	}
	if err := node.Serve(ctx, listener); err != nil { // until a signal, and then it drains
		log.Print(err)
	}
}
