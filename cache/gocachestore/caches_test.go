package gocachestore_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"time"

	gocache "github.com/eko/gocache/lib/v4/cache"
	"github.com/eko/gocache/lib/v4/marshaler"
	"github.com/eko/gocache/lib/v4/metrics"
	"github.com/eko/gocache/lib/v4/store"
	gocachememory "github.com/eko/gocache/store/go_cache/v4"
	patrickmn "github.com/patrickmn/go-cache"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mosparo/go-cluster/cache"
	"github.com/mosparo/go-cluster/cache/gocachestore"
	"github.com/mosparo/go-cluster/cache/memoryadapter"
	"github.com/mosparo/go-cluster/cache/redisadapter"
)

// gocache's own cache types run on the store: one node's cache beside
// another's, on one Redis.

func TestGocache_CacheKeepsItsTypes(t *testing.T) {
	onEach(t, func(t *testing.T, a cache.Adapter) {
		s := gocachestore.New(a)
		texts, bytes := gocache.New[string](s), gocache.New[[]byte](s)
		require.NoError(t, texts.Set(t.Context(), "k", "value", store.WithExpiration(time.Hour)))
		text, err := texts.Get(t.Context(), "k")
		require.NoError(t, err)
		require.Equal(t, "value", text)
		raw, ttl, err := bytes.GetWithTTL(t.Context(), "k")
		require.NoError(t, err)
		require.Equal(t, "value", string(raw))
		require.Equal(t, time.Minute, ttl)
		// A key that is no string becomes a checksum.
		require.NoError(t, texts.Set(t.Context(), struct{ A, B int }{1, 2}, "struct"))
		text, err = texts.Get(t.Context(), struct{ A, B int }{1, 2})
		require.NoError(t, err)
		require.Equal(t, "struct", text)

		numbers := gocache.New[int](s)
		_, err = numbers.Get(t.Context(), "k")
		require.ErrorIs(t, err, gocache.ErrValueTypeMismatch, "never a silent zero")
		var typeError *gocachestore.TypeError
		require.ErrorAs(t, numbers.Set(t.Context(), "n", 7), &typeError)
		_, err = numbers.SetIfNotExists(t.Context(), "n", 7)
		require.ErrorIs(t, err, store.ErrNotSupported)
		_, err = texts.Get(t.Context(), "absent")
		require.ErrorIs(t, err, &store.NotFound{})

		require.NoError(t, texts.Delete(t.Context(), "k"))
		_, err = texts.Get(t.Context(), "k")
		require.ErrorIs(t, err, &store.NotFound{})
		require.NoError(t, texts.Close(), "which leaves the adapter open")
		require.NoError(t, texts.Clear(t.Context()))
		_, err = texts.Get(t.Context(), struct{ A, B int }{1, 2})
		require.ErrorIs(t, err, &store.NotFound{})
		require.Equal(t, gocachestore.Type, texts.GetCodec().GetStore().GetType())
	})
}

func TestGocache_TypedCacheOnPHPValues(t *testing.T) {
	const next cache.Key[time.Time] = "mosparoNextCleanup"
	a := memoryadapter.New()
	at := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	require.NoError(t, next.Set(t.Context(), cache.NewPool(a), at, 0))
	c := gocache.New[time.Time](gocachestore.New(a, gocachestore.WithPrefix(""), gocachestore.WithPHPValues[time.Time]()))
	got, err := c.Get(t.Context(), string(next))
	require.NoError(t, err)
	require.True(t, at.Equal(got))
}

func TestGocache_ChainHasLocalCopiesForAMinuteAtMost(t *testing.T) {
	a := redisadapter.New(connect(t))
	other := gocache.New[[]byte](gocachestore.New(a))
	require.NoError(t, other.Set(t.Context(), "k", []byte("shared")))

	local := patrickmn.New(patrickmn.NoExpiration, 0)
	chain := gocache.NewChain[[]byte](
		gocache.New[[]byte](gocachememory.NewGoCache(local)),
		gocache.New[[]byte](gocachestore.New(a)))
	v, err := chain.Get(t.Context(), "k")
	require.NoError(t, err)
	require.Equal(t, "shared", string(v))
	require.NoError(t, chain.Close()) // it copies in the background until then
	_, ends, ok := local.GetWithExpiration("k")
	require.True(t, ok)
	require.WithinDuration(t, time.Now().Add(time.Minute), ends, 30*time.Second)

	chain = gocache.NewChain[[]byte](
		gocache.New[[]byte](gocachememory.NewGoCache(local)),
		gocache.New[[]byte](gocachestore.New(a)))
	defer chain.Close()
	require.NoError(t, chain.Set(t.Context(), "tagged", []byte("v"), store.WithTags([]string{"t"})))
	v, err = other.Get(t.Context(), "tagged")
	require.NoError(t, err)
	require.Equal(t, "v", string(v))
	require.NoError(t, chain.Invalidate(t.Context(), store.WithInvalidateTags([]string{"t"})))
	_, err = other.Get(t.Context(), "tagged")
	require.ErrorIs(t, err, &store.NotFound{})
	_, err = chain.Get(t.Context(), "tagged")
	require.ErrorIs(t, err, &store.NotFound{})
	require.NoError(t, chain.Delete(t.Context(), "k"))
	_, err = other.Get(t.Context(), "k")
	require.ErrorIs(t, err, &store.NotFound{})
}

func TestGocache_LoadableLoadsWhatNoNodeHas(t *testing.T) {
	a := redisadapter.New(connect(t))
	var loads atomic.Int32
	load := func(_ context.Context, key any) ([]byte, []store.Option, error) {
		if key == "broken" {
			return nil, nil, errors.New("no source")
		}
		loads.Add(1)
		return []byte("loaded"), []store.Option{store.WithExpiration(time.Hour), store.WithTags([]string{"t"})}, nil
	}
	get := func(want int32) {
		t.Helper()
		node := gocache.NewLoadable(load, gocache.New[[]byte](gocachestore.New(a)))
		v, err := node.Get(t.Context(), "k:1")
		require.NoError(t, err)
		require.Equal(t, "loaded", string(v))
		require.NoError(t, node.Close()) // it stores in the background until then
		require.Equal(t, want, loads.Load())
	}
	get(1)
	get(1)
	require.NoError(t, gocachestore.New(a).Invalidate(t.Context(), store.WithInvalidateTags([]string{"t"})))
	get(2)
	node := gocache.NewLoadable(load, gocache.New[[]byte](gocachestore.New(a)))
	defer node.Close()
	_, err := node.Get(t.Context(), "broken")
	require.ErrorContains(t, err, "no source")
}

func TestGocache_MetricCountsHitsAndMisses(t *testing.T) {
	registry := prometheus.NewRegistry()
	counted := metrics.NewPrometheus("node", metrics.WithRegisterer(registry))
	c := gocache.NewMetric[[]byte](counted, gocache.New[[]byte](gocachestore.New(memoryadapter.New())))
	require.NoError(t, c.Set(t.Context(), "k", []byte("v")))
	_, err := c.Get(t.Context(), "k")
	require.NoError(t, err)
	_, err = c.Get(t.Context(), "absent")
	require.ErrorIs(t, err, &store.NotFound{})
	require.EventuallyWithT(t, func(t *assert.CollectT) { // gocache records in the background
		families, err := registry.Gather()
		require.NoError(t, err)
		values := map[string]float64{}
		for _, f := range families {
			for _, m := range f.GetMetric() {
				labels := map[string]string{}
				for _, l := range m.GetLabel() {
					labels[l.GetName()] = l.GetValue()
				}
				values[labels["store"]+" "+labels["metric"]] += m.GetGauge().GetValue()
			}
		}
		require.Equal(t, 1.0, values["mosparo hit_count"])
		require.Equal(t, 1.0, values["mosparo miss_count"])
		require.Equal(t, 1.0, values["mosparo set_success"])
	}, 10*time.Second, 5*time.Millisecond)
}

func TestGocache_MarshalerStoresAnyType(t *testing.T) {
	type book struct {
		Title string
		Pages int
	}
	onEach(t, func(t *testing.T, a cache.Adapter) {
		m := marshaler.New(gocache.New[any](gocachestore.New(a)))
		want := book{"Cluster", 256}
		require.NoError(t, m.Set(t.Context(), "book:1", want, store.WithTags([]string{"books"})))
		var got book
		_, err := m.Get(t.Context(), "book:1", &got)
		require.NoError(t, err)
		require.Equal(t, want, got)
		require.NoError(t, m.Invalidate(t.Context(), store.WithInvalidateTags([]string{"books"})))
		_, err = m.Get(t.Context(), "book:1", &got)
		require.ErrorIs(t, err, &store.NotFound{})
	})
}
