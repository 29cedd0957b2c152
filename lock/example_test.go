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
