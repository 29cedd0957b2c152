package connect_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log"
	"log/slog"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/mosparo/go-cluster/cache"
	"github.com/mosparo/go-cluster/cleanup/cleanuptest"
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

// A program with an HTTP server of its own serves the node's handler from it, and
// drains as Serve would.
func ExampleNode_Run() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	settings, err := envconfig.Load("/path/to/mosparo", os.Environ())
	if err != nil {
		log.Fatal(err)
	}
	node, err := connect.Open(ctx, settings)
	if err != nil {
		log.Fatal(err)
	}
	defer node.Close()
	mux := http.NewServeMux()
	mux.Handle("/", node.Handler())
	server := &http.Server{Addr: ":8080", Handler: mux, ReadHeaderTimeout: 5 * time.Second}
	go func() {
		if err := server.ListenAndServe(); !errors.Is(err, http.ErrServerClosed) {
			log.Print(err)
			stop()
		}
	}()
	if err := node.Run(ctx); err != nil { // until a signal
		log.Print(err)
	}
	node.Health.Drain()
	time.Sleep(connect.DefaultDrain) // balancers notice that the node is not ready
	if err := server.Shutdown(context.Background()); err != nil {
		log.Print(err)
	}
}

// The locks of the cluster, on the server of its shared cache.
func ExampleLock() {
	dir, err := os.MkdirTemp("", "cache")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	settings, err := envconfig.FromEnviron([]string{"FILESYSTEM_CACHE_PATH=" + dir})
	if err != nil {
		log.Fatal(err)
	}
	backend, closer, err := connect.Lock(settings)
	if err != nil {
		log.Fatal(err)
	}
	defer closer.Close()
	locker := lock.New(backend)
	defer locker.Close()
	err = locker.Do(context.Background(), "report", func(context.Context) error {
		fmt.Println("one node at a time")
		return nil
	})
	fmt.Println(err)
	// Output:
	// one node at a time
	// <nil>
}

// A node says of each setting what is wrong with it.
func ExampleSettingError() {
	settings, err := envconfig.FromEnviron([]string{"MOSPARO_CACHE_ADAPTER=redis", "REDIS_URL=rediss://cache?ssl[cafile]=/missing.pem"})
	if err != nil {
		log.Fatal(err)
	}
	_, err = connect.Open(context.Background(), settings, connect.WithDatabase(cleanuptest.NewFake()))
	var setting *connect.SettingError
	if errors.As(err, &setting) {
		fmt.Println(setting.Setting, setting.Source, errors.Is(err, fs.ErrNotExist))
	}
	// Output: REDIS_URL environment true
}
