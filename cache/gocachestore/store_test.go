package gocachestore_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/eko/gocache/lib/v4/store"
	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"github.com/mosparo/go-cluster/cache"
	"github.com/mosparo/go-cluster/cache/cachetest"
	"github.com/mosparo/go-cluster/cache/cachetest/servers"
	"github.com/mosparo/go-cluster/cache/fileadapter"
	"github.com/mosparo/go-cluster/cache/gocachestore"
	"github.com/mosparo/go-cluster/cache/memoryadapter"
	"github.com/mosparo/go-cluster/cache/redisadapter"
)

func connect(t *testing.T) *redis.Client {
	t.Helper()
	c := redis.NewClient(&redis.Options{Addr: servers.Redis(t).Addr(), ContextTimeoutEnabled: true, MaxRetries: -1})
	t.Cleanup(func() { _ = c.Close() }) // a test may have closed it
	return c
}

// onEach runs a test on adapters of each kind.
func onEach(t *testing.T, test func(t *testing.T, a cache.Adapter)) {
	t.Run("memory", func(t *testing.T) { test(t, memoryadapter.New()) })
	t.Run("files", func(t *testing.T) {
		a, err := fileadapter.New(t.TempDir())
		require.NoError(t, err)
		test(t, a)
	})
	t.Run("redis", func(t *testing.T) { test(t, redisadapter.New(connect(t))) })
}

func requireMiss(t *testing.T, s *gocachestore.Store, key string) {
	t.Helper()
	_, err := s.Get(t.Context(), key)
	require.ErrorIs(t, err, &store.NotFound{})
	require.ErrorIs(t, err, cache.ErrNotFound)
}

func requireValue(t *testing.T, s *gocachestore.Store, key, value string) {
	t.Helper()
	v, err := s.Get(t.Context(), key)
	require.NoError(t, err)
	require.Equal(t, []byte(value), v)
}

func TestStore_KeepsValuesUnderAnyKey(t *testing.T) {
	onEach(t, func(t *testing.T, a cache.Adapter) {
		s := gocachestore.New(a)
		requireMiss(t, s, "k")
		keys := []string{"k", "user:1", "user%3A1", "a/b", "a%2Fb", "{x}", "50%", "50%25", "@", "\\"}
		for i, k := range keys {
			require.NoError(t, s.Set(t.Context(), k, fmt.Sprint("value ", i)))
		}
		for i, k := range keys {
			requireValue(t, s, k, fmt.Sprint("value ", i))
		}
		require.NoError(t, s.Delete(t.Context(), "k"))
		require.NoError(t, s.Delete(t.Context(), "k"))
		requireMiss(t, s, "k")
	})
}

func TestStore_CannotTouchTheEntriesOfPHPNodesUnlessAsked(t *testing.T) {
	a := memoryadapter.New()
	require.NoError(t, a.Set(t.Context(), cache.Item{Key: "mosparoNextCleanup", Value: []byte("theirs")}))
	s := gocachestore.New(a)
	requireMiss(t, s, "mosparoNextCleanup")
	require.NoError(t, s.Set(t.Context(), "mosparoNextCleanup", "ours"))
	requireValue(t, gocachestore.New(a, gocachestore.WithPrefix("")), "mosparoNextCleanup", "theirs")
}

func TestStore_WithPHPValuesSharesEntriesWithPHPNodes(t *testing.T) {
	const next cache.Key[time.Time] = "mosparoNextCleanup"
	a := memoryadapter.New()
	pool := cache.NewPool(a)
	s := gocachestore.New(a, gocachestore.WithPrefix(""), gocachestore.WithPHPValues[time.Time]())
	at := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	require.NoError(t, s.Set(t.Context(), string(next), at))
	got, err := next.Get(t.Context(), pool)
	require.NoError(t, err)
	require.True(t, at.Equal(got))

	require.NoError(t, next.Set(t.Context(), pool, at.Add(time.Hour), 0))
	v, err := s.Get(t.Context(), string(next))
	require.NoError(t, err)
	require.True(t, at.Add(time.Hour).Equal(v.(time.Time)))

	require.NoError(t, next.SetNull(t.Context(), pool, 0))
	_, err = s.Get(t.Context(), string(next))
	require.ErrorIs(t, err, &store.NotFound{})
	require.ErrorIs(t, err, cache.ErrNull)

	require.NoError(t, a.Set(t.Context(), cache.Item{Key: string(next), Value: []byte(`s:1:"x";`)}))
	_, err = s.Get(t.Context(), string(next))
	var damaged *cache.DecodeError
	require.ErrorAs(t, err, &damaged)
	require.NotErrorIs(t, err, &store.NotFound{})
}

func TestStore_RefusesWhatItCannotKeep(t *testing.T) {
	a := memoryadapter.New()
	s := gocachestore.New(a)
	require.NoError(t, s.Set(t.Context(), "k", "before"))
	var typeError *gocachestore.TypeError
	require.ErrorAs(t, s.Set(t.Context(), "k", 7), &typeError)
	require.Equal(t, "int", typeError.Got)
	require.ErrorAs(t, s.Set(t.Context(), "k", nil), &typeError)
	require.ErrorAs(t, s.Set(t.Context(), 7, "v"), &typeError)
	require.Error(t, s.Set(t.Context(), "k", ""), "it would read as a miss")
	require.ErrorIs(t, s.Set(t.Context(), "k", "v", store.WithExpiration(-1)), cache.ErrInvalidTTL)
	require.ErrorIs(t, s.Set(t.Context(), "k", "v", store.WithTags([]string{"t"}), store.WithExpiration(-1)), cache.ErrInvalidTTL)
	var tagError *gocachestore.TagError
	require.ErrorAs(t, s.Set(t.Context(), "k", "v", store.WithTags([]string{""})), &tagError)
	require.ErrorAs(t, s.Set(t.Context(), "k", "v", store.WithTags(numbered(gocachestore.MaxTags+1))), &tagError)
	require.NoError(t, s.Set(t.Context(), "other", "v", store.WithTags(numbered(gocachestore.MaxTags))))
	requireValue(t, s, "k", "before")

	var keyError *cache.KeyError
	require.ErrorAs(t, s.Set(t.Context(), "", "v"), &keyError)
	noPrefix := gocachestore.New(a, gocachestore.WithPrefix(""))
	require.ErrorAs(t, noPrefix.Set(t.Context(), "a:b", "v"), &keyError)
	require.ErrorAs(t, noPrefix.Set(t.Context(), gocachestore.TagPrefix+"t", "v"), &keyError)
}

func numbered(n int) []string {
	tags := make([]string, n)
	for i := range tags {
		tags[i] = fmt.Sprint("tag ", i)
	}
	return tags
}

func TestStore_ReportsLifetimesForCopies(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := memoryadapter.New()
		ttl := func(s *gocachestore.Store, key string) time.Duration {
			_, d, err := s.GetWithTTL(t.Context(), key)
			require.NoError(t, err)
			return d
		}
		s := gocachestore.New(a, gocachestore.WithDefaults(store.WithExpiration(time.Hour)))
		require.NoError(t, s.Set(t.Context(), "hour", "v"))
		require.NoError(t, s.Set(t.Context(), "short", "v", store.WithExpiration(20*time.Second)))
		require.NoError(t, s.Set(t.Context(), "none", "v", store.WithExpiration(0)))
		time.Sleep(5 * time.Second)
		require.Equal(t, time.Minute, ttl(s, "hour"))
		require.Equal(t, 15*time.Second, ttl(s, "short"))
		require.Equal(t, time.Minute, ttl(s, "none"))
		unbounded := gocachestore.New(a, gocachestore.WithCopyTTL(math.MaxInt64))
		require.Equal(t, time.Minute, ttl(gocachestore.New(a, gocachestore.WithCopyTTL(0)), "hour"))
		require.Equal(t, time.Hour-5*time.Second, ttl(unbounded, "hour"))
		require.Zero(t, ttl(unbounded, "none"))
		// An adapter that cannot tell.
		require.Equal(t, time.Minute, ttl(gocachestore.New(struct{ cache.Adapter }{a}), "short"))
		time.Sleep(15 * time.Second)
		_, d, err := s.GetWithTTL(t.Context(), "short")
		require.ErrorIs(t, err, &store.NotFound{})
		require.Zero(t, d)
	})
}

func TestTags_InvalidateOnEveryNode(t *testing.T) {
	onEach(t, func(t *testing.T, a cache.Adapter) {
		one, other := gocachestore.New(a), gocachestore.New(a)
		tagged := func(key string, tags ...string) {
			require.NoError(t, one.Set(t.Context(), key, "value", store.WithTags(tags), store.WithExpiration(time.Hour)))
		}
		tagged("red", "red")
		tagged("both", "red", "blue:1", "red")
		tagged("blue", "blue:1")
		require.NoError(t, one.Set(t.Context(), "plain", "value"))
		for _, k := range []string{"red", "both", "blue", "plain"} {
			requireValue(t, other, k, "value")
		}
		require.NoError(t, other.Invalidate(t.Context()))
		require.NoError(t, other.Invalidate(t.Context(), store.WithInvalidateTags([]string{"red", "never used"})))
		requireMiss(t, one, "red")
		requireMiss(t, one, "both")
		requireValue(t, one, "blue", "value")
		requireValue(t, one, "plain", "value")
		_, _, err := one.GetWithTTL(t.Context(), "both")
		require.ErrorIs(t, err, &store.NotFound{})

		tagged("red", "red") // the tag can be used again, and what was invalid stays so
		requireValue(t, other, "red", "value")
		requireMiss(t, one, "both")
		// Written again without tags, an entry is free of them.
		require.NoError(t, one.Set(t.Context(), "red", "value"))
		require.NoError(t, other.Invalidate(t.Context(), store.WithInvalidateTags([]string{"red"})))
		requireValue(t, one, "red", "value")
	})
}

// Writers that add keys to one tag at the same time lose none of them: in a
// list of keys they would.
func TestTags_ConcurrentWritersLoseNothing(t *testing.T) {
	a := redisadapter.New(connect(t))
	const writers, each = 8, 20
	s := gocachestore.New(a)
	tagged := store.WithTags([]string{"all"})
	require.NoError(t, s.Set(t.Context(), "first", "v", tagged))
	var wg sync.WaitGroup
	for w := range writers {
		wg.Go(func() {
			node := gocachestore.New(a)
			for i := range each {
				if err := node.Set(context.Background(), fmt.Sprint(w, ".", i), "v", tagged); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	for i := range writers * each {
		requireValue(t, s, fmt.Sprint(i/each, ".", i%each), "v")
	}
	require.NoError(t, s.Invalidate(t.Context(), store.WithInvalidateTags([]string{"all"})))
	for i := range writers * each {
		requireMiss(t, s, fmt.Sprint(i/each, ".", i%each))
	}
}

func TestTags_AnInvalidationDuringAWriteWins(t *testing.T) {
	a := cachetest.NewFake()
	s := gocachestore.New(a)
	tagged := store.WithTags([]string{"t"})
	require.NoError(t, s.Set(t.Context(), "first", "v", tagged))
	below := gocachestore.New(a.Below())
	heal := a.Inject(cachetest.Fault{Op: cachetest.OpSet, Match: func(cachetest.Op, []string) bool { // the writer has read the tag's version
		return below.Invalidate(context.Background(), store.WithInvalidateTags([]string{"t"})) != nil
	}})
	require.NoError(t, s.Set(t.Context(), "second", "v", tagged))
	heal()
	requireMiss(t, s, "first")
	requireMiss(t, s, "second")
	require.NoError(t, s.Set(t.Context(), "third", "v", tagged))
	requireValue(t, s, "third", "v")
	requireMiss(t, s, "second")
}

func TestTags_ThatExpireOrAreEvictedMakeMisses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := memoryadapter.New()
		s := gocachestore.New(a)
		require.NoError(t, s.Set(t.Context(), "k", "v", store.WithTags([]string{"t"}), store.WithTagsTTL(time.Hour)))
		time.Sleep(time.Hour - 1)
		requireValue(t, s, "k", "v")
		time.Sleep(time.Nanosecond)
		requireMiss(t, s, "k")
		n, err := a.Prune(t.Context())
		require.NoError(t, err)
		require.Equal(t, 2, n, "nothing of it stays behind")

		require.NoError(t, s.Set(t.Context(), "k", "v", store.WithTags([]string{"t"})))
		require.NoError(t, a.Delete(t.Context(), gocachestore.TagPrefix+gocachestore.DefaultPrefix+"t"))
		requireMiss(t, s, "k")
	})
}

func TestTags_ThatCannotBeReadAreAnErrorAndNoHit(t *testing.T) {
	a := cachetest.NewFake()
	s := gocachestore.New(a)
	require.NoError(t, s.Set(t.Context(), "k", "v", store.WithTags([]string{"t"})))
	a.Inject(cachetest.Fault{Op: cachetest.OpGet, Key: gocachestore.TagPrefix + gocachestore.DefaultPrefix + "t", Err: cache.ErrUnavailable, Times: 2})
	_, err := s.Get(t.Context(), "k")
	require.ErrorIs(t, err, cache.ErrUnavailable)
	require.ErrorIs(t, s.Set(t.Context(), "k2", "v", store.WithTags([]string{"t"})), cache.ErrUnavailable)
	requireMiss(t, s, "k2")
	requireValue(t, s, "k", "v")
}

func TestTags_HostileContentIsAnErrorOrAMiss(t *testing.T) {
	a := memoryadapter.New()
	s := gocachestore.New(a)
	const magic = "\x00MGT\x01"
	stamp := "\x01t0123456789abcdef"
	for name, raw := range map[string]string{
		"nothing":             magic,
		"a huge number":       magic + "\xff\xff\xff\xff\xff\xff\xff\xff\x7f",
		"an endless number":   magic + "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff",
		"too many tags":       magic + "\x41" + stamp,
		"an empty tag":        magic + "\x01\x000123456789abcdef",
		"a tag cut short":     magic + "\x01\x05t",
		"a version cut short": magic + "\x01\x01t012345",
		"a missing tag":       magic + "\x02" + stamp,
	} {
		require.NoError(t, a.Set(t.Context(), cache.Item{Key: gocachestore.DefaultPrefix + "k", Value: []byte(raw)}))
		_, err := s.Get(t.Context(), "k")
		var damaged *cache.DecodeError
		require.ErrorAs(t, err, &damaged, name)
	}
	// A version of the wrong length is none, and is replaced by the next writer.
	tag := cache.Item{Key: gocachestore.TagPrefix + gocachestore.DefaultPrefix + "t", Value: []byte("x")}
	require.NoError(t, a.Set(t.Context(), tag, cache.Item{Key: gocachestore.DefaultPrefix + "k", Value: []byte(magic + "\x01" + stamp + "v")}))
	requireMiss(t, s, "k")
	require.NoError(t, s.Set(t.Context(), "k", "v", store.WithTags([]string{"t"})))
	requireValue(t, s, "k", "v")
	// A value may look like a tagged entry.
	require.NoError(t, s.Set(t.Context(), "k", magic+"\x01"+stamp))
	requireValue(t, s, "k", magic+"\x01"+stamp)
}

func TestClear_RemovesWhatTheStoreOwnsAndNothingElse(t *testing.T) {
	onEach(t, func(t *testing.T, a cache.Adapter) {
		theirs := cache.Item{Key: "mosparoNextCleanup", Value: []byte("theirs")}
		require.NoError(t, a.Set(t.Context(), theirs))
		s, other := gocachestore.New(a), gocachestore.New(a, gocachestore.WithPrefix("mosparoGoOther."))
		require.NoError(t, other.Set(t.Context(), "k", "v"))
		for i := range 600 {
			require.NoError(t, s.Set(t.Context(), fmt.Sprint("k:", i), "v"))
		}
		require.NoError(t, s.Set(t.Context(), "k", "v", store.WithTags([]string{"t"})))
		require.NoError(t, s.Clear(t.Context()))
		requireMiss(t, s, "k")
		requireMiss(t, s, "k:599")
		requireValue(t, other, "k", "v")
		var left []string
		for k, err := range a.(cache.Lister).List(t.Context(), "") {
			require.NoError(t, err)
			left = append(left, k)
		}
		require.ElementsMatch(t, []string{theirs.Key, "mosparoGoOther.k"}, left)
	})
	a := memoryadapter.New()
	require.ErrorIs(t, gocachestore.New(a, gocachestore.WithPrefix("")).Clear(t.Context()), store.ErrNotSupported)
	require.ErrorIs(t, gocachestore.New(struct{ cache.Adapter }{a}).Clear(t.Context()), store.ErrNotSupported)
}

func TestStore_AFailureIsNotAMiss(t *testing.T) {
	a := memoryadapter.New()
	require.NoError(t, a.Close())
	_, err := gocachestore.New(a).Get(t.Context(), "k")
	require.ErrorIs(t, err, cache.ErrClosed)
	require.False(t, errors.Is(err, &store.NotFound{}))
}
