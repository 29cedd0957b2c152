package lock_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/mosparo/go-cluster/lock"
)

// Who does not ask the server himself, since another caller of his process is
// before him, hears what that one has met.
func TestAcquire_InLineSaysWhatIsTheMatter(t *testing.T) {
	inLine := func(t *testing.T, l *lock.Locker) (errs []error) {
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		go func() {
			if lease, err := l.Acquire(ctx, "n", lock.WithWait(-1)); err == nil {
				_ = lease.Release(ctx)
			}
		}()
		time.Sleep(time.Minute)
		for _, wait := range []time.Duration{0, time.Minute} {
			_, err := l.Acquire(t.Context(), "n", lock.WithWait(wait))
			errs = append(errs, err)
		}
		return errs
	}
	t.Run("the server is down", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			_, l, f := nodes(t, 1)
			f[0].Partition(true)
			for _, err := range inLine(t, l[0]) {
				require.ErrorIs(t, err, lock.ErrUnavailable)
				require.NotErrorIs(t, err, lock.ErrHeld, "it is free")
			}
		})
	})
	t.Run("another process holds it", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			_, l, _ := nodes(t, 2)
			_, err := l[1].Acquire(t.Context(), "n", lock.WithLabel("theirs"))
			require.NoError(t, err)
			for _, err := range inLine(t, l[0]) {
				var held *lock.HeldError
				require.ErrorAs(t, err, &held)
				require.Equal(t, "theirs", held.Owner.Label)
			}
		})
	})
	t.Run("this process holds it", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			_, l, _ := nodes(t, 1)
			lease, err := l[0].Acquire(t.Context(), "n", lock.WithLabel("ours"))
			require.NoError(t, err)
			for _, err := range inLine(t, l[0]) {
				var held *lock.HeldError
				require.ErrorAs(t, err, &held)
				require.Equal(t, lease.Holder().Owner, held.Owner)
			}
		})
	})
}
