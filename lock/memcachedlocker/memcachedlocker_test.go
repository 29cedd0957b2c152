package memcachedlocker_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/bradfitz/gomemcache/memcache"
	"github.com/stretchr/testify/require"

	"github.com/mosparo/go-cluster/cache/cachetest/servers"
	"github.com/mosparo/go-cluster/lock"
	"github.com/mosparo/go-cluster/lock/locktest"
	"github.com/mosparo/go-cluster/lock/memcachedlocker"
)

func connect(t testing.TB, addr string) *memcache.Client {
	t.Helper()
	c := memcache.New(addr)
	c.Timeout, c.MaxIdleConns = 2*time.Second, 16
	t.Cleanup(func() { require.NoError(t, c.Close()) })
	return c
}

func acquire(t *testing.T, b *memcachedlocker.Backend, name string, ttl time.Duration) (token lock.Token, fence uint64) {
	t.Helper()
	token = locktest.NewToken()
	fence, err := b.Acquire(t.Context(), name, lock.Claim{Token: token}, ttl)
	require.NoError(t, err)
	return token, fence
}

func TestConformance(t *testing.T) {
	t.Parallel()
	c := connect(t, servers.Memcached(t).Addr())
	locktest.Conformance(t, func(*testing.T) lock.Backend { return memcachedlocker.New(c) })
}

// memcached's clock has whole seconds; what it was asked to keep must last
// nevertheless, whenever in a second it was stored.
func TestLease_LastsAlthoughMemcachedCountsSeconds(t *testing.T) {
	t.Parallel()
	b := memcachedlocker.New(connect(t, servers.Memcached(t).Addr()))
	const ttl = time.Second
	lasts := func(name string) error {
		began := time.Now()
		_, err := b.Acquire(t.Context(), name, lock.Claim{Token: locktest.NewToken()}, ttl)
		for err == nil && time.Since(began) < ttl+10*time.Second {
			_, err = b.Holder(t.Context(), name)
			time.Sleep(20 * time.Millisecond)
		}
		if !errors.Is(err, lock.ErrNotHeld) {
			return fmt.Errorf("it does not end: %w", err)
		}
		if since := time.Since(began); since < ttl {
			return fmt.Errorf("it ended after %v", since)
		}
		return nil
	}
	var all sync.WaitGroup
	for i := range 12 {
		all.Go(func() {
			time.Sleep(time.Duration(i) * 83 * time.Millisecond) // at another part of the server's second
			if err := lasts(strconv.Itoa(i)); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
}

// A tick of memcached's clock may come late, and the clock then goes on by two
// seconds: an item that was stored just before dies two seconds early.
func TestLease_LastsAlthoughATickOfMemcachedComesLate(t *testing.T) {
	t.Parallel()
	const ttl, late = time.Second, 800 * time.Millisecond
	round := func(t *testing.T) {
		s := servers.Memcached(t)
		b := memcachedlocker.New(connect(t, s.Addr()))
		var all sync.WaitGroup
		s.Pause()
		for i := range 8 {
			all.Go(func() {
				name := fmt.Sprint(i)
				began := time.Now()
				_, err := b.Acquire(t.Context(), name, lock.Claim{Token: locktest.NewToken()}, ttl)
				for err == nil && time.Since(began) < late+ttl+5*time.Second {
					time.Sleep(20 * time.Millisecond)
					_, err = b.Holder(t.Context(), name)
				}
				if since := time.Since(began); !errors.Is(err, lock.ErrNotHeld) || since < ttl {
					t.Errorf("it ended after %v: %v", since, err)
				}
			})
		}
		time.Sleep(late)
		s.Resume()
		all.Wait()
	}
	var all sync.WaitGroup
	for i := range 3 {
		all.Go(func() {
			time.Sleep(time.Duration(i) * 250 * time.Millisecond) // at another part of the server's second
			t.Run(fmt.Sprint(i), round)
		})
	}
	all.Wait()
}

func TestFences_RiseWhileTheCounterIsKept(t *testing.T) {
	c := connect(t, servers.Memcached(t).Addr())
	b := memcachedlocker.New(c)
	var last uint64
	for i := range 20 {
		token, fence := acquire(t, b, "n", time.Minute)
		require.Greater(t, fence, last)
		last = fence
		if i == 10 { // as if by a node whose clock is ahead
			last += uint64(time.Hour / time.Microsecond)
			ahead := fmt.Sprintf(`{"fence":%d,"token":%q}`, last, token)
			require.NoError(t, c.Set(&memcache.Item{Key: "mosparoGoLockFence-n", Value: []byte(ahead)}))
		}
		if i%2 == 0 {
			require.NoError(t, b.Release(t.Context(), "n", token))
		} else {
			require.NoError(t, b.Break(t.Context(), "n"))
		}
	}
}

func TestLease_EndsWhenTheServerIsStartedAgain(t *testing.T) {
	t.Parallel()
	s := servers.Memcached(t)
	b := memcachedlocker.New(connect(t, s.Addr()))
	l := lock.New(b)
	defer l.Close()
	lease, err := l.Acquire(t.Context(), "n", lock.WithTTL(1500*time.Millisecond))
	require.NoError(t, err)
	s.Restart()
	select {
	case <-lease.Context().Done():
		require.ErrorIs(t, context.Cause(lease.Context()), lock.ErrLost)
	case <-time.After(10 * time.Second):
		t.Fatal("the lease goes on")
	}
	require.ErrorIs(t, lease.Release(t.Context()), lock.ErrLost)
}

func TestLease_IsLostWhenTheServerEvictsIt(t *testing.T) {
	c := connect(t, servers.Memcached(t, "-m", "2").Addr())
	b := memcachedlocker.New(c)
	token, _ := acquire(t, b, "n", time.Hour)
	acquire(t, b, "m", time.Hour)
	like, err := c.Get("mosparoGoLock-m") // to get the other would make it young again
	require.NoError(t, err)
	for i := range 10_000 { // items of the same size, keys included
		require.NoError(t, c.Set(&memcache.Item{Key: fmt.Sprintf("filler-%08d", i), Value: like.Value}))
	}
	other := locktest.NewToken()
	_, err = b.Acquire(t.Context(), "n", lock.Claim{Token: other}, time.Hour)
	require.NoError(t, err, "the server has evicted it")
	require.ErrorIs(t, b.Renew(t.Context(), "n", token, time.Hour), lock.ErrLost)
	require.ErrorIs(t, b.Release(t.Context(), "n", token), lock.ErrLost)
	require.NoError(t, b.Release(t.Context(), "n", other))
}

func TestLease_EndsByItsOwnDeadlineWhenTheServerIsSilent(t *testing.T) {
	t.Parallel()
	s := servers.Memcached(t)
	c := connect(t, s.Addr())
	c.Timeout = 200 * time.Millisecond
	l := lock.New(memcachedlocker.New(c))
	defer l.Close()
	lease, err := l.Acquire(t.Context(), "n", lock.WithTTL(1500*time.Millisecond))
	require.NoError(t, err)
	s.Pause()
	defer s.Resume()
	<-lease.Context().Done()
	require.ErrorIs(t, lease.Err(), lock.ErrLost)
}

func TestLocker_OverMemcached(t *testing.T) {
	addr := servers.Memcached(t).Addr()
	faulty := locktest.NewFaulty(memcachedlocker.New(connect(t, addr)))
	one, other := lock.New(faulty), lock.New(memcachedlocker.New(connect(t, addr)))
	defer one.Close()
	defer other.Close()
	ctx := t.Context()
	lease, err := one.Acquire(ctx, "job", lock.WithLabel("first"))
	require.NoError(t, err)
	_, err = other.Acquire(ctx, "job")
	var held *lock.HeldError
	require.ErrorAs(t, err, &held)
	require.Equal(t, os.Getpid(), held.Owner.PID)
	h, err := other.Holder(ctx, "job")
	require.NoError(t, err)
	require.Equal(t, "first", h.Owner.Label)
	require.Equal(t, lease.Fence(), h.Fence)
	require.NoError(t, lease.Renew(ctx))
	require.NoError(t, lease.Release(ctx))

	faulty.LoseReply(locktest.OpAcquire)
	_, err = one.Acquire(ctx, "job")
	require.ErrorIs(t, err, lock.ErrUnavailable)
	second, err := other.Acquire(ctx, "job", lock.WithWait(10*time.Second))
	require.NoError(t, err, "what was granted without an answer was given back")
	require.NoError(t, other.Break(ctx, "job"))
	require.ErrorIs(t, second.Renew(ctx), lock.ErrLost)
	for _, err := range other.Holders(ctx) {
		require.ErrorIs(t, err, errors.ErrUnsupported)
	}
}

func TestTTL_IsOneThatMemcachedCanKeep(t *testing.T) {
	b := memcachedlocker.New(connect(t, servers.Memcached(t).Addr()))
	token, _ := acquire(t, b, "n", 30*24*time.Hour-2*time.Second)
	require.NoError(t, b.Renew(t.Context(), "n", token, 30*24*time.Hour-2*time.Second))
	_, err := b.Holder(t.Context(), "n")
	require.NoError(t, err)
	for _, ttl := range []time.Duration{0, -1, 30*24*time.Hour - 2*time.Second + 1, 1<<63 - 1} {
		var wrong *lock.ArgumentError
		require.ErrorAs(t, b.Renew(t.Context(), "n", token, ttl), &wrong)
		_, err := b.Acquire(t.Context(), "other", lock.Claim{Token: token}, ttl)
		require.ErrorAs(t, err, &wrong)
	}
	l := lock.New(b)
	defer l.Close()
	_, err = l.Acquire(t.Context(), "other", lock.WithTTL(999*time.Millisecond))
	var wrong *lock.ArgumentError
	require.ErrorAs(t, err, &wrong)
}

func TestPrefix_KeepsClustersApart(t *testing.T) {
	c := connect(t, servers.Memcached(t).Addr())
	long := strings.Repeat("long ", 60)
	var all []*memcachedlocker.Backend
	for _, prefix := range []string{"", "one", "two", "a b\n", long, long + "x"} {
		all = append(all, memcachedlocker.New(c, memcachedlocker.WithPrefix(prefix)))
	}
	for _, name := range []string{"n", strings.Repeat("\xff", 200)} {
		for _, b := range all {
			acquire(t, b, name, time.Minute)
		}
	}
}

func TestItem_ThatIsNoLockIsHeldUntilItIsBroken(t *testing.T) {
	c := connect(t, servers.Memcached(t).Addr())
	b := memcachedlocker.New(c)
	for _, value := range []string{"", "x", "{}", `{"token":""}`, `{"token":"short"}`, `{"token":7}`, "\x00", "[]"} {
		require.NoError(t, c.Set(&memcache.Item{Key: "mosparoGoLock-n", Value: []byte(value)}))
		require.NoError(t, c.Set(&memcache.Item{Key: "mosparoGoLockFence-n", Value: []byte(value)}))
		_, err := b.Acquire(t.Context(), "n", lock.Claim{Token: locktest.NewToken()}, time.Minute)
		require.ErrorIs(t, err, lock.ErrHeld)
		for _, token := range []lock.Token{"", "short", locktest.NewToken()} {
			require.ErrorIs(t, b.Renew(t.Context(), "n", token, time.Minute), lock.ErrLost)
			require.ErrorIs(t, b.Release(t.Context(), "n", token), lock.ErrLost)
		}
		h, err := b.Holder(t.Context(), "n")
		require.NoError(t, err)
		require.Contains(t, h.Owner.Host, "damaged")
		require.NoError(t, b.Break(t.Context(), "n"))
		acquire(t, b, "n", time.Minute)
	}
}

func TestErrors_AreClassified(t *testing.T) {
	try := func(c *memcache.Client) error {
		_, err := memcachedlocker.New(c).Acquire(t.Context(), "n", lock.Claim{Token: locktest.NewToken()}, time.Minute)
		return err
	}
	users := filepath.Join(t.TempDir(), "users")
	require.NoError(t, os.WriteFile(users, []byte("user:secret\n"), 0o600))
	c := connect(t, servers.Memcached(t, "-Y", users).Addr())
	for _, err := range []error{try(c), memcachedlocker.New(c).Break(t.Context(), "n")} {
		require.ErrorIs(t, err, lock.ErrUnauthorized)
		require.ErrorIs(t, err, lock.ErrUnavailable)
	}
	s := servers.Memcached(t)
	c = connect(t, s.Addr())
	require.NoError(t, try(c))
	s.Kill()
	require.ErrorIs(t, try(c), lock.ErrUnavailable)
	require.ErrorIs(t, try(memcache.New()), lock.ErrUnavailable)
}

func Example() {
	client := memcache.New("127.0.0.1:11211")
	defer client.Close()
	locker := lock.New(memcachedlocker.New(client))
	defer locker.Close()

	err := locker.Do(context.Background(), "report", func(ctx context.Context) error {
		// One node at a time comes here, unless memcached evicts the lock.
		return nil
	}, lock.WithTTL(15*time.Second))
	if errors.Is(err, lock.ErrHeld) {
		fmt.Println("another node does it")
	}
}
