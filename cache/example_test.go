package cache_test

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/mosparo/go-cluster/cache"
	"github.com/mosparo/go-cluster/cache/memoryadapter"
)

func Example() {
	const (
		NextCleanup cache.Key[time.Time] = "mosparoNextCleanup"
		StartedAt   cache.Key[time.Time] = "mosparoCleanupStartedAt"
	)
	ctx := context.Background()
	pool := cache.NewPool(memoryadapter.New()) // a node uses connect.Cache

	at := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	err := cache.Write(ctx, pool, NextCleanup.With(at, 0), StartedAt.WithNull(0))
	fmt.Println(err)

	var next, started cache.Result[time.Time]
	err = cache.Read(ctx, pool, NextCleanup.Into(&next), StartedAt.Into(&started))
	fmt.Println(err, next.Value, errors.Is(started.Err, cache.ErrNull))
	// Output:
	// <nil>
	// <nil> 2026-03-01 12:00:00 +0000 UTC true
}

// A value of one's own is a PHP array for PHP nodes, and an any takes whatever
// they have stored.
func ExampleKey_struct() {
	type Greeting struct {
		Name  string    `php:"name"`
		Seen  time.Time `php:"seen"` // a DateTime
		Words []string  `php:"words"`
		Note  *string   `php:"note,omitempty"`
	}
	const key cache.Key[Greeting] = "mosparoGoGreeting"
	ctx, pool := context.Background(), cache.NewPool(memoryadapter.New())

	err := key.Set(ctx, pool, Greeting{Name: "Zoë", Words: []string{"hello"}}, time.Hour)
	fmt.Println(err)
	g, err := key.Get(ctx, pool)
	fmt.Println(g.Name, g.Words, err)

	_, err = cache.Key[string](key).Get(ctx, pool)
	fmt.Println(err)
	// Output:
	// <nil>
	// Zoë [hello] <nil>
	// cache: value of "mosparoGoGreeting": php: cannot read array into Go type string
}

// Counting hits and misses. A failed get is neither.
func ExampleWithObserver() {
	var hits, misses, failures atomic.Int64
	pool := cache.NewPool(memoryadapter.New(), cache.WithObserver(func(_ context.Context, e cache.Event) {
		switch {
		case e.Err != nil:
			failures.Add(1)
		case e.Result == "hit":
			hits.Add(1)
		case e.Result == "miss":
			misses.Add(1)
		}
	}))
	const key cache.Key[int] = "mosparoGoNumber"
	ctx := context.Background()
	_, _ = key.Get(ctx, pool)
	_ = key.Set(ctx, pool, 7, 0)
	_, _ = key.Get(ctx, pool)
	fmt.Println(hits.Load(), "hit,", misses.Load(), "miss,", failures.Load(), "failures")
	// Output: 1 hit, 1 miss, 0 failures
}
