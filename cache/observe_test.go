package cache_test

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/mosparo/go-cluster/cache"
	"github.com/mosparo/go-cluster/cache/cachetest"
)

func TestObserver_SeesEveryOperation(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var got []cache.Event
		var failed []error
		a := cachetest.NewFake()
		pool := cache.NewPool(a, cache.WithMaxValueSize(1000), cache.WithObserver(func(_ context.Context, e cache.Event) {
			failed = append(failed, e.Err)
			e.Err = nil
			got = append(got, e)
		}))
		see := func(want ...cache.Event) {
			t.Helper()
			require.Equal(t, want, got)
			for i, e := range got {
				require.Equal(t, e.Result == "ok" || e.Result == "hit" || e.Result == "miss", failed[i] == nil, e.Result)
			}
			got, failed = nil, nil
		}
		ctx := t.Context()
		a.Inject(cachetest.Fault{Delay: 5 * time.Millisecond})
		const ms = 5 * time.Millisecond

		_, _ = text.Get(ctx, pool)
		see(cache.Event{Op: cache.OpGet, Key: "text", Duration: ms, Result: "miss"})
		require.NoError(t, text.Set(ctx, pool, "a", 0))
		see(cache.Event{Op: cache.OpSet, Key: "text", Duration: ms, Result: "ok"})
		require.NoError(t, when.SetNull(ctx, pool, 0))
		store(t, a, "number", "x")
		got, failed = nil, nil
		var s cache.Result[string]
		var n cache.Result[int]
		var w cache.Result[time.Time]
		require.NoError(t, cache.Read(ctx, pool, text.Into(&s), number.Into(&n), when.Into(&w)))
		see(
			cache.Event{Op: cache.OpGet, Key: "text", Duration: ms, Result: "hit"},
			cache.Event{Op: cache.OpGet, Key: "number", Duration: ms, Result: "decode"},
			cache.Event{Op: cache.OpGet, Key: "when", Duration: ms, Result: "hit"},
		)
		require.NoError(t, pool.Delete(ctx, "text", "when"))
		see(cache.Event{Op: cache.OpDelete, Key: "text", Duration: ms, Result: "ok"}, cache.Event{Op: cache.OpDelete, Key: "when", Duration: ms, Result: "ok"})

		require.Error(t, css.Set(ctx, pool, make([]byte, 2000), 0))
		see(cache.Event{Op: cache.OpSet, Key: "css", Result: "too_large"})
		require.Error(t, cache.Key[int]("a/b").Set(ctx, pool, 1, 0))
		see(cache.Event{Op: cache.OpSet, Key: "a/b", Result: "invalid"})

		_, err := text.Fetch(ctx, pool, 0, new(loader).load)
		require.NoError(t, err)
		see(
			cache.Event{Op: cache.OpGet, Key: "text", Duration: ms, Result: "miss"},
			cache.Event{Op: cache.OpLoad, Key: "text", Duration: time.Second, Result: "ok"},
			cache.Event{Op: cache.OpSet, Key: "text", Duration: ms, Result: "ok"},
		)

		heal := a.Down()
		_, _ = text.Get(ctx, pool)
		see(cache.Event{Op: cache.OpGet, Key: "text", Result: "unavailable"})
		heal()
	})
}

// logged is a pool with a log of one line for each record, without the time.
func logged(a cache.Adapter, opts ...cache.Option) (*cache.Pool, func() []string) {
	var out bytes.Buffer
	h := slog.NewTextHandler(&out, &slog.HandlerOptions{ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
		if a.Key == slog.TimeKey {
			return slog.Attr{}
		}
		return a
	}})
	return cache.NewPool(a, append(opts, cache.WithLogger(slog.New(h)))...), func() []string {
		defer out.Reset()
		return strings.FieldsFunc(out.String(), func(c rune) bool { return c == '\n' })
	}
}

func TestLog_TellsOfAnOutageOnceAndOfItsEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := cachetest.NewFake()
		pool, lines := logged(a)
		use := func() {
			_, _ = text.Get(t.Context(), pool)
			_ = text.Set(t.Context(), pool, "a", 0)
		}
		use()
		require.Empty(t, lines())
		heal := a.Inject(cachetest.Fault{Op: cachetest.OpGet, Err: cache.ErrUnavailable})
		for range 100 {
			use()
			time.Sleep(time.Second)
		}
		require.Equal(t, []string{`level=WARN msg="the shared cache fails" operation=get key=text result=unavailable error="cache: get \"text\": cache unavailable"`}, lines(), "writes work all the while")
		heal()
		use()
		use()
		require.Equal(t, []string{`level=INFO msg="the shared cache works again" operation=get result=unavailable outage=1m40s`}, lines())
	})
}

func TestLog_StaysQuietWhileTheCacheFlaps(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := cachetest.NewFake()
		pool, lines := logged(a)
		n := 0
		a.Inject(cachetest.Fault{Op: cachetest.OpSet, Err: cache.ErrFull, Match: func(cachetest.Op, []string) bool { n++; return n%2 == 0 }})
		for range 600 {
			_ = text.Set(t.Context(), pool, "a", 0)
			time.Sleep(time.Second)
		}
		got := lines()
		require.LessOrEqual(t, len(got), 20, "two lines a minute")
		require.GreaterOrEqual(t, len(got), 16)
		require.Contains(t, got[0], "result=full")
		require.Contains(t, got[1], "works again")
	})
}

func TestLog_TellsOfAnotherReason(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := cachetest.NewFake()
		pool, lines := logged(a)
		for _, err := range []error{cache.ErrUnavailable, cache.ErrUnauthorized, cache.ErrUnavailable, cache.ErrUnauthorized} {
			a.Inject(cachetest.Fault{Err: err, Times: 1})
			_, _ = text.Get(t.Context(), pool)
		}
		got := lines()
		require.Len(t, got, 2)
		require.Contains(t, got[0], "result=unavailable")
		require.Contains(t, got[1], "result=unauthorized")
	})
}

func TestLog_TellsOfAnUnusableEntryOnceForEachKey(t *testing.T) {
	a := cachetest.NewFake()
	pool, lines := logged(a, cache.WithMaxValueSize(1000))
	store(t, a, "number", "x")
	for range 10 {
		_, _ = number.Get(t.Context(), pool)
		_, _ = text.Get(t.Context(), pool) // a miss is nothing to log
		_ = css.Set(t.Context(), pool, make([]byte, 2000), 0)
	}
	got := lines()
	require.Len(t, got, 2)
	require.Contains(t, got[0], `key=number result=decode`)
	require.Contains(t, got[1], `key=css result=too_large`)

	for i := range 1000 {
		key := cache.Key[int](fmt.Sprint("p1rc_", i))
		store(t, a, string(key), "x")
		_, _ = key.Get(t.Context(), pool)
	}
	got = lines()
	require.Len(t, got, 99, "a hundred keys and a word about the others")
	require.Contains(t, got[98], "more entries")
}

func TestLog_NilIsQuiet(t *testing.T) {
	a := cachetest.NewFake()
	a.Down()
	_, err := text.Get(t.Context(), cache.NewPool(a, cache.WithLogger(nil)))
	require.ErrorIs(t, err, cache.ErrUnavailable)
}
