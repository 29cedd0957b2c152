package lock_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/mosparo/go-cluster/lock"
	"github.com/mosparo/go-cluster/lock/memorylocker"
)

func TestFromContext_IsTheInnermostLease(t *testing.T) {
	l := lock.New(memorylocker.New())
	defer l.Close()
	name := func(ctx context.Context) string {
		lease, ok := lock.FromContext(ctx)
		if !ok {
			require.Nil(t, lease)
			return ""
		}
		require.NotZero(t, lease.Fence())
		return lease.Name()
	}
	require.Empty(t, name(t.Context()))
	err := l.Do(t.Context(), "outer", func(ctx context.Context) error {
		require.Equal(t, "outer", name(ctx))
		require.NoError(t, l.Do(ctx, "inner", func(ctx context.Context) error {
			within, cancel := context.WithCancel(ctx)
			defer cancel()
			require.Equal(t, "inner", name(within))
			return nil
		}))
		lease, err := l.Acquire(ctx, "acquired")
		require.NoError(t, err)
		require.Equal(t, "acquired", name(lease.Context()))
		require.NoError(t, lease.Release(ctx))
		require.Equal(t, "outer", name(ctx))
		return nil
	})
	require.NoError(t, err)
}
