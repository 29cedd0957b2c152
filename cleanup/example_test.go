package cleanup_test

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

func Example() {
	ctx := context.Background()
	pool := cache.NewPool(memoryadapter.New()) // a node uses connect.Cache
	locker := lock.New(memorylocker.New())     // and connect.Lock
	defer locker.Close()
	db := cleanuptest.NewFake() // and sqlcleaner.New

	s := cleanup.New(pool, locker, db, cleanup.WithMode(cleanup.ModeClean), cleanup.WithPolicy(cleanup.Policy{ProcessInterval: 6 * time.Hour}))
	a, err := s.TryRun(ctx, cleanup.ExecutorFrontendAPI)
	fmt.Println(a.Result, err) // a fresh cluster: the first cleanup is planned

	err = cleanup.NextCleanup.Set(ctx, pool, time.Now().Add(-time.Minute), 0)
	fmt.Println(err)
	a, err = s.TryRun(ctx, cleanup.ExecutorFrontendAPI)
	fmt.Println(a.Result, err)
	// Output:
	// not_due <nil>
	// <nil>
	// completed <nil>
}
