package connect_test

import (
	"context"
	"fmt"
	"log"
	"os"
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
