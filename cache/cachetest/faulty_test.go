package cachetest_test

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

func TestFaulty_ConformsWithoutFaults(t *testing.T) {
	cachetest.Conformance(t, func(*testing.T) cache.Adapter {
		return cachetest.NewFake(memoryadapter.WithOwned(cachetest.KeyPatterns()...))
	},
		cachetest.WithResolution(10*time.Millisecond))
}

func item(k, v string) cache.Item { return cache.Item{Key: k, Value: []byte(v)} }

func TestFaulty_FailsTheRequestsThatMatch(t *testing.T) {
	ctx, f, boom := t.Context(), cachetest.NewFake(), errors.New("boom")
	remove := f.Inject(cachetest.Fault{Op: cachetest.OpGet, Key: "a", Err: boom})

	require.NoError(t, f.Set(ctx, item("a", "1"), item("b", "2")))
	_, err := f.Get(ctx, "b", "a")
	require.ErrorIs(t, err, boom)
	var op *cache.OpError
	require.ErrorAs(t, err, &op)
	require.Equal(t, []string{"b", "a"}, op.Keys)
	_, err = f.Get(ctx, "b")
	require.NoError(t, err)

	remove()
	_, err = f.Get(ctx, "a")
	require.NoError(t, err)
	require.Equal(t, 3, f.Requests(cachetest.OpGet))
	require.Equal(t, 4, f.Requests(""))
}

func TestFaulty_EndsAFaultAfterItsTimes(t *testing.T) {
	ctx, f, boom := t.Context(), cachetest.NewFake(), errors.New("boom")
	f.Inject(cachetest.Fault{Err: boom, Times: 2})
	for i := range 4 {
		require.Equal(t, i < 2, errors.Is(f.Set(ctx, item("a", "1")), boom), i)
	}
}

func TestFaulty_AsksMatchOncePerRequest(t *testing.T) {
	ctx, f, n := t.Context(), cachetest.NewFake(), 0
	f.Inject(cachetest.Fault{Err: errors.New("boom"), Match: func(cachetest.Op, []string) bool { n++; return n%2 == 0 }})
	require.NoError(t, f.Set(ctx, item("a", "1")))
	require.Error(t, f.Set(ctx, item("a", "1")))
	require.NoError(t, f.Set(ctx, item("a", "1")))
}

func TestFaulty_TellsALostWriteFromALostReply(t *testing.T) {
	ctx, f := t.Context(), cachetest.NewFake()
	f.Inject(cachetest.Fault{Op: cachetest.OpSet, Key: "lost", Lost: true})
	f.Inject(cachetest.Fault{Op: cachetest.OpSet, Key: "done", ReplyLost: cache.ErrUnavailable})
	require.NoError(t, f.Set(ctx, item("lost", "x")))
	require.ErrorIs(t, f.Set(ctx, item("done", "x")), cache.ErrUnavailable)
	v, err := f.Get(ctx, "lost", "done")
	require.NoError(t, err)
	require.Nil(t, v[0])
	require.Equal(t, "x", string(v[1]))
}

func TestFaulty_DelaysInABubble(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := cachetest.NewFake()
		f.Inject(cachetest.Fault{Delay: 5 * time.Second})
		start := time.Now()
		require.NoError(t, f.Set(t.Context(), item("a", "1")))
		require.Equal(t, 5*time.Second, time.Since(start))

		for _, wait := range []time.Duration{time.Second, 5 * time.Second} {
			ctx, cancel := context.WithTimeout(t.Context(), wait)
			start = time.Now()
			require.ErrorIs(t, f.Set(ctx, item("a", "2")), context.DeadlineExceeded)
			require.Equal(t, wait, time.Since(start))
			cancel()
		}
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(time.Second, cancel)
		require.ErrorIs(t, f.Set(ctx, item("a", "3")), context.Canceled)

		f.Heal()
		v, err := f.Get(t.Context(), "a")
		require.NoError(t, err)
		require.Equal(t, "1", string(v[0]), "a request that ran out of time is not done")
	})
}

func TestFaulty_ExpiresAndFlushes(t *testing.T) {
	ctx, f := t.Context(), cachetest.NewFake()
	require.NoError(t, f.Set(ctx, item("a", "1"), item("b", "2"), item("c", "3")))
	f.Expire("a")
	v, err := f.Get(ctx, "a", "b")
	require.NoError(t, err)
	require.Nil(t, v[0])
	require.NotNil(t, v[1])
	require.NoError(t, f.Flush())
	v, err = f.Get(ctx, "b", "c")
	require.NoError(t, err)
	require.Nil(t, v[0])
	require.Nil(t, v[1])
}

func ExampleFaulty() {
	ctx := context.Background()
	fake := cachetest.NewFake()
	heal := fake.Down()
	_, err := fake.Get(ctx, "mosparoNextCleanup")
	fmt.Println(errors.Is(err, cache.ErrUnavailable))
	heal()
	_, err = fake.Get(ctx, "mosparoNextCleanup")
	fmt.Println(err)
	// Output:
	// true
	// <nil>
}
