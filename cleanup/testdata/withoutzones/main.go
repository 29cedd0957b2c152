// Command withoutzones is a node that runs where there is no zone database,
// beside a PHP node whose zone is Europe/Zurich. It says how an attempt ends.
package main

import (
	"context"
	"fmt"
	"time"

	"github.com/mosparo/go-cluster/cache"
	"github.com/mosparo/go-cluster/cache/memoryadapter"
	"github.com/mosparo/go-cluster/cleanup"
	"github.com/mosparo/go-cluster/cleanup/cleanuptest"
	"github.com/mosparo/go-cluster/lock"
	"github.com/mosparo/go-cluster/lock/memorylocker"
)

func main() {
	ctx := context.Background()
	adapter := memoryadapter.New()
	pool := cache.NewPool(adapter)
	locker := lock.New(memorylocker.New())
	defer locker.Close()
	db := cleanuptest.NewFake()
	s := cleanup.New(pool, locker, db, cleanup.WithMode(cleanup.ModeClean))
	if err := cleanup.NextCleanup.Set(ctx, pool, time.Now().Add(-time.Hour), 0); err != nil {
		panic(err)
	}
	for _, zone := range []string{"Europe/Zurich", "UTC"} {
		date := time.Now().UTC().Format("2006-01-02 15:04:05.000000")
		marker := fmt.Sprintf(`O:8:"DateTime":3:{s:4:"date";s:26:"%s";s:13:"timezone_type";i:3;s:8:"timezone";s:%d:"%s";}`, date, len(zone), zone)
		if err := adapter.Set(ctx, cache.Item{Key: string(cleanup.CleanupStartedAt), Value: []byte(marker)}); err != nil {
			panic(err)
		}
		a, err := s.TryRun(ctx, cleanup.ExecutorFrontendAPI)
		fmt.Printf("%s: %v, %d runs, %v\n", zone, a.Result, db.Cleans(), err)
	}
}
