package lock_test

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/mosparo/go-cluster/lock"
	"github.com/mosparo/go-cluster/lock/memorylocker"
)

func Example() {
	backend := memorylocker.New() // redislocker.New(client) between processes
	one, other := lock.New(backend), lock.New(backend)
	defer one.Close()
	defer other.Close()
	ctx := context.Background()

	lease, err := one.Acquire(ctx, "report")
	if err != nil {
		fmt.Println(err)
		return
	}
	_, err = other.Acquire(ctx, "report")
	fmt.Println("held:", errors.Is(err, lock.ErrHeld))

	fmt.Println("still ours:", lease.Err() == nil)
	fmt.Println("released:", lease.Release(ctx) == nil)
	err = other.Do(ctx, "report", func(context.Context) error {
		fmt.Println("the other's turn")
		return nil
	})
	fmt.Println(err)
	// Output:
	// held: true
	// still ours: true
	// released: true
	// the other's turn
	// <nil>
}

// A store refuses a fence that is smaller than one it has seen.
func ExampleFromContext() {
	locker := lock.New(memorylocker.New())
	defer locker.Close()

	seen := uint64(0)
	write := func(ctx context.Context) error {
		lease, _ := lock.FromContext(ctx) // UPDATE … SET fence = $2 … AND fence <= $2
		fmt.Println(lease.Name(), lease.Fence() > seen)
		seen = lease.Fence()
		return nil
	}
	for range 2 {
		if err := locker.Do(context.Background(), "report", write); err != nil {
			fmt.Println(err)
		}
	}
	// Output:
	// report true
	// report true
}

// A lease that is kept over several steps, each of which must not run without it.
func ExampleLease() {
	locker := lock.New(memorylocker.New(), lock.WithDefaults(lock.WithTTL(15*time.Second)))
	defer locker.Close()
	ctx := context.Background()

	lease, err := locker.Acquire(ctx, "import", lock.WithWait(time.Minute), lock.WithLabel("nightly"))
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = lease.Release(ctx) }() // the TTL ends what cannot be released
	for _, step := range []string{"fetch", "convert"} {
		if err := lease.Err(); err != nil {
			fmt.Println("lost:", err)
			return
		}
		fmt.Println(step)
	}
	// Output:
	// fetch
	// convert
}

// A job that every node starts at 12:00 runs on one of them.
func ExampleLocker_Once() {
	backend := memorylocker.New() // redislocker.New(client) between processes
	for _, node := range []string{"one", "two"} {
		locker := lock.New(backend)
		defer locker.Close()
		slot := lock.Slot{Name: "report", Key: "2026-07-01T12:00:00Z"}
		err := locker.Once(context.Background(), slot, 24*time.Hour)
		fmt.Println(node, "runs it:", err == nil, "another has:", errors.Is(err, lock.ErrHeld))
	}
	// Output:
	// one runs it: true another has: false
	// two runs it: false another has: true
}

// What an operator's tool shows and does.
func ExampleLocker_Holders() {
	locker := lock.New(memorylocker.New())
	defer locker.Close()
	ctx := context.Background()
	if _, err := locker.Acquire(ctx, "report", lock.WithLabel("nightly")); err != nil {
		fmt.Println(err)
	}
	for holder, err := range locker.Holders(ctx) {
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(holder.Name, holder.Owner.Label, holder.TTL > 0)
	}
	fmt.Println(locker.Break(ctx, "report"))
	// Output:
	// report nightly true
	// <nil>
}
