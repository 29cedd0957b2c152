package lock_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/mosparo/go-cluster/lock"
	"github.com/mosparo/go-cluster/lock/locktest"
	"github.com/mosparo/go-cluster/lock/memorylocker"
)

// refused is a server whose machine says at once that nobody listens.
type refused struct {
	lock.Backend
	mu             sync.Mutex
	down           bool
	asked, undoing int
}

func (r *refused) err(count *int) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	*count++
	if r.down {
		return errors.New("connection refused")
	}
	return nil
}

func (r *refused) counts() (asked, undoing int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.asked, r.undoing
}

func (r *refused) set(down bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.down, r.asked, r.undoing = down, 0, 0
}

func (r *refused) Acquire(ctx context.Context, name string, c lock.Claim, ttl time.Duration) (uint64, error) {
	if err := r.err(&r.asked); err != nil {
		return 0, err
	}
	return r.Backend.Acquire(ctx, name, c, ttl)
}

func (r *refused) Release(ctx context.Context, name string, token lock.Token) error {
	if err := r.err(&r.undoing); err != nil {
		return err
	}
	return r.Backend.Release(ctx, name, token)
}

// A server that is down for minutes is asked by those who wait, and not by
// more and more who undo what they have not got.
func TestAcquire_WaitsForAServerWithoutAFloodOfRequests(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := memorylocker.New()
		r := &refused{Backend: b, down: true}
		l := lock.New(r, lock.WithPoll(time.Second))
		defer l.Close()
		time.AfterFunc(10*time.Minute, func() { r.set(false) })
		time.AfterFunc(10*time.Minute-time.Second, func() {
			asked, undoing := r.counts()
			if asked < 100 || undoing > 0 {
				t.Errorf("%d acquires, %d undone", asked, undoing)
			}
		})
		lease, err := l.Acquire(t.Context(), "n", lock.WithTTL(time.Hour), lock.WithWait(-1))
		require.NoError(t, err)
		time.Sleep(time.Minute)
		_, undoing := r.counts()
		require.Zero(t, undoing)
		require.NoError(t, lease.Release(t.Context()))

		// Callers who do not wait, one after the other, each may have got it.
		r.set(true)
		for range 60 {
			_, err = l.Acquire(t.Context(), "n", lock.WithTTL(time.Hour))
			require.ErrorIs(t, err, lock.ErrUnavailable)
			time.Sleep(10 * time.Second)
		}
		_, undoing = r.counts()
		require.Less(t, undoing, 60*70, "a second apart they were 60*300 and more")
		r.set(false)
		time.Sleep(time.Minute)
		_, undoing = r.counts()
		require.LessOrEqual(t, undoing, 60, "and then they all know")
		time.Sleep(time.Hour)
		_, later := r.counts()
		require.Equal(t, undoing, later)
	})
}

// What was granted without our hearing of it is ours, and need not be given
// back first.
func TestAcquire_GetsAtOnceWhatItHadAlready(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, l, f := nodes(t, 1)
		f[0].LoseReply(locktest.OpAcquire)
		began := time.Now()
		lease, err := l[0].Acquire(t.Context(), "n", lock.WithTTL(time.Hour), lock.WithWait(time.Minute))
		require.NoError(t, err)
		require.Less(t, time.Since(began), 2*lock.DefaultPoll)
		h, err := l[0].Holder(t.Context(), "n")
		require.NoError(t, err)
		require.Equal(t, lease.Token(), h.Token)
		require.Equal(t, lease.Fence(), h.Fence)
		require.Equal(t, 2, f[0].Calls(locktest.OpAcquire))
		require.NoError(t, lease.Release(t.Context()))
	})
}

// A request that was given up may reach the server when the lease that a later
// one has got is over.
func TestRelease_IsNotUndoneByARequestThatComesLate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, l, f := nodes(t, 1)
		f[0].Stray(locktest.OpAcquire, lock.DefaultCallTimeout+time.Second)
		lease, err := l[0].Acquire(t.Context(), "n", lock.WithTTL(time.Hour), lock.WithWait(time.Minute))
		require.NoError(t, err)
		require.NoError(t, lease.Release(t.Context()))
		time.Sleep(10 * time.Second)
		_, err = b.Holder(t.Context(), "n")
		require.ErrorIs(t, err, lock.ErrNotHeld)
		n := f[0].Calls(locktest.OpRelease)
		time.Sleep(time.Hour)
		require.Equal(t, n, f[0].Calls(locktest.OpRelease))
	})
}
