package gocachestore_test

import (
	"context"
	"fmt"
	"time"

	gocache "github.com/eko/gocache/lib/v4/cache"
	"github.com/eko/gocache/lib/v4/store"

	"github.com/mosparo/go-cluster/cache"
	"github.com/mosparo/go-cluster/cache/gocachestore"
	"github.com/mosparo/go-cluster/cache/memoryadapter"
)

func Example() {
	ctx := context.Background()
	shared := memoryadapter.New() // a node uses connect.Cache
	node, other := gocache.New[string](gocachestore.New(shared)), gocache.New[string](gocachestore.New(shared))

	err := node.Set(ctx, "page:1", "hello", store.WithExpiration(time.Hour), store.WithTags([]string{"pages"}))
	page, _ := other.Get(ctx, "page:1")
	fmt.Println(page, err)

	err = other.Invalidate(ctx, store.WithInvalidateTags([]string{"pages"}))
	_, miss := node.Get(ctx, "page:1")
	fmt.Println(miss, err)
	// Output:
	// hello <nil>
	// value not found in store <nil>
}

func ExampleNewAdapter() {
	var s store.StoreInterface = gocachestore.New(memoryadapter.New()) // any gocache store
	pool := cache.NewPool(gocachestore.NewAdapter(s))

	const greeting cache.Key[string] = "greeting"
	err := greeting.Set(context.Background(), pool, "hello", time.Minute)
	v, _ := greeting.Get(context.Background(), pool)
	fmt.Println(v, err)
	// Output: hello <nil>
}
