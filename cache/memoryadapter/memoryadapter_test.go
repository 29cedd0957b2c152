package memoryadapter_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/mosparo/go-cluster/cache"
	"github.com/mosparo/go-cluster/cache/cachetest"
	"github.com/mosparo/go-cluster/cache/memoryadapter"
)

var owned = memoryadapter.WithOwned(cachetest.KeyPatterns()...)

func TestConformance(t *testing.T) {
	cachetest.Conformance(t, func(*testing.T) cache.Adapter { return memoryadapter.New(owned) },
		cachetest.WithResolution(10*time.Millisecond))
}

func TestConformance_WithALimit(t *testing.T) {
	cachetest.Conformance(t, func(*testing.T) cache.Adapter { return memoryadapter.New(owned, memoryadapter.WithMaxValueSize(1<<20)) },
		cachetest.WithResolution(10*time.Millisecond))
}

func TestLifetime_IsExactInABubble(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := memoryadapter.New()
		ctx := t.Context()
		require.NoError(t, a.Set(ctx, cache.Item{Key: "k", Value: []byte("v"), TTL: time.Hour}))
		time.Sleep(time.Hour - 1)
		v, err := a.Get(ctx, "k")
		require.NoError(t, err)
		require.Equal(t, "v", string(v[0]))
		time.Sleep(time.Nanosecond)
		v, err = a.Get(ctx, "k")
		require.NoError(t, err)
		require.Nil(t, v[0])
	})
}

func TestSet_RemovesExpiredEntries(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := memoryadapter.New()
		for i := range 10_000 {
			require.NoError(t, a.Set(t.Context(), cache.Item{Key: fmt.Sprint(i), Value: []byte("v"), TTL: time.Second}))
			time.Sleep(time.Second)
		}
		n, err := a.Prune(t.Context())
		require.NoError(t, err)
		require.Less(t, n, 1024)
	})
}

func TestFlush_TakesEverything(t *testing.T) {
	a := memoryadapter.New()
	require.NoError(t, a.Set(t.Context(), cache.Item{Key: "foreign", Value: []byte("v")}, cache.Item{Key: "mosparoX", Value: []byte("v")}))
	n, err := a.Flush(t.Context())
	require.NoError(t, err)
	require.Equal(t, 2, n)
}

func BenchmarkAdapter(b *testing.B) { cachetest.Benchmark(b, memoryadapter.New()) }

func Example() {
	ctx := context.Background()
	a := memoryadapter.New()
	defer a.Close()
	_ = a.Set(ctx, cache.Item{Key: "greeting", Value: []byte("hello"), TTL: time.Minute})
	values, err := a.Get(ctx, "greeting", "absent")
	fmt.Printf("%s %v %v\n", values[0], values[1] == nil, err)
	// Output: hello true <nil>
}

func TestClear_RemovesNothingUnlessItWasToldWhat(t *testing.T) {
	a := memoryadapter.New()
	require.NoError(t, a.Set(t.Context(), cache.Item{Key: "mosparoNextCleanup", Value: []byte("x")}))
	_, err := a.Clear(t.Context())
	require.ErrorIs(t, err, errors.ErrUnsupported)
	var op *cache.OpError
	require.ErrorAs(t, err, &op)
	v, err := a.Get(t.Context(), "mosparoNextCleanup")
	require.NoError(t, err)
	require.Equal(t, "x", string(v[0]))
}
