package redislocker_test

import (
	"context"
	"math"
	"sync"
	"testing"
	"time"

	"github.com/bsm/redislock"
	"github.com/go-redsync/redsync/v4"
	"github.com/go-redsync/redsync/v4/redis/goredis/v9"
	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"github.com/mosparo/go-cluster/cache/cachetest"
	"github.com/mosparo/go-cluster/cache/cachetest/servers"
	"github.com/mosparo/go-cluster/lock"
	"github.com/mosparo/go-cluster/lock/locktest"
	"github.com/mosparo/go-cluster/lock/redislocker"
)

// contender is a way to lock on Redis. take tries once without wait, else it
// waits for a held name: ours with its default, redislock every 100 ms as its
// examples do, the others as often as ours.
type contender struct {
	name string
	take func(ctx context.Context, wait bool) (release func(context.Context) error, err error)
}

const benchTTL = 30 * time.Second

func contenders(tb testing.TB, c *redis.Client) []contender {
	tb.Helper()
	l := lock.New(redislocker.New(c), lock.WithDefaults(lock.WithTTL(benchTTL)))
	tb.Cleanup(l.Close)
	sync := redsync.New(goredis.NewPool(c))
	release := redis.NewScript(`if redis.call("GET", KEYS[1]) == ARGV[1] then return redis.call("DEL", KEYS[1]) end return 0`)
	return []contender{
		{"ours", func(ctx context.Context, wait bool) (func(context.Context) error, error) {
			var opts []lock.AcquireOption
			if wait {
				opts = append(opts, lock.WithWait(-1))
			}
			lease, err := l.Acquire(ctx, "bench", opts...)
			if err != nil {
				return nil, err
			}
			return lease.Release, nil
		}},
		{"redislock", func(ctx context.Context, wait bool) (func(context.Context) error, error) {
			var o *redislock.Options
			if wait {
				o = &redislock.Options{RetryStrategy: redislock.LinearBackoff(100 * time.Millisecond)}
			}
			held, err := redislock.Obtain(ctx, c, "bench-redislock", benchTTL, o)
			if err != nil {
				return nil, err
			}
			return held.Release, nil
		}},
		{"redsync", func(ctx context.Context, wait bool) (func(context.Context) error, error) {
			tries := 1
			if wait {
				tries = 10000
			}
			m := sync.NewMutex("bench-redsync", redsync.WithExpiry(benchTTL), redsync.WithTries(tries), redsync.WithRetryDelay(50*time.Millisecond))
			return func(ctx context.Context) error { _, err := m.UnlockContext(ctx); return err }, m.LockContext(ctx)
		}},
		{"setnx", func(ctx context.Context, wait bool) (func(context.Context) error, error) {
			token := string(locktest.NewToken())
			for {
				ok, err := c.SetNX(ctx, "bench-setnx", token, benchTTL).Result()
				if err != nil {
					return nil, err
				}
				if ok {
					return func(ctx context.Context) error {
						return release.Run(ctx, c, []string{"bench-setnx"}, token).Err()
					}, nil
				}
				if !wait {
					return nil, lock.ErrHeld
				}
				time.Sleep(50 * time.Millisecond)
			}
		}},
	}
}

func (c contender) once(tb testing.TB) {
	release, err := c.take(tb.Context(), false)
	if err == nil {
		err = release(tb.Context())
	}
	if err != nil {
		tb.Fatal(c.name, err)
	}
}

func TestAcquireRelease_TakesTheRoundTripsOfRedislock(t *testing.T) {
	c := connect(t, servers.Redis(t).Addr())
	all := contenders(t, c)
	for _, each := range all {
		each.once(t) // loads the scripts
	}
	var r roundTrips
	c.AddHook(&r)
	trips := func(f func()) int64 {
		before := r.n.Load()
		f()
		return r.n.Load() - before
	}
	ours, bare := all[0], all[1]
	require.EqualValues(t, 2, trips(func() { ours.once(t) }))
	require.EqualValues(t, 2, trips(func() { bare.once(t) }))

	release, err := ours.take(t.Context(), false)
	require.NoError(t, err)
	other := contenders(t, c)[0] // another process
	require.EqualValues(t, 1, trips(func() {
		_, err := other.take(t.Context(), false)
		require.ErrorIs(t, err, lock.ErrHeld)
	}))
	require.Zero(t, trips(func() {
		_, err := ours.take(t.Context(), false)
		require.ErrorIs(t, err, lock.ErrHeld)
	}), "this process knows that it holds the name")
	require.NoError(t, release(t.Context()))
}

// ways are a lock of one holder: with bare redislock, with this package alone,
// and with a Locker over it.
func ways(tb testing.TB, c *redis.Client) []cachetest.Way {
	tb.Helper()
	l := lock.New(redislocker.New(c), lock.WithDefaults(lock.WithTTL(benchTTL)))
	tb.Cleanup(l.Close)
	b := redislocker.New(c)
	ctx := tb.Context()
	return []cachetest.Way{
		{Name: "redislock", Do: func() error {
			held, err := redislock.Obtain(ctx, c, "bench-redislock", benchTTL, nil)
			if err != nil {
				return err
			}
			return held.Release(ctx)
		}},
		{Name: "redislocker", Do: func() error {
			claim := lock.Claim{Token: locktest.NewToken(), Owner: lock.Owner{Host: "host.example", PID: 4711, Since: time.Now()}}
			if _, err := b.Acquire(ctx, "bench-backend", claim, benchTTL); err != nil {
				return err
			}
			return b.Release(ctx, "bench-backend", claim.Token)
		}},
		{Name: "Locker", Do: func() error {
			lease, err := l.Acquire(ctx, "bench-locker")
			if err != nil {
				return err
			}
			return lease.Release(ctx)
		}},
	}
}

// redislock draws no fence and stores no owner, redislocker alone has no deadline
// of its own, and neither renews.
func TestAcquireRelease_AllocatesLittleMoreThanWhatIsBelow(t *testing.T) {
	all := ways(t, connect(t, servers.Redis(t).Addr()))
	allocs := make([]float64, len(all))
	for i, w := range all {
		require.NoError(t, w.Do()) // loads the scripts
		allocs[i] = math.Inf(1)
		for range 5 { // pools are emptied now and then
			allocs[i] = min(allocs[i], testing.AllocsPerRun(50, func() { _ = w.Do() }))
		}
	}
	t.Logf("redislock %.0f, redislocker %.0f, Locker %.0f", allocs[0], allocs[1], allocs[2])
	require.LessOrEqual(t, allocs[1], allocs[0]+10+raceSlack)
	require.LessOrEqual(t, allocs[2], allocs[1]+4+raceSlack)
}

func BenchmarkAcquireRelease(b *testing.B) {
	all := ways(b, benchClient(b))
	cachetest.Compare(b, "BesideRedislock", all...)
	cachetest.Compare(b, "LockerBesideItsBackend", all[1:]...)
}

func benchClient(b *testing.B) *redis.Client {
	c := redis.NewClient(&redis.Options{Addr: servers.Redis(b).Addr(), ContextTimeoutEnabled: true, MaxRetries: -1, PoolSize: 64})
	b.Cleanup(func() { require.NoError(b, c.Close()) })
	return c
}

func report(b *testing.B, all []contender, spent []time.Duration) {
	b.ReportMetric(0, "ns/op") // that of all together says nothing
	for i, c := range all {
		b.ReportMetric(float64(spent[i]), c.name+"-ns")
	}
	b.ReportMetric(float64(spent[0])/float64(spent[1]), "ours/redislock")
}

// 64 callers wait for one name and hold it for a millisecond each: the time
// from one to the next until all have had it. It runs once, for some seconds.
func BenchmarkHandover(b *testing.B) {
	const waiters = 64
	all := contenders(b, benchClient(b))
	spent := make([]time.Duration, len(all))
	for i, c := range all {
		spent[i] = drain(b, c, waiters) / waiters
	}
	report(b, all, spent)
}

// drain lets callers wait for a name that is held, and returns how long it
// takes from its release until each has held it once.
func drain(tb testing.TB, c contender, waiters int) time.Duration {
	tb.Helper()
	first, err := c.take(tb.Context(), false)
	if err != nil {
		tb.Fatal(c.name, err)
	}
	var all sync.WaitGroup
	for range waiters {
		all.Go(func() {
			release, err := c.take(tb.Context(), true)
			if err == nil {
				time.Sleep(time.Millisecond)
				err = release(tb.Context())
			}
			if err != nil {
				tb.Error(c.name, err)
			}
		})
	}
	time.Sleep(300 * time.Millisecond) // all have begun to wait
	began := time.Now()
	if err := first(tb.Context()); err != nil {
		tb.Fatal(c.name, err)
	}
	all.Wait()
	return time.Since(began)
}
