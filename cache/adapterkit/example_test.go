package adapterkit_test

import (
	"context"
	"fmt"
	"sync"

	"github.com/mosparo/go-cluster/cache"
	"github.com/mosparo/go-cluster/cache/adapterkit"
)

// mapAdapter is a cache in a map, which knows no lifetimes.
type mapAdapter struct {
	state  adapterkit.State
	values sync.Map
}

// maxValue is the largest value that the adapter stores, in bytes.
const maxValue = 1 << 20

func (a *mapAdapter) Get(ctx context.Context, keys ...string) ([][]byte, error) {
	if err := a.state.Check(ctx); err != nil {
		return nil, adapterkit.Error("get", keys, err)
	}
	values := make([][]byte, len(keys))
	for i, key := range keys {
		if v, ok := a.values.Load(key); ok {
			values[i] = adapterkit.NonEmpty([]byte(v.(string)))
		}
	}
	return values, nil
}

func (a *mapAdapter) Set(ctx context.Context, items ...cache.Item) error {
	if err := a.state.Check(ctx); err != nil {
		return adapterkit.Error("set", adapterkit.Keys(items), err)
	}
	if err := adapterkit.CheckItems(items, maxValue); err != nil {
		return err
	}
	for _, item := range items {
		a.values.Store(item.Key, string(item.Value))
	}
	return nil
}

func (a *mapAdapter) Delete(ctx context.Context, keys ...string) error {
	if err := a.state.Check(ctx); err != nil {
		return adapterkit.Error("delete", keys, err)
	}
	for _, key := range keys {
		a.values.Delete(key)
	}
	return nil
}

func (a *mapAdapter) Close() error {
	a.state.Close()
	return nil
}

// An adapter of one's own. Its test calls [cachetest.Conformance], which also asks for
// lifetimes.
func Example() {
	ctx := context.Background()
	adapter := &mapAdapter{}
	pool := cache.NewPool(adapter)
	const greeting cache.Key[string] = "mosparoGoGreeting"

	fmt.Println(greeting.Set(ctx, pool, "hello", 0))
	fmt.Println(greeting.Get(ctx, pool))
	fmt.Println(adapter.Set(ctx, cache.Item{Key: "large", Value: make([]byte, maxValue+1)}))
	adapter.Close()
	fmt.Println(greeting.Set(ctx, pool, "hello", 0))
	// Output:
	// <nil>
	// hello <nil>
	// cache: set "large": value too large: 1048577 bytes, limit 1048576
	// cache: set "mosparoGoGreeting": cache is closed
}
