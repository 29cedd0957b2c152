package gocachestore_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/eko/gocache/lib/v4/store"
	gocachememory "github.com/eko/gocache/store/go_cache/v4"
	gocacheredis "github.com/eko/gocache/store/redis/v4"
	patrickmn "github.com/patrickmn/go-cache"
	"github.com/stretchr/testify/require"

	"github.com/mosparo/go-cluster/cache"
	"github.com/mosparo/go-cluster/cache/cachetest"
	"github.com/mosparo/go-cluster/cache/gocachestore"
	"github.com/mosparo/go-cluster/cache/memoryadapter"
	"github.com/mosparo/go-cluster/cache/redisadapter"
)

func TestConformance_OfGocachesMemoryStore(t *testing.T) {
	t.Parallel() // it waits for lifetimes to end
	cachetest.Conformance(t, func(*testing.T) cache.Adapter {
		return gocachestore.NewAdapter(gocachememory.NewGoCache(patrickmn.New(patrickmn.NoExpiration, 0)))
	})
}

func TestConformance_OfGocachesRedisStore(t *testing.T) {
	t.Parallel() // it waits for lifetimes to end
	c := connect(t)
	cachetest.Conformance(t, func(*testing.T) cache.Adapter {
		return gocachestore.NewAdapter(gocacheredis.NewRedis(c), gocachestore.WithMaxValueSize(1<<20))
	})
}

// There and back: an adapter as a store as an adapter is an adapter.
func TestConformance_OfAnAdapterAsAStore(t *testing.T) {
	t.Parallel() // it waits for lifetimes to end
	c := connect(t)
	for name, open := range map[string]func() cache.Adapter{
		"memory": func() cache.Adapter { return memoryadapter.New() },
		"redis":  func() cache.Adapter { return redisadapter.New(c) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cachetest.Conformance(t, func(*testing.T) cache.Adapter { return gocachestore.NewAdapter(gocachestore.New(open())) })
		})
	}
}

func TestAdapter_HoldsTypedKeysOnAGocacheStore(t *testing.T) {
	const next cache.Key[time.Time] = "mosparoNextCleanup"
	pool := cache.NewPool(gocachestore.NewAdapter(gocachememory.NewGoCache(patrickmn.New(patrickmn.NoExpiration, 0))))
	at := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	require.NoError(t, next.Set(t.Context(), pool, at, time.Hour))
	got, err := next.Get(t.Context(), pool)
	require.NoError(t, err)
	require.True(t, at.Equal(got))
}

func TestAdapter_AValueThatIsNoTextFailsItsKeyAlone(t *testing.T) {
	s := gocachememory.NewGoCache(patrickmn.New(patrickmn.NoExpiration, 0))
	require.NoError(t, s.Set(t.Context(), "number", 7))
	require.NoError(t, s.Set(t.Context(), "text", "value"))
	require.NoError(t, s.Set(t.Context(), "nil", nil))
	v, err := gocachestore.NewAdapter(s).Get(t.Context(), "text", "number", "nil")
	require.Equal(t, [][]byte{[]byte("value"), nil, nil}, v)
	var op *cache.OpError
	require.ErrorAs(t, err, &op)
	require.Equal(t, []string{"number"}, op.Keys)
	var typeError *gocachestore.TypeError
	require.ErrorAs(t, err, &typeError)
	require.Equal(t, "int", typeError.Got)
}

func TestAdapter_ErrorsOfTheStoreAreClassified(t *testing.T) {
	c := connect(t)
	a := gocachestore.NewAdapter(gocacheredis.NewRedis(c))
	require.NoError(t, c.Close())
	_, err := a.Get(t.Context(), "k")
	require.ErrorIs(t, err, cache.ErrUnavailable)
	require.ErrorIs(t, a.Set(t.Context(), cache.Item{Key: "k", Value: []byte("v")}), cache.ErrUnavailable)
	require.ErrorIs(t, a.Delete(t.Context(), "k"), cache.ErrUnavailable)

	fake := cachetest.NewFake()
	a = gocachestore.NewAdapter(gocachestore.New(fake))
	fake.Fail(cache.ErrFull)
	err = a.Set(t.Context(), cache.Item{Key: "k", Value: []byte("v")})
	require.ErrorIs(t, err, cache.ErrFull)
	require.NotErrorIs(t, err, cache.ErrUnavailable)
}

// picky refuses to delete what is absent, as some of gocache's stores do.
type picky struct{ store.StoreInterface }

func (p picky) Delete(ctx context.Context, key any) error {
	if _, err := p.Get(ctx, key); err != nil {
		return errors.New("Entry not found")
	}
	return p.StoreInterface.Delete(ctx, key)
}

func TestAdapter_DeletesWhatIsAbsentAlsoOnStoresThatRefuse(t *testing.T) {
	a := gocachestore.NewAdapter(picky{gocachestore.New(memoryadapter.New())})
	require.NoError(t, a.Set(t.Context(), cache.Item{Key: "k", Value: []byte("v")}))
	require.NoError(t, a.Delete(t.Context(), "absent", "k", "k"))
}
