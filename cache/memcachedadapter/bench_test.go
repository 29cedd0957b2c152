package memcachedadapter_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/mosparo/go-cluster/cache"
	"github.com/mosparo/go-cluster/cache/cachetest"
	"github.com/mosparo/go-cluster/cache/internal/alloctest"
	"github.com/mosparo/go-cluster/cache/memcachedadapter"
)

var cssKey = cache.Key[[]byte]("design_0b0e7ab6-2b1c-4c1e-9a44-0123456789ab_content")

// sideBySide: the client library alone, and the adapter on the same client.
type sideBySide struct {
	client, adapter func()
}

func compared(t testing.TB, n int) (one, three sideBySide) {
	t.Helper()
	p := pool(t, start(t, n))
	client := p.Client(patient)
	t.Cleanup(func() { require.NoError(t, client.Close()) })
	a := memcachedadapter.New(client, p)
	ctx := context.Background()
	keys := []string{"mosparoNextCleanup", "mosparoAdditionalCleanup", "mosparoCleanupStartedAt"}
	raws := make([]string, len(keys))
	for i, k := range keys {
		written(t, a, k, "value")
		var err error
		raws[i], err = a.RawKey(t.Context(), k)
		require.NoError(t, err)
	}
	must := func(err error) {
		if err != nil {
			t.Fatal(err)
		}
	}
	one.client = func() { _, err := client.Get(raws[0]); must(err) }
	one.adapter = func() { _, err := a.Get(ctx, keys[0]); must(err) }
	three.client = func() { _, err := client.GetMulti(raws); must(err) }
	three.adapter = func() { _, err := a.Get(ctx, keys...); must(err) }
	return one, three
}

// allocs keeps out the calls that read the version again.
func allocs(f func()) float64 {
	least := testing.AllocsPerRun(20, f)
	for range 4 {
		least = min(least, testing.AllocsPerRun(20, f))
	}
	return least
}

func TestGet_AllocatesLittleMoreThanTheClient(t *testing.T) {
	for _, n := range []int{1, 3} {
		one, three := compared(t, n)
		require.LessOrEqual(t, allocs(one.adapter), allocs(one.client)+3)
		require.LessOrEqual(t, allocs(three.adapter), allocs(three.client)+6)
	}
}

func TestSet_AllocatesLittleMoreThanTheClient(t *testing.T) {
	p := pool(t, start(t, 1))
	client := p.Client(patient)
	t.Cleanup(func() { require.NoError(t, client.Close()) })
	a := memcachedadapter.New(client, p)
	item := cache.Item{Key: "css", Value: cssOf(20_000)}
	require.NoError(t, a.Set(t.Context(), item))
	raw, err := a.RawKey(t.Context(), item.Key)
	require.NoError(t, err)
	stored, err := client.Get(raw)
	require.NoError(t, err)
	ctx := context.Background()
	must := func(err error) {
		if err != nil {
			t.Fatal(err)
		}
	}
	require.LessOrEqual(t, allocs(func() { must(a.Set(ctx, item)) }), allocs(func() { must(client.Set(stored)) })+4+raceSlack)
}

func TestGet_HoldsAValueOnce(t *testing.T) {
	a := open(t, start(t, 1), memcachedadapter.WithoutCompression())
	p := cache.NewPool(a)
	const size, rounds = 20_000, 200
	require.NoError(t, cssKey.Set(t.Context(), p, make([]byte, size), 0))
	perGet := alloctest.BytesPerRun(rounds, func() {
		v, err := cssKey.Get(t.Context(), p)
		if err != nil || len(v) != size {
			t.Fatal(len(v), err)
		}
	})
	require.Less(t, perGet, 1.1*size)
}

// BenchmarkBesideTheClient measures the adapter beside the bare client.
func BenchmarkBesideTheClient(b *testing.B) {
	for name, n := range map[string]int{"1server": 1, "3servers": 3, "8servers": 8} {
		one, three := compared(b, n)
		cachetest.Compare(b, "hit/"+name, one.ways()...)
		cachetest.Compare(b, "three/"+name, three.ways()...)
	}
}

func (s sideBySide) ways() []cachetest.Way {
	return []cachetest.Way{
		{Name: "client", Do: func() error { s.client(); return nil }},
		{Name: "adapter", Do: func() error { s.adapter(); return nil }},
	}
}

func BenchmarkAdapter(b *testing.B) { cachetest.Benchmark(b, open(b, start(b, 1))) }
