package gocachestore_test

import (
	"context"
	"testing"
	"time"

	"github.com/eko/gocache/lib/v4/store"
	"github.com/stretchr/testify/require"

	"github.com/mosparo/go-cluster/cache"
	"github.com/mosparo/go-cluster/cache/cachetest"
	"github.com/mosparo/go-cluster/cache/gocachestore"
)

func TestWithObserver_SeesEveryCallOnceWithItsContext(t *testing.T) {
	type caller struct{}
	fake := cachetest.NewFake()
	type seen struct {
		op          cache.Op
		key, result string
	}
	var got []seen
	s := gocachestore.New(fake, gocachestore.WithObserver(func(ctx context.Context, e cache.Event) {
		require.Equal(t, "me", ctx.Value(caller{}))
		require.Equal(t, e.Err == nil, e.Result == "ok" || e.Result == "hit" || e.Result == "miss", e)
		require.Less(t, e.Duration, time.Minute)
		got = append(got, seen{e.Op, e.Key, e.Result})
	}))
	ctx := context.WithValue(t.Context(), caller{}, "me")

	_, _ = s.Get(ctx, "a/b")
	_ = s.Set(ctx, "a/b", "x", store.WithTags([]string{"t"}))
	_, _ = s.Get(ctx, "a/b")
	_, _, _ = s.GetWithTTL(ctx, "a/b")
	_ = s.Invalidate(ctx, store.WithInvalidateTags([]string{"t"}))
	_, _, _ = s.GetWithTTL(ctx, "a/b")
	_ = s.Delete(ctx, "a/b")
	_ = s.Clear(ctx)
	_, _ = s.Get(ctx, 1)
	_ = s.Set(ctx, "c", 1)
	_ = s.Set(ctx, "c", "x", store.WithTags([]string{""}))
	fake.Inject(cachetest.Fault{Err: cache.ErrUnavailable})
	_, _ = s.Get(ctx, "c")
	_ = s.Set(ctx, "c", "x")
	_ = s.Invalidate(ctx, store.WithInvalidateTags([]string{"t"}))

	key, c := gocachestore.DefaultPrefix+"a%2Fb", gocachestore.DefaultPrefix+"c"
	require.Equal(t, []seen{
		{cache.OpGet, key, "miss"},
		{cache.OpSet, key, "ok"},
		{cache.OpGet, key, "hit"},
		{cache.OpGet, key, "hit"},
		{gocachestore.OpInvalidate, "", "ok"},
		{cache.OpGet, key, "miss"},
		{cache.OpDelete, key, "ok"},
		{gocachestore.OpClear, "", "ok"},
		{cache.OpGet, "", "invalid"},
		{cache.OpSet, c, "invalid"},
		{cache.OpSet, c, "invalid"},
		{cache.OpGet, c, "unavailable"},
		{cache.OpSet, c, "unavailable"},
		{gocachestore.OpInvalidate, "", "unavailable"},
	}, got)
}
