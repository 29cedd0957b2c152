package sharedfiles_test

import (
	"context"
	"errors"
	"os"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/mosparo/go-cluster/cache/sharedfiles"
)

func TestLock_ExcludesAndLeavesNothing(t *testing.T) {
	f := sharedfiles.Folder{Path: t.TempDir()}
	unlock, err := f.Lock(t.Context(), "lock")
	if errors.Is(err, errors.ErrUnsupported) {
		t.Skip("skipped: needs flock")
	}
	require.NoError(t, err)
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	_, err = f.Lock(ctx, "lock")
	require.ErrorIs(t, err, sharedfiles.ErrBusy)
	require.ErrorIs(t, err, context.DeadlineExceeded)
	unlock()

	var inside, n atomic.Int64
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for range 20 {
				unlock, err := f.Lock(t.Context(), "lock")
				if err != nil {
					t.Error(err)
					return
				}
				if inside.Add(1) != 1 {
					t.Error("two at the same time")
				}
				n.Add(1)
				inside.Add(-1)
				unlock()
			}
		})
	}
	all.Wait()
	require.EqualValues(t, 160, n.Load())
	entries, err := os.ReadDir(f.Path)
	require.NoError(t, err)
	require.Empty(t, entries)
}
