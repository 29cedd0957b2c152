package lock_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/mosparo/go-cluster/lock"
	"github.com/mosparo/go-cluster/lock/locktest"
	"github.com/mosparo/go-cluster/lock/memorylocker"
)

// late is a server that hears a renewal long after it was sent, also when
// nobody waits for the answer any more.
type late struct {
	lock.Backend
	after time.Duration
	sent  chan struct{}
}

func (l *late) Renew(ctx context.Context, name string, token lock.Token, ttl time.Duration) error {
	if ttl < time.Minute {
		return l.Backend.Renew(ctx, name, token, ttl) // for what is left of a minimum hold
	}
	close(l.sent)
	time.Sleep(l.after)
	return l.Backend.Renew(context.WithoutCancel(ctx), name, token, ttl)
}

// A renewal that the program asks for must not come after the release, either.
func TestRenew_DoesNotComeAfterTheRelease(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := memorylocker.New()
		server := &late{Backend: b, after: time.Second, sent: make(chan struct{})}
		l := lock.New(server)
		lease, err := l.Acquire(t.Context(), "n", lock.WithTTL(time.Hour), lock.WithMinHold(10*time.Second))
		require.NoError(t, err)
		renewed := make(chan error, 1)
		go func() { renewed <- lease.Renew(t.Context()) }()
		<-server.sent
		require.NoError(t, lease.Release(t.Context()))
		require.ErrorIs(t, <-renewed, lock.ErrReleased)
		h, err := b.Holder(t.Context(), "n")
		require.NoError(t, err)
		require.LessOrEqual(t, h.TTL, 10*time.Second, "the minimum hold, and not an hour")
		l.Close()
	})
}

func TestRenew_MovesTheNextRenewal(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, l, f := nodes(t, 1)
		lease, err := l[0].Acquire(t.Context(), "n", lock.WithTTL(30*time.Second))
		require.NoError(t, err)
		for range 60 {
			time.Sleep(7 * time.Second)
			require.NoError(t, lease.Renew(t.Context()))
		}
		require.Equal(t, 60, f[0].Calls(locktest.OpRenew), "none is due in between")
		f[0].Delay(time.Second)
		done := make(chan error, 8)
		for range cap(done) { // at the same time
			go func() { done <- lease.Renew(t.Context()) }()
		}
		ended, cancel := context.WithCancel(t.Context())
		time.AfterFunc(time.Millisecond, cancel)
		require.ErrorIs(t, lease.Renew(ended), context.Canceled)
		for range cap(done) {
			require.NoError(t, <-done)
		}
		time.Sleep(time.Hour)
		require.NoError(t, lease.Err())
		f[0].Delay(0)
		require.NoError(t, lease.Release(t.Context()))
		require.ErrorIs(t, lease.Renew(t.Context()), lock.ErrReleased)
	})
}

// A node that holds hundreds of names renews them one after the other, although
// it has taken them all at the same time.
func TestRenewals_OfNamesThatWereTakenTogetherDoNotStayTogether(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const names = 240
		var mu sync.Mutex
		inTenth := map[time.Duration]int{}
		began := time.Now()
		_, l, _ := nodes(t, 1, lock.WithObserver(func(_ context.Context, e lock.Event) {
			if e.Op == "renew" {
				mu.Lock()
				defer mu.Unlock()
				inTenth[time.Since(began).Truncate(100*time.Millisecond)]++
			}
		}))
		for i := range names {
			_, err := l[0].Acquire(t.Context(), fmt.Sprintf("project %d", i))
			require.NoError(t, err)
		}
		time.Sleep(5 * time.Minute)
		mu.Lock()
		defer mu.Unlock()
		for at, n := range inTenth {
			require.LessOrEqual(t, n, names/8, "%v", at)
		}
	})
}
