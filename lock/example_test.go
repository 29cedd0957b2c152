package lock_test

import (
	"context"
	"errors"
	"fmt"

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
