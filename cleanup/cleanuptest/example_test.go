package cleanuptest_test

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

// A Go node beside a PHP node that has a cleanup under way.
func Example() {
	ctx := context.Background()
	pool := cache.NewPool(memoryadapter.New())
	locker := lock.New(memorylocker.New())
	defer locker.Close()
	db := cleanuptest.NewFake()
	db.Add(cleanup.Run{Time: time.Now(), Executor: cleanup.ExecutorFrontendAPI}) // the PHP node's, of unknown status

	s := cleanup.New(pool, locker, db, cleanup.WithMode(cleanup.ModeClean))
	a, err := s.TryRun(ctx, cleanup.ExecutorCommand)
	fmt.Println(a.Result, err)
	// Output:
	// run_pending <nil>
}
