package cleanuptest_test

import (
	"context"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/mosparo/go-cluster/cache"
	"github.com/mosparo/go-cluster/cache/cachetest"
	"github.com/mosparo/go-cluster/cache/memoryadapter"
	"github.com/mosparo/go-cluster/cleanup"
	"github.com/mosparo/go-cluster/cleanup/cleanuptest"
	"github.com/mosparo/go-cluster/lock"
	"github.com/mosparo/go-cluster/lock/locktest"
	"github.com/mosparo/go-cluster/lock/memorylocker"
)

// node is a node with a network of its own to the servers of the cluster.
type node struct {
	cache     *cachetest.Faulty
	locks     *locktest.Faulty
	locker    *lock.Locker
	scheduler *cleanup.Scheduler
}

func newNode(server cache.Adapter, locks lock.Backend, db cleanup.Database) *node {
	n := &node{cache: cachetest.NewFaulty(server), locks: locktest.NewFaulty(locks)}
	n.locker = lock.New(n.locks)
	n.scheduler = cleanup.New(cache.NewPool(n.cache), n.locker, db, cleanup.WithMode(cleanup.ModeClean))
	return n
}

// partition cuts the node off from cache and lock server.
func (n *node) partition() {
	n.cache.Down()
	n.locks.Partition(true)
}

// testPartition runs a cluster of three nodes in a testing/synctest bubble, in which an hour
// takes milliseconds. The node that cleans is cut off from cache and lock server: its run
// ends with its lease, and another node cleans.
func testPartition(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server, locks, db := memoryadapter.New(), memorylocker.New(), cleanuptest.NewFake()
		db.Takes, db.Round = 10*time.Minute, time.Second
		if err := cleanup.NextCleanup.Set(t.Context(), cache.NewPool(server), time.Now(), 0); err != nil {
			t.Fatal(err)
		}

		ctx, cancel := context.WithCancel(t.Context())
		var running sync.WaitGroup
		var nodes []*node
		for range 3 {
			n := newNode(server, locks, db)
			nodes = append(nodes, n)
			running.Go(func() {
				_ = n.scheduler.Run(ctx)
				n.locker.Close()
			})
			time.Sleep(time.Minute) // so that the first node cleans
		}
		nodes[0].partition()
		time.Sleep(time.Hour)
		cancel()
		running.Wait()

		if n := db.OverlappingCleans(); n > 0 {
			t.Errorf("%d runs overlapped", n)
		}
		runs := db.Runs()
		if len(runs) != 2 || runs[0].Status != cleanup.StatusIncomplete || runs[1].Status != cleanup.StatusComplete {
			t.Errorf("the runs are %+v, want an incomplete and a complete one", runs)
		}
	})
}

// A cluster of three nodes of which one is partitioned while it cleans.
func Example_cluster() {
	_ = testPartition // func TestPartition(t *testing.T) in a file of your own
}
