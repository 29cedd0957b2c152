//go:build !race

// The cost of this cluster is what matters here; see cost_unix_test.go.

package testing_test

import (
	"context"
	"math/rand/v2"
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

// TestServerByHand is the cluster of TestServer without a Simulation: fakes, and for each
// node a goroutine that starts and ends processes and one that cuts them off.
func TestServerByHand(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server, locks, db := memoryadapter.New(), memorylocker.New(), cleanuptest.NewFake()
		db.Takes, db.Round = 10*time.Second, time.Second
		ctx, cancel := context.WithCancel(t.Context())
		wait := func(d time.Duration) bool {
			select {
			case <-time.After(d):
				return true
			case <-ctx.Done():
				return false
			}
		}
		var all sync.WaitGroup
		for i := range uint64(5) {
			c, l := cachetest.NewFaulty(server), locktest.NewFaulty(locks)
			all.Go(func() {
				random := rand.New(rand.NewPCG(i, 1))
				for ctx.Err() == nil {
					life, end := context.WithTimeout(ctx, time.Minute+time.Duration(random.Int64N(int64(24*time.Hour))))
					locker := lock.New(l)
					_ = cleanup.New(cache.NewPool(c), locker, db, cleanup.WithMode(cleanup.ModeClean)).Run(life)
					end()
					locker.Close()
					wait(time.Second + time.Duration(random.Int64N(int64(20*time.Minute))))
				}
			})
			all.Go(func() {
				random := rand.New(rand.NewPCG(i, 2))
				for wait(time.Duration(random.Int64N(int64(40 * time.Hour)))) {
					up := c.Down()
					wait(time.Duration(random.Int64N(int64(20 * time.Minute))))
					up()
					l.Partition(true)
					wait(time.Duration(random.Int64N(int64(20 * time.Minute))))
					l.Partition(false)
				}
			})
		}
		time.Sleep(30 * 24 * time.Hour)
		cancel()
		all.Wait()
		if n := db.OverlappingCleans(); n > 0 {
			t.Errorf("%d runs overlapped", n)
		}
		t.Log(len(db.Runs()), "runs")
	})
}
