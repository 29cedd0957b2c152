// Command gocachechain keeps what a node computes in two layers: in its own memory, and
// below in the cluster's shared cache, from which the other nodes take it.
//
// It is a module of its own, since gocache's chain links Prometheus.
package main

import (
	"context"
	"flag"
	"fmt"
	"log/slog"
	"os"
	"time"

	gocache "github.com/eko/gocache/lib/v4/cache"
	"github.com/eko/gocache/lib/v4/store"
	gocachememory "github.com/eko/gocache/store/go_cache/v4"
	patrickmn "github.com/patrickmn/go-cache"

	"github.com/mosparo/go-cluster/cache"
	"github.com/mosparo/go-cluster/cache/gocachestore"
	"github.com/mosparo/go-cluster/envconfig"
	"github.com/mosparo/go-cluster/envconfig/connect"
)

// lifetime is that of an entry in the shared cache. The copy in the memory of a node
// lives for copyTime at most: changes by other nodes do not reach it.
const (
	lifetime = time.Hour
	copyTime = 10 * time.Second
)

func main() {
	dir := flag.String("dir", ".", "mosparo's directory")
	flag.Parse()
	if err := run(context.Background(), *dir); err != nil {
		slog.Error("no greeting", slog.Any("error", err))
		os.Exit(1)
	}
}

func run(ctx context.Context, dir string) error {
	settings, err := envconfig.Load(dir, os.Environ())
	if err != nil {
		return err
	}
	shared, err := connect.Cache(settings)
	if err != nil {
		return err
	}
	defer shared.Close()
	greeting, err := newCache(shared).Get(ctx, "greeting")
	fmt.Println(greeting)
	return err
}

// newCache returns the cache of a node over the shared one. What both lack is loaded.
func newCache(shared cache.Adapter, opts ...gocachestore.Option) *gocache.LoadableCache[string] {
	memory := gocachememory.NewGoCache(patrickmn.New(copyTime, time.Minute))
	below := gocachestore.New(shared, append([]gocachestore.Option{gocachestore.WithCopyTTL(copyTime)}, opts...)...)
	chain := gocache.NewChain[string](gocache.New[string](memory), gocache.New[string](below))
	return gocache.NewLoadable[string](load, chain)
}

// load stands for a query that takes long.
func load(_ context.Context, key any) (string, []store.Option, error) {
	return fmt.Sprintf("%v of %s", key, time.Now().Format(time.RFC3339Nano)), []store.Option{store.WithExpiration(lifetime)}, nil
}
