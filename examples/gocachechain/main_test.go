package main

import (
	"context"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/mosparo/go-cluster/cache"
	"github.com/mosparo/go-cluster/cache/gocachestore"
	"github.com/mosparo/go-cluster/cache/memoryadapter"
)

func TestChain_NodesTakeWhatOneHasLoaded(t *testing.T) {
	shared := memoryadapter.New()
	var hits, sets atomic.Int32
	observer := gocachestore.WithObserver(func(_ context.Context, e cache.Event) {
		switch {
		case e.Result == "hit":
			hits.Add(1)
		case e.Op == cache.OpSet:
			sets.Add(1)
		}
	})
	node, other := newCache(shared, observer), newCache(shared, observer)
	first, err := node.Get(t.Context(), "greeting")
	require.NoError(t, err)
	// gocache stores it in the background.
	require.Eventually(t, func() bool { return sets.Load() >= 1 }, time.Minute, time.Millisecond)

	second, err := other.Get(t.Context(), "greeting")
	require.NoError(t, err)
	require.Equal(t, first, second, "from the shared cache")
	require.EqualValues(t, 1, hits.Load())

	third, err := node.Get(t.Context(), "greeting")
	require.NoError(t, err)
	require.Equal(t, first, third)
	require.EqualValues(t, 1, hits.Load(), "from the memory of the node")
}
