package cache_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/mosparo/go-cluster/cache"
	"github.com/mosparo/go-cluster/cache/cachetest"
	"github.com/mosparo/go-cluster/cache/memoryadapter"
	"github.com/mosparo/go-cluster/cache/php"
)

// loader counts its loads, each of which takes a second.
type loader struct {
	loads atomic.Int32
	err   error
}

func (l *loader) load(ctx context.Context) (string, error) {
	n := l.loads.Add(1)
	select {
	case <-time.After(time.Second):
	case <-ctx.Done():
		return "", ctx.Err()
	}
	if l.err != nil {
		return "partial", l.err
	}
	return string(rune('0' + n)), nil
}

func TestFetch_LoadsOnceForAllWhoMiss(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := cachetest.NewFake()
		pool := cache.NewPool(a)
		var l loader
		for range 50 {
			go func() {
				v, err := text.Fetch(t.Context(), pool, time.Minute, l.load)
				if v != "1" || err != nil {
					t.Errorf("%q, %v", v, err)
				}
			}()
		}
		time.Sleep(time.Second)
		synctest.Wait()
		require.EqualValues(t, 1, l.loads.Load())
		require.Equal(t, 1, a.Requests(cachetest.OpSet))

		v, err := text.Fetch(t.Context(), pool, time.Minute, l.load)
		require.NoError(t, err)
		require.Equal(t, "1", v, "a hit loads nothing")
		time.Sleep(time.Minute)
		v, err = text.Fetch(t.Context(), pool, time.Minute, l.load)
		require.NoError(t, err)
		require.Equal(t, "2", v, "the lifetime counts")
	})
}

func TestFetch_LoadsOtherKeysMeanwhile(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		pool := cache.NewPool(memoryadapter.New())
		start := time.Now()
		var all sync.WaitGroup
		for _, k := range []cache.Key[string]{"a", "b", "c"} {
			all.Go(func() {
				_, err := k.Fetch(t.Context(), pool, 0, new(loader).load)
				if err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
		require.Equal(t, time.Second, time.Since(start))
	})
}

// The second has looked before the first stored its load, and heard of it after.
func TestFetch_DoesNotLoadWhatAnotherHasJustStored(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var slow atomic.Bool
		pool := cache.NewPool(&lateReply{memoryadapter.New(), 3 * time.Second, &slow})
		var l loader
		second := make(chan error)
		slow.Store(true)
		go func() {
			_, err := text.Fetch(t.Context(), pool, 0, l.load)
			second <- err
		}()
		synctest.Wait()
		_, err := text.Fetch(t.Context(), pool, 0, l.load)
		require.NoError(t, err)
		require.NoError(t, <-second)
		require.EqualValues(t, 1, l.loads.Load())
	})
}

// lateReply holds back the next answer.
type lateReply struct {
	cache.Adapter
	by   time.Duration
	next *atomic.Bool
}

func (a *lateReply) Get(ctx context.Context, keys ...string) ([][]byte, error) {
	values, err := a.Adapter.Get(ctx, keys...)
	if a.next.CompareAndSwap(true, false) {
		time.Sleep(a.by)
	}
	return values, err
}

func TestFetch_EachWaiterKeepsItsOwnDeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		pool := cache.NewPool(memoryadapter.New())
		var l loader
		first := make(chan error)
		go func() {
			_, err := text.Fetch(t.Context(), pool, 0, l.load)
			first <- err
		}()
		synctest.Wait()
		start := time.Now()
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		defer cancel()
		_, err := text.Fetch(ctx, pool, 0, l.load)
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.Equal(t, 100*time.Millisecond, time.Since(start))
		require.NoError(t, <-first, "the load goes on")
		require.EqualValues(t, 1, l.loads.Load())
	})
}

func TestFetch_AnotherLoadsWhenTheFirstGivesUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		pool := cache.NewPool(memoryadapter.New())
		var l loader
		ctx, cancel := context.WithCancel(t.Context())
		first, second := make(chan error), make(chan string)
		go func() {
			_, err := text.Fetch(ctx, pool, 0, l.load)
			first <- err
		}()
		synctest.Wait()
		for range 3 {
			go func() {
				v, err := text.Fetch(t.Context(), pool, 0, l.load)
				if err != nil {
					t.Error(err)
				}
				second <- v
			}()
		}
		synctest.Wait()
		cancel()
		require.ErrorIs(t, <-first, context.Canceled)
		for range 3 {
			require.Equal(t, "2", <-second)
		}
	})
}

// lateContext is a context whose deadline has been noticed by a connection, say,
// and not yet by the timer of the context.
type lateContext struct {
	context.Context
	end time.Time
}

func (c lateContext) Deadline() (time.Time, bool) { return c.end, true }

func TestFetch_ADeadlineOfTheFirstCallerIsOnlyItsOwn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		pool := cache.NewPool(memoryadapter.New())
		timeout := errors.New("i/o timeout")
		first := make(chan error, 1)
		go func() {
			ctx := lateContext{t.Context(), time.Now().Add(time.Second)}
			_, err := text.Fetch(ctx, pool, 0, func(context.Context) (string, error) {
				time.Sleep(time.Second)
				return "", timeout
			})
			first <- err
		}()
		synctest.Wait()
		v, err := text.Fetch(t.Context(), pool, 0, func(context.Context) (string, error) { return "second", nil })
		require.NoError(t, err)
		require.Equal(t, "second", v)
		require.ErrorIs(t, <-first, timeout)
	})
}

// lastAnswer ends a context with its answer.
type lastAnswer struct {
	cache.Adapter
	end func()
}

func (a lastAnswer) Get(ctx context.Context, keys ...string) ([][]byte, error) {
	defer a.end()
	return a.Adapter.Get(ctx, keys...)
}

func TestFetch_AMissOfAContextThatHasEndedIsThatOfTheContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	var l loader
	_, err := text.Fetch(ctx, cache.NewPool(lastAnswer{memoryadapter.New(), cancel}), 0, l.load)
	require.ErrorIs(t, err, context.Canceled)
	require.NotErrorIs(t, err, cache.ErrNotFound)
	require.Zero(t, l.loads.Load())
}

func TestFetch_SharesAnErrorAndKeepsNone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := cachetest.NewFake()
		pool := cache.NewPool(a)
		broken := errors.New("broken")
		l := loader{err: broken}
		var all sync.WaitGroup
		for range 5 {
			all.Go(func() {
				v, err := text.Fetch(t.Context(), pool, 0, l.load)
				if v != "" || !errors.Is(err, broken) {
					t.Errorf("%q, %v", v, err)
				}
			})
		}
		all.Wait()
		require.EqualValues(t, 1, l.loads.Load())
		require.Zero(t, a.Requests(cachetest.OpSet))
		l.err = nil
		v, err := text.Fetch(t.Context(), pool, 0, l.load)
		require.NoError(t, err)
		require.Equal(t, "2", v)
	})
}

func TestFetch_APanickingLoadPoisonsNothing(t *testing.T) {
	for name, end := range map[string]func(){
		"panic":  func() { panic("load") },
		"Goexit": runtime.Goexit,
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var results []string
				pool := cache.NewPool(memoryadapter.New(), cache.WithObserver(func(_ context.Context, e cache.Event) {
					if e.Op == cache.OpLoad {
						results = append(results, e.Result)
					}
				}))
				caught := make(chan any, 1)
				go func() {
					defer func() { caught <- recover() }()
					_, _ = text.Fetch(t.Context(), pool, 0, func(context.Context) (string, error) {
						time.Sleep(time.Second)
						end()
						return "", nil
					})
				}()
				synctest.Wait()
				waiters := make(chan error)
				for range 3 {
					go func() {
						_, err := text.Fetch(t.Context(), pool, 0, new(loader).load)
						waiters <- err
					}()
				}
				for range 3 {
					require.ErrorIs(t, <-waiters, cache.ErrLoadPanicked)
				}
				if r := <-caught; name == "panic" {
					require.Equal(t, "load", r, "the panic is not swallowed")
				}
				v, err := text.Fetch(t.Context(), pool, 0, new(loader).load)
				require.NoError(t, err)
				require.Equal(t, "1", v)
				require.Equal(t, []string{"load", "ok"}, results)
			})
		})
	}
}

func TestFetch_GivesEveryoneAValueOfHisOwn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		pool := cache.NewPool(memoryadapter.New())
		values := make(chan []byte, 10)
		for range 10 {
			go func() {
				v, err := css.Fetch(t.Context(), pool, 0, func(context.Context) ([]byte, error) {
					time.Sleep(time.Second)
					return []byte("css"), nil
				})
				if err != nil || string(v) != "css" {
					t.Errorf("%q, %v", v, err)
				}
				for i := range v { // a race if it were shared
					v[i] = 'x'
				}
				values <- v
			}()
		}
		for range 10 {
			require.Equal(t, "xxx", string(<-values))
		}
		v, err := css.Get(t.Context(), pool)
		require.NoError(t, err)
		require.Equal(t, "css", string(v))
	})
}

func TestFetch_ACacheThatFailsDoesNotStandInTheWay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := cachetest.NewFake()
		pool := cache.NewPool(a, cache.WithMaxValueSize(1000))
		heal := a.Down()
		v, err := text.Fetch(t.Context(), pool, 0, new(loader).load)
		require.NoError(t, err)
		require.Equal(t, "1", v)
		require.Zero(t, a.Requests(cachetest.OpSet), "a cache that was not there a moment ago is not asked again")
		heal()

		a.Inject(cachetest.Fault{Op: cachetest.OpSet, Err: cache.ErrReadOnly, Times: 1})
		v, err = text.Fetch(t.Context(), pool, 0, new(loader).load)
		require.NoError(t, err)
		require.Equal(t, "1", v)

		big, err := css.Fetch(t.Context(), pool, 0, func(context.Context) ([]byte, error) { return make([]byte, 2000), nil })
		require.NoError(t, err)
		require.Len(t, big, 2000)
		_, err = css.Get(t.Context(), pool)
		require.ErrorIs(t, err, cache.ErrNotFound)

		for _, raw := range []string{"N;", "i:5;", "x"} {
			store(t, a, "text", raw)
			v, err = text.Fetch(t.Context(), pool, 0, new(loader).load)
			require.NoError(t, err)
			require.Equal(t, "1", v)
			v, err = text.Get(t.Context(), pool)
			require.NoError(t, err)
			require.Equal(t, "1", v, "what could not be used is replaced")
		}
	})
}

func TestFetch_RefusesWithoutLoading(t *testing.T) {
	a := memoryadapter.New()
	pool := cache.NewPool(a)
	load := func(context.Context) (string, error) { t.Error("loads"); return "", nil }
	_, err := text.Fetch(t.Context(), pool, -1, load)
	require.ErrorIs(t, err, cache.ErrInvalidTTL)
	var key *cache.KeyError
	_, err = cache.Key[string]("a:b").Fetch(t.Context(), pool, 0, load)
	require.ErrorAs(t, err, &key)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = text.Fetch(ctx, pool, 0, load)
	require.ErrorIs(t, err, context.Canceled)
	require.NoError(t, a.Close())
	_, err = text.Fetch(t.Context(), pool, 0, load)
	require.ErrorIs(t, err, cache.ErrClosed)

	var encode *php.EncodeError
	_, err = cache.Key[func()]("f").Fetch(t.Context(), cache.NewPool(memoryadapter.New()), 0, func(context.Context) (func(), error) { return func() {}, nil })
	require.ErrorAs(t, err, &encode)
}

// Many callers with every kind of failure: no caller hangs, and no two loads of one
// key run at a time.
func TestFetch_InACrowd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := cachetest.NewFake()
		pool := cache.NewPool(a)
		var running, loads atomic.Int32
		load := func(n int) func(ctx context.Context) (int, error) {
			return func(ctx context.Context) (int, error) {
				if running.Add(1) != 1 {
					t.Error("two loads of one key")
				}
				defer running.Add(-1)
				loads.Add(1)
				select {
				case <-time.After(time.Duration(20+n%7)*time.Millisecond + time.Duration(n)):
				case <-ctx.Done():
					return 0, ctx.Err()
				}
				switch n % 5 {
				case 0:
					panic("load")
				case 1:
					return 0, errors.New("broken")
				}
				return n, nil
			}
		}
		var all sync.WaitGroup
		for n := range 200 {
			all.Go(func() {
				defer func() { _ = recover() }()
				time.Sleep(time.Duration(n) * 3 * time.Millisecond)
				ctx, cancel := context.WithTimeout(t.Context(), time.Duration(5+n%31)*time.Millisecond+time.Duration(n))
				defer cancel()
				start := time.Now()
				_, _ = number.Fetch(ctx, pool, 10*time.Millisecond, load(n))
				if end, _ := ctx.Deadline(); time.Now().After(end) {
					t.Errorf("%d returned after %v", n, time.Since(start))
				}
			})
		}
		all.Wait()
		require.Greater(t, loads.Load(), int32(20))
	})
}

func ExampleKey_Fetch() {
	pool := cache.NewPool(memoryadapter.New())
	const rules cache.Key[map[string]int] = "mosparoGoRules"
	v, err := rules.Fetch(context.Background(), pool, time.Hour, func(context.Context) (map[string]int, error) {
		return map[string]int{"from the database": 1}, nil
	})
	fmt.Println(v, err)
	// Output: map[from the database:1] <nil>
}
