package lock_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/mosparo/go-cluster/lock"
	"github.com/mosparo/go-cluster/lock/memorylocker"
)

// A seed decides when a waiting caller asks.
func TestWithRandom_DecidesThePauses(t *testing.T) {
	const poll = time.Second
	for part, pause := range map[time.Duration]time.Duration{0: poll / 2, poll / 4: poll * 3 / 4, poll: poll * 3 / 2} {
		synctest.Test(t, func(t *testing.T) {
			b := memorylocker.New()
			holder := lock.New(b)
			defer holder.Close()
			lease, err := holder.Acquire(t.Context(), "n")
			require.NoError(t, err)
			s := &spy{Backend: b, p: b.Properties()}
			l := lock.New(s, lock.WithPoll(poll), lock.WithRandom(func(n time.Duration) time.Duration {
				require.Equal(t, poll+1, n)
				return part
			}))
			defer l.Close()
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute+poll/10)
			defer cancel()
			_, err = l.Acquire(ctx, "n", lock.WithWait(-1))
			require.ErrorIs(t, err, lock.ErrHeld)
			require.NoError(t, lease.Release(t.Context()))
			require.Greater(t, len(s.at), 30)
			for i := range s.at[1:] {
				require.Equal(t, pause, s.at[i+1].Sub(s.at[i]))
			}
		})
	}
}
