package locktest_test

import (
	"context"
	"errors"
	"fmt"
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
