package cachetest

import (
	"bytes"
	"context"
	"strconv"
	"testing"

	"github.com/mosparo/go-cluster/cache"
)

// Benchmark measures the common requests on an adapter: one key, three keys,
// a prepared CSS file of 20 kB, a miss, and writes.
func Benchmark(b *testing.B, a cache.Adapter) {
	ctx := context.Background()
	keys := []string{"mosparoGoBench0", "mosparoGoBench1", "mosparoGoBench2"}
	var items []cache.Item
	for i, k := range keys {
		items = append(items, cache.Item{Key: k, Value: []byte("value " + strconv.Itoa(i))})
	}
	large := cache.Item{Key: "mosparoGoBenchLarge", Value: bytes.Repeat([]byte("css;"), 5000)}
	if err := a.Set(ctx, append(items, large)...); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = a.Delete(ctx, append(keys, large.Key)...) })

	get := func(keys ...string) func(*testing.B) {
		return func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := a.Get(ctx, keys...); err != nil {
					b.Fatal(err)
				}
			}
		}
	}
	set := func(items ...cache.Item) func(*testing.B) {
		return func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if err := a.Set(ctx, items...); err != nil {
					b.Fatal(err)
				}
			}
		}
	}
	b.Run("Get1", get(keys[0]))
	b.Run("Get3", get(keys...))
	b.Run("Get20kB", get(large.Key))
	b.Run("Miss", get("mosparoGoBenchAbsent"))
	b.Run("Set1", set(items[0]))
	b.Run("Set3", set(items...))
	b.Run("Set20kB", set(large))
}
