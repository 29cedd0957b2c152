package cleanuptest_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/mosparo/go-cluster/cache"
	"github.com/mosparo/go-cluster/cache/memoryadapter"
	"github.com/mosparo/go-cluster/cleanup"
	"github.com/mosparo/go-cluster/cleanup/cleanuptest"
	"github.com/mosparo/go-cluster/lock"
	"github.com/mosparo/go-cluster/lock/memorylocker"
)

// A Go node while a PHP node cleans.
func ExampleFake() {
	ctx := context.Background()
	locker := lock.New(memorylocker.New())
	defer locker.Close()
	db := cleanuptest.NewFake()
	db.Add(cleanup.Run{Time: time.Now(), Executor: cleanup.ExecutorFrontendAPI}) // the PHP node's, of unknown status

	s := cleanup.New(cache.NewPool(memoryadapter.New()), locker, db, cleanup.WithMode(cleanup.ModeClean))
	a, err := s.TryRun(ctx, cleanup.ExecutorCommand)
	fmt.Println(a.Result, err)
	fmt.Println("calls of Clean:", db.Cleans())
	// Output:
	// run_pending <nil>
	// calls of Clean: 0
}

// A PHP node and a Go node with one cache and one database: the Go node obeys the schedule
// that the PHP node has written.
func ExamplePHPNode() {
	ctx := context.Background()
	locker := lock.New(memorylocker.New())
	defer locker.Close()
	pool, db := cache.NewPool(memoryadapter.New()), cleanuptest.NewFake()

	php := cleanuptest.PHPNode{Pool: pool, Database: db}
	r, err := php.Cleanup(ctx, cleanup.ExecutorCommand)
	fmt.Println("PHP:", r, err)

	s := cleanup.New(pool, locker, db, cleanup.WithMode(cleanup.ModeClean))
	a, err := s.TryRun(ctx, cleanup.ExecutorFrontendAPI)
	fmt.Println("Go:", a.Result, err)
	// Output:
	// PHP: completed <nil>
	// Go: not_due <nil>
}

// The test of a database of your own: each rule is a subtest.
func ExampleConformance() {
	test := func(t *testing.T) {
		cleanuptest.Conformance(t, func(*testing.T) cleanup.Database {
			return cleanuptest.NewFake() // yours
		})
	}
	_ = test // func TestConformance(t *testing.T) in a file of your own
}

// A week of a cluster with faults, for each of ten seeds.
func ExampleSimulation() {
	test := func(t *testing.T) {
		for seed := range uint64(10) {
			o := cleanuptest.Simulation{Seed: seed, GoNodes: 3, PHPNodes: 2, Faults: true}.Run(t)
			if err := o.Err(); err != nil {
				t.Errorf("seed %d: %v", seed, err)
			}
		}
	}
	_ = test // func TestSimulation(t *testing.T) in a file of your own
}
