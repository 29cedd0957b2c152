package redislocker_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/bsm/redislock"
	"github.com/go-redsync/redsync/v4"
	"github.com/go-redsync/redsync/v4/redis/goredis/v9"
	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"github.com/mosparo/go-cluster/cache/cachetest/servers"
	"github.com/mosparo/go-cluster/lock"
	"github.com/mosparo/go-cluster/lock/internal/history"
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

// What an acquire and a release cost beside bare redislock, which draws no
// fence, renews nothing and has no deadline of its own.
func TestCost_OfALeaseWithItsFence(t *testing.T) {
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

	more := testing.AllocsPerRun(200, func() { ours.once(t) }) - testing.AllocsPerRun(200, func() { bare.once(t) })
	t.Logf("%.0f allocations more than bare redislock", more)
	require.LessOrEqual(t, more, 34.0, "with the JSON of the owner, and what the race detector adds")
}

// All contenders in turn, so that what else the machine does meets all of them;
// the figures are medians.
func BenchmarkAcquireRelease(b *testing.B) {
	all := contenders(b, benchClient(b))
	for _, c := range all {
		c.once(b)
	}
	spent := make([][]time.Duration, len(all))
	b.ResetTimer()
	for range b.N {
		for i, c := range all {
			began := time.Now()
			c.once(b)
			spent[i] = append(spent[i], time.Since(began))
		}
	}
	medians := make([]time.Duration, len(all))
	for i, s := range spent {
		slices.Sort(s)
		medians[i] = s[len(s)/2]
	}
	report(b, all, medians)
}

func benchClient(b *testing.B) *redis.Client {
	c := redis.NewClient(&redis.Options{Addr: servers.Redis(b).Addr(), ContextTimeoutEnabled: true, MaxRetries: -1, PoolSize: 64})
	b.Cleanup(func() { require.NoError(b, c.Close()) })
	return c
}

func report(b *testing.B, all []contender, spent []time.Duration) {
	b.ReportMetric(0, "ns/op") // that of all together says nothing
	for i, c := range all {
		b.ReportMetric(float64(spent[i].Nanoseconds())/1000, c.name+"-µs")
	}
	b.ReportMetric(float64(spent[0])/float64(spent[1]), "ours/redislock")
}

// 64 callers wait for one name and hold it for a millisecond each: the time
// from one to the next until all have had it.
func BenchmarkHandover(b *testing.B) {
	const waiters = 64
	all := contenders(b, benchClient(b))
	spent := make([]time.Duration, len(all))
	for range b.N {
		for i, c := range all {
			spent[i] += drain(b, c, waiters)
		}
	}
	for i := range spent {
		spent[i] /= time.Duration(waiters * b.N)
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

// crowd lets callers hold a name in turn for so long, and returns how often
// each had it.
func crowd(tb testing.TB, c contender, callers int, long time.Duration) []float64 {
	tb.Helper()
	end := time.Now().Add(long)
	ctx, cancel := context.WithDeadline(tb.Context(), end)
	defer cancel()
	shares := make([]float64, callers)
	var all sync.WaitGroup
	var failed atomic.Value
	for i := range shares {
		all.Go(func() {
			for ctx.Err() == nil {
				release, err := c.take(ctx, true)
				if err != nil {
					if time.Until(end) > 10*time.Millisecond { // sockets have their own clock
						failed.Store(err)
					}
					return
				}
				time.Sleep(time.Millisecond)
				shares[i]++
				if err := release(context.WithoutCancel(ctx)); err != nil {
					failed.Store(err)
					return
				}
			}
		})
	}
	all.Wait()
	if err := failed.Load(); err != nil {
		tb.Fatal(c.name, err)
	}
	return shares
}

func TestAcquire_IsFairInsideAProcess(t *testing.T) {
	shares := crowd(t, contenders(t, connect(t, servers.Redis(t).Addr()))[0], 64, 2*time.Second)
	jain := history.Jain(shares)
	t.Logf("Jain %.4f", jain)
	require.GreaterOrEqual(t, jain, 0.95)
	require.NotContains(t, shares, 0.0, "nobody starves")
}

// Eight processes with eight callers each; the children are this test binary.
func TestAcquire_IsFairBetweenProcesses(t *testing.T) {
	if addr := os.Getenv("REDISLOCKER_FAIR"); addr != "" {
		l := lock.New(redislocker.New(connect(t, addr)), lock.WithPoll(5*time.Millisecond))
		defer l.Close()
		ours := contender{"ours", func(ctx context.Context, _ bool) (func(context.Context) error, error) {
			lease, err := l.Acquire(ctx, "fair", lock.WithWait(-1))
			if err != nil {
				return nil, err
			}
			return lease.Release, nil
		}}
		fmt.Println("ready")
		_, _ = fmt.Scanln() // until all are
		var sum float64
		for _, n := range crowd(t, ours, 8, 4*time.Second) {
			sum += n
		}
		fmt.Println("SHARE", sum)
		return
	}
	if testing.Short() {
		t.Skip("takes some seconds")
	}
	s := servers.Redis(t)
	const processes = 8
	type child struct {
		cmd *exec.Cmd
		in  io.WriteCloser
		out *bufio.Scanner
	}
	var children []child
	for range processes {
		cmd := exec.Command(os.Args[0], "-test.run=^TestAcquire_IsFairBetweenProcesses$", "-test.v")
		cmd.Env = append(os.Environ(), "REDISLOCKER_FAIR="+s.Addr())
		in, err := cmd.StdinPipe()
		require.NoError(t, err)
		out, err := cmd.StdoutPipe()
		require.NoError(t, err)
		require.NoError(t, cmd.Start())
		c := child{cmd, in, bufio.NewScanner(out)}
		for c.out.Scan() && c.out.Text() != "ready" {
		}
		children = append(children, c)
	}
	for _, c := range children {
		_, err := fmt.Fprintln(c.in)
		require.NoError(t, err)
	}
	shares := make([]float64, processes)
	for i, c := range children {
		for c.out.Scan() {
			_, _ = fmt.Sscanf(c.out.Text(), "SHARE %f", &shares[i])
		}
		require.NoError(t, c.cmd.Wait())
	}
	jain := history.Jain(shares)
	t.Logf("Jain %.4f of %v", jain, shares)
	require.GreaterOrEqual(t, jain, 0.9)
	require.NotContains(t, shares, 0.0, "nobody starves")
}
