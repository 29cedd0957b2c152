package cache_test

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/mosparo/go-cluster/cache"
	"github.com/mosparo/go-cluster/cache/memoryadapter"
)

func Example() {
	const (
		NextCleanup cache.Key[time.Time] = "mosparoNextCleanup"
		StartedAt   cache.Key[time.Time] = "mosparoCleanupStartedAt"
	)
	ctx := context.Background()
	pool := cache.NewPool(memoryadapter.New()) // a node uses connect.Cache

	at := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	err := cache.Write(ctx, pool, NextCleanup.With(at, 0), StartedAt.WithNull(0))
	fmt.Println(err)

	var next, started cache.Result[time.Time]
	err = cache.Read(ctx, pool, NextCleanup.Into(&next), StartedAt.Into(&started))
	fmt.Println(err, next.Value, errors.Is(started.Err, cache.ErrNull))
	// Output:
	// <nil>
	// <nil> 2026-03-01 12:00:00 +0000 UTC true
}
