package cache_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/mosparo/go-cluster/cache"
	"github.com/mosparo/go-cluster/cache/cachetest"
	"github.com/mosparo/go-cluster/cache/internal/alloctest"
	"github.com/mosparo/go-cluster/cache/memoryadapter"
	"github.com/mosparo/go-cluster/cache/php"
)

const (
	text   cache.Key[string]     = "text"
	number cache.Key[int]        = "number"
	when   cache.Key[time.Time]  = "when"
	maybe  cache.Key[*time.Time] = "when"
	css    cache.Key[[]byte]     = "css"
)

// store puts bytes where the pool will find them.
func store(t *testing.T, a cache.Adapter, key, raw string) {
	t.Helper()
	require.NoError(t, a.Set(t.Context(), cache.Item{Key: key, Value: []byte(raw)}))
}

func TestKey_TellsAbsentNullDamagedAndFailedApart(t *testing.T) {
	a := cachetest.NewFaulty(memoryadapter.New())
	pool := cache.NewPool(a)
	get := func() error {
		_, err := when.Get(t.Context(), pool)
		return err
	}
	require.ErrorIs(t, get(), cache.ErrNotFound)

	require.NoError(t, when.SetNull(t.Context(), pool, 0))
	require.ErrorIs(t, get(), cache.ErrNull)
	v, err := maybe.Get(t.Context(), pool)
	require.NoError(t, err)
	require.Nil(t, v)

	for _, raw := range []string{"O:8:\"DateTime\":0:{}", "i:5;", "x", "\x00\x00\x00\x02\x17"} {
		store(t, a, "when", raw)
		var damaged *cache.DecodeError
		require.ErrorAs(t, get(), &damaged, "%q", raw)
		require.Equal(t, "when", damaged.Key)
		require.NotErrorIs(t, get(), cache.ErrNotFound)
	}

	a.Inject(cachetest.Fault{Op: cachetest.OpGet, Err: cache.ErrUnavailable, Times: 1})
	require.ErrorIs(t, get(), cache.ErrUnavailable)

	_, err = cache.Key[int]("a/b").Get(t.Context(), pool)
	var key *cache.KeyError
	require.ErrorAs(t, err, &key)
	require.ErrorAs(t, cache.Key[int]("").Set(t.Context(), pool, 1, 0), &key)
	require.ErrorAs(t, pool.Delete(t.Context(), "a", "b:c"), &key)
}

func TestWrite_SendsNothingUnlessAllCanBeEncoded(t *testing.T) {
	pool := cache.NewPool(memoryadapter.New(), cache.WithMaxValueSize(100))
	var encode *php.EncodeError
	err := cache.Write(t.Context(), pool, text.With("a", 0), cache.Key[any]("f").With(func() {}, 0))
	require.ErrorAs(t, err, &encode)
	require.ErrorIs(t, cache.Write(t.Context(), pool, text.With("a", 0), css.With(make([]byte, 100), 0)), cache.ErrTooLarge)
	require.ErrorIs(t, cache.Write(t.Context(), pool, text.With("a", 0), number.With(1, -time.Second)), cache.ErrInvalidTTL)
	_, err = text.Get(t.Context(), pool)
	require.ErrorIs(t, err, cache.ErrNotFound)
}

func TestPool_LimitsTheSizeOfValuesInBothDirections(t *testing.T) {
	a := memoryadapter.New()
	pool := cache.NewPool(a, cache.WithMaxValueSize(100))
	raw, err := php.Marshal(strings.Repeat("x", 92)) // s:92:"…"; has 100 bytes
	require.NoError(t, err)
	require.Len(t, raw, 100)
	require.NoError(t, text.Set(t.Context(), pool, strings.Repeat("x", 92), 0))
	require.ErrorIs(t, text.Set(t.Context(), pool, strings.Repeat("x", 93), 0), cache.ErrTooLarge)
	v, err := text.Get(t.Context(), pool)
	require.NoError(t, err)
	require.Len(t, v, 92, "the earlier value stays")

	store(t, a, "text", `s:93:"`+strings.Repeat("x", 93)+`";`)
	_, err = text.Get(t.Context(), pool)
	require.ErrorIs(t, err, cache.ErrTooLarge)

	pool = cache.NewPool(a, cache.WithMaxValueSize(0))
	require.ErrorIs(t, css.Set(t.Context(), pool, make([]byte, cache.DefaultMaxValueSize+1), 0), cache.ErrTooLarge, "0 is the default")
	pool = cache.NewPool(a, cache.WithMaxValueSize(math.MaxInt))
	require.NoError(t, css.Set(t.Context(), pool, make([]byte, cache.DefaultMaxValueSize+1), 0))
	got, err := css.Get(t.Context(), pool)
	require.NoError(t, err)
	require.Len(t, got, cache.DefaultMaxValueSize+1)
}

// partial answers one key only.
type partial struct{ *memoryadapter.Adapter }

func (a partial) Get(ctx context.Context, keys ...string) ([][]byte, error) {
	values, err := a.Adapter.Get(ctx, keys...)
	if err != nil || len(keys) == 1 {
		return values, err
	}
	values[1] = nil
	return values, &cache.OpError{Op: "get", Keys: keys[1:2], Err: cache.ErrUnavailable}
}

func TestRead_WithoutATargetSendsNothing(t *testing.T) {
	a := cachetest.NewFake()
	p := cache.NewPool(a)
	var r cache.Result[string]
	for name, target := range map[string]cache.Target{"nil": cache.Key[string]("k").Into(nil), "zero": {}} {
		require.ErrorContains(t, cache.Read(t.Context(), p, cache.Key[string]("other").Into(&r), target), "no result to fill", name)
	}
	require.Zero(t, a.Requests(""))
}

func TestRead_GivesEachKeyItsOwnResult(t *testing.T) {
	pool := cache.NewPool(partial{memoryadapter.New()})
	require.NoError(t, cache.Write(t.Context(), pool, text.With("a", 0), number.With(5, 0), when.WithNull(0)))
	var s cache.Result[string]
	var n cache.Result[int]
	var w cache.Result[time.Time]
	var c cache.Result[[]byte]
	err := cache.Read(t.Context(), pool, text.Into(&s), number.Into(&n), when.Into(&w), css.Into(&c))
	require.ErrorIs(t, err, cache.ErrUnavailable)
	require.Equal(t, cache.Result[string]{Value: "a"}, s)
	require.ErrorIs(t, n.Err, cache.ErrUnavailable)
	require.False(t, n.Missing())
	require.ErrorIs(t, w.Err, cache.ErrNull)
	require.ErrorIs(t, c.Err, cache.ErrNotFound)
	require.True(t, w.Missing() && c.Missing() && s.Present())

	n.Value, s.Value = 7, "stale"
	require.NoError(t, number.Delete(t.Context(), pool))
	require.NoError(t, cache.Read(t.Context(), pool, number.Into(&n)))
	require.Equal(t, 0, n.Value, "an earlier result does not show through")
}

func TestKey_GivesTheCallerBytesOfItsOwn(t *testing.T) {
	pool := cache.NewPool(memoryadapter.New())
	value := []byte("abc")
	require.NoError(t, css.Set(t.Context(), pool, value, 0))
	value[0] = 'x'
	got, err := css.Get(t.Context(), pool)
	require.NoError(t, err)
	require.Equal(t, "abc", string(got))
	got[0] = 'x'
	_ = append(got, "more"...)
	got, err = css.Get(t.Context(), pool)
	require.NoError(t, err)
	require.Equal(t, "abc", string(got))
}

func TestKey_AHitCostsLittleMoreThanTheAdapters(t *testing.T) {
	ctx := t.Context()
	pool := cache.NewPool(memoryadapter.New())
	a := pool.Adapter()
	require.NoError(t, cache.Write(ctx, pool, css.With(bytes.Repeat([]byte("a{b:c}\n"), 20_000/7), 0), when.With(time.Now(), 0)))
	for name, get := range map[string]func() error{
		"css":  func() error { _, err := css.Get(ctx, pool); return err },
		"when": func() error { _, err := when.Get(ctx, pool); return err },
	} {
		adapter := testing.AllocsPerRun(100, func() { _, _ = a.Get(ctx, name) })
		key := testing.AllocsPerRun(100, func() {
			if err := get(); err != nil {
				t.Error(err)
			}
		})
		require.LessOrEqual(t, key, adapter+1, name)
	}
	perGet := alloctest.BytesPerRun(100, func() { _, _ = css.Get(ctx, pool) })
	require.Less(t, perGet, 1.1*20_000, "the value is allocated once")
}

func TestObserver_LabelsEveryErrorOfThePackage(t *testing.T) {
	a := cachetest.NewFake()
	var last cache.Event
	pool := cache.NewPool(a, cache.WithObserver(func(_ context.Context, e cache.Event) { last = e }))
	for err, want := range map[error]string{
		cache.ErrNotFound:                      "miss",
		cache.ErrNull:                          "hit",
		context.Canceled:                       "canceled",
		context.DeadlineExceeded:               "deadline",
		cache.ErrUnavailable:                   "unavailable",
		cache.ErrUnauthorized:                  "unauthorized",
		cache.ErrReadOnly:                      "read_only",
		cache.ErrFull:                          "full",
		cache.ErrTooLarge:                      "too_large",
		cache.ErrInvalidTTL:                    "invalid",
		cache.ErrClosed:                        "closed",
		&cache.KeyError{Key: "a/b"}:            "invalid",
		&php.EncodeError{}:                     "invalid",
		&cache.DecodeError{Err: io.EOF}:        "decode",
		io.ErrUnexpectedEOF:                    "other",
		errors.Join(io.EOF, cache.ErrFull):     "full",
		&cache.OpError{Err: cache.ErrTooLarge}: "too_large",
		errors.Join(cache.ErrUnavailable, context.DeadlineExceeded): "unavailable",
	} {
		heal := a.Fail(err)
		_, got := text.Get(t.Context(), pool)
		require.ErrorIs(t, got, err)
		require.Equal(t, want, last.Result, "%v", err)
		require.Equal(t, want == "hit" || want == "miss", last.Err == nil, "%v", err)
		heal()
	}
}
