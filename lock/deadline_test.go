package lock_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/mosparo/go-cluster/lock"
)

func TestMaxHold_MayBeShorterThanTheTimeToTheFirstRenewal(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, l, _ := nodes(t, 1)
		began := time.Now()
		lease, err := l[0].Acquire(t.Context(), "n", lock.WithTTL(30*time.Second), lock.WithMaxHold(time.Second))
		require.NoError(t, err)
		<-lease.Context().Done()
		require.Equal(t, time.Second, time.Since(began))
		require.ErrorIs(t, lease.Err(), lock.ErrMaxHold)
	})
}

// A server that takes its time to answer leaves less of the lease.
func TestLease_GrantedLateEndsInTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, l, f := nodes(t, 1)
		f[0].Delay(1500 * time.Millisecond)
		began := time.Now()
		lease, err := l[0].Acquire(t.Context(), "n", lock.WithTTL(2*time.Second))
		require.NoError(t, err)
		f[0].Partition(true)
		<-lease.Context().Done()
		require.Equal(t, 2*time.Second, time.Since(began))
		require.ErrorIs(t, lease.Err(), lock.ErrLost)
	})
}

// Every answer takes nearly half of the TTL.
func TestLease_IsKeptOnASlowServer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, l, f := nodes(t, 1)
		f[0].Delay(900 * time.Millisecond)
		lease, err := l[0].Acquire(t.Context(), "n", lock.WithTTL(2*time.Second))
		require.NoError(t, err)
		time.Sleep(time.Minute)
		require.NoError(t, lease.Err())
	})
}
