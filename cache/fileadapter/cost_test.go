package fileadapter

import (
	"bytes"
	"context"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/mosparo/go-cluster/cache"
	"github.com/mosparo/go-cluster/cache/cachetest"
	"github.com/mosparo/go-cluster/cache/internal/alloctest"
)

const (
	nextKey cache.Key[time.Time] = "mosparoNextCleanup"
	cssKey  cache.Key[[]byte]    = "design_0b0e7ab6-2b1c-4c1e-9a44-0123456789ab_content"
)

// hits are os.ReadFile, the adapter and a typed key, for a date and for a
// prepared CSS file of 20 kB.
func hits(tb testing.TB) (small, large []cachetest.Way) {
	tb.Helper()
	ctx := context.Background()
	a, err := New(tb.TempDir())
	require.NoError(tb, err)
	pool := cache.NewPool(a)
	require.NoError(tb, cache.Write(ctx, pool, nextKey.With(time.Now(), 0), cssKey.With(bytes.Repeat([]byte("a{b:c}\n"), 20_000/7), 0)))
	ways := func(key string, typed func() error) []cachetest.Way {
		file := a.File(key)
		return []cachetest.Way{
			{Name: "os.ReadFile", Do: func() error { _, err := os.ReadFile(file); return err }},
			{Name: "adapter", Do: func() error { _, err := a.Get(ctx, key); return err }},
			{Name: "key", Do: typed},
		}
	}
	small = ways(string(nextKey), func() error { _, err := nextKey.Get(ctx, pool); return err })
	large = ways(string(cssKey), func() error { _, err := cssKey.Get(ctx, pool); return err })
	return small, large
}

func TestHit_CostsThreeAllocationsMoreThanReadFile(t *testing.T) {
	small, large := hits(t)
	for _, ways := range [][]cachetest.Way{small, large} {
		bare := testing.AllocsPerRun(200, func() { _ = ways[0].Do() })
		for _, w := range ways[1:] {
			require.NoError(t, w.Do())
			require.LessOrEqual(t, testing.AllocsPerRun(200, func() { _ = w.Do() }), bare+3, w.Name)
		}
	}
}

func TestHit_AllocatesTheValueOnce(t *testing.T) {
	_, large := hits(t)
	require.NoError(t, large[2].Do())
	require.Less(t, alloctest.BytesPerRun(200, func() { _ = large[2].Do() }), 1.1*20_000)
}

// BenchmarkHit measures the adapter beside os.ReadFile.
func BenchmarkHit(b *testing.B) {
	small, large := hits(b)
	cachetest.Compare(b, "Date", small...)
	cachetest.Compare(b, "CSS20kB", large...)
}
