package locktest_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/mosparo/go-cluster/lock"
	"github.com/mosparo/go-cluster/lock/locktest"
	"github.com/mosparo/go-cluster/lock/memorylocker"
)

// A program that locks, tested with a server that takes the lock away.
func ExampleFaulty() {
	ctx := context.Background()
	server := locktest.NewFaulty(memorylocker.New())
	locker := lock.New(server)
	defer locker.Close()

	err := locker.Do(ctx, "report", func(ctx context.Context) error {
		_ = server.Expire(ctx, "report")
		<-ctx.Done()
		return context.Cause(ctx)
	}, lock.WithTTL(100*time.Millisecond))
	fmt.Println(errors.Is(err, lock.ErrLost))
	// Output: true
}

// The test of a backend: each rule is a subtest.
func ExampleConformance() {
	test := func(t *testing.T) {
		locktest.Conformance(t, func(*testing.T) lock.Backend {
			return memorylocker.New() // yours
		})
	}
	_ = test // func TestConformance(t *testing.T) in a file of your own
}

// Three nodes, one of which is cut off from the server: another gets the name when
// its lease has ended, and it learns of that by its own clock.
func ExampleFaulty_Partition() {
	server := memorylocker.New()
	var lockers []*lock.Locker
	var links []*locktest.Faulty
	for range 3 {
		link := locktest.NewFaulty(server)
		locker := lock.New(link, lock.WithDefaults(lock.WithTTL(100*time.Millisecond)), lock.WithCallTimeout(20*time.Millisecond))
		defer locker.Close()
		links, lockers = append(links, link), append(lockers, locker)
	}
	ctx := context.Background()
	lease, err := lockers[0].Acquire(ctx, "report")
	if err != nil {
		fmt.Println(err)
		return
	}
	links[0].Partition(true)
	next, err := lockers[1].Acquire(ctx, "report", lock.WithWait(time.Second))
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println("the first:", errors.Is(lease.Err(), lock.ErrLost))
	fmt.Println("fence rises:", next.Fence() > lease.Fence())
	_, err = lockers[2].Acquire(ctx, "report")
	fmt.Println("the third:", errors.Is(err, lock.ErrHeld))
	links[0].Partition(false)
	// Output:
	// the first: true
	// fence rises: true
	// the third: true
}
