package cleanup_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/mosparo/go-cluster/cache"
	"github.com/mosparo/go-cluster/cache/fileadapter"
	"github.com/mosparo/go-cluster/cleanup"
)

// cleaner is a function.
type cleaner func(ctx context.Context, l cleanup.Limits) (cleanup.Report, error)

func (c cleaner) Clean(ctx context.Context, l cleanup.Limits) (cleanup.Report, error) {
	return c(ctx, l)
}

func reports(r cleanup.Report, err error) cleanup.Cleaner {
	return cleaner(func(context.Context, cleanup.Limits) (cleanup.Report, error) { return r, err })
}

func TestAll_SumsUp(t *testing.T) {
	a := cleanup.Report{Finished: true, DeletedTokens: 1, DeletedSubmissions: 2, StoredTokens: 3, StoredSubmissions: 4, Rows: map[string]int{"x": 1, "y": 2}}
	b := cleanup.Report{Finished: true, DeletedTokens: 10, Rows: map[string]int{"y": 5}}
	got, err := cleanup.All(reports(a, nil), reports(b, nil)).Clean(t.Context(), cleanup.Limits{})
	require.NoError(t, err)
	require.Equal(t, cleanup.Report{Finished: true, DeletedTokens: 11, DeletedSubmissions: 2, StoredTokens: 3, StoredSubmissions: 4, Rows: map[string]int{"x": 1, "y": 7}}, got)
	b.Finished = false
	got, err = cleanup.All(reports(b, nil), reports(a, nil)).Clean(t.Context(), cleanup.Limits{})
	require.NoError(t, err)
	require.False(t, got.Finished)
}

func TestAll_GoesOnAfterAFailure(t *testing.T) {
	broken := errors.New("broken")
	got, err := cleanup.All(reports(cleanup.Report{Rows: map[string]int{"x": 1}}, broken), reports(cleanup.Report{Finished: true, DeletedTokens: 1}, nil)).Clean(t.Context(), cleanup.Limits{})
	require.ErrorIs(t, err, broken)
	require.False(t, got.Finished)
	require.Equal(t, 1, got.DeletedTokens)
	require.Equal(t, 1, got.Rows["x"])
}

func TestAll_StopsWhenToldBetweenRounds(t *testing.T) {
	stop := errors.New("stop")
	asks := cleaner(func(ctx context.Context, l cleanup.Limits) (cleanup.Report, error) {
		return cleanup.Report{}, l.Between(ctx)
	})
	never := cleaner(func(context.Context, cleanup.Limits) (cleanup.Report, error) {
		t.Error("the second cleaner ran")
		return cleanup.Report{}, nil
	})
	_, err := cleanup.All(asks, never).Clean(t.Context(), cleanup.Limits{Between: func(context.Context) error { return stop }})
	require.ErrorIs(t, err, stop)

	ctx, cancel := context.WithCancelCause(t.Context())
	cancels := cleaner(func(context.Context, cleanup.Limits) (cleanup.Report, error) {
		cancel(stop)
		return cleanup.Report{Finished: true}, nil
	})
	got, err := cleanup.All(cancels, never).Clean(ctx, cleanup.Limits{})
	require.ErrorIs(t, err, stop)
	require.False(t, got.Finished)
}

func TestAll_SharesTheTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var given []time.Duration
		slow := cleaner(func(_ context.Context, l cleanup.Limits) (cleanup.Report, error) {
			given = append(given, l.Time)
			time.Sleep(2 * time.Second)
			return cleanup.Report{Finished: true}, nil
		})
		_, err := cleanup.All(slow, slow, slow).Clean(t.Context(), cleanup.Limits{Time: 3 * time.Second})
		require.NoError(t, err)
		require.Equal(t, []time.Duration{3 * time.Second, time.Second, time.Nanosecond}, given)
		given = nil
		_, err = cleanup.All(slow).Clean(t.Context(), cleanup.Limits{})
		require.NoError(t, err)
		require.Equal(t, []time.Duration{0}, given)
	})
}

func TestPrune_DeletesExpiredFiles(t *testing.T) {
	files, err := fileadapter.New(t.TempDir())
	require.NoError(t, err)
	require.NoError(t, files.Set(t.Context(), cache.Item{Key: "short", Value: []byte("s:1:\"x\";"), TTL: time.Second}, cache.Item{Key: "long", Value: []byte("s:1:\"x\";"), TTL: time.Hour}))
	require.Eventually(t, func() bool {
		r, err := cleanup.Prune(files).Clean(t.Context(), cleanup.Limits{})
		require.NoError(t, err)
		require.True(t, r.Finished)
		return r.Rows[cleanup.PrunedRows] == 1
	}, 20*time.Second, 100*time.Millisecond)
	got, err := files.Get(t.Context(), "long")
	require.NoError(t, err)
	require.NotNil(t, got[0])
}
