package cleanup_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/mosparo/go-cluster/cache"
	"github.com/mosparo/go-cluster/cache/fileadapter"
	"github.com/mosparo/go-cluster/cleanup"
	"github.com/mosparo/go-cluster/cleanup/cleanuptest"
	"github.com/mosparo/go-cluster/lock"
	"github.com/mosparo/go-cluster/lock/memorylocker"
)

func reports(r cleanup.Report, err error) cleanFunc {
	return func(context.Context, cleanup.Job) (cleanup.Report, error) { return r, err }
}

// runWith runs a node whose database cleans with first.
func (c *cluster) runWith(ctx context.Context, l cleanup.Limits, first cleanFunc, extra ...cleanFunc) (cleanup.Attempt, error) {
	locker := lock.New(c.locks)
	defer locker.Close()
	s := cleanup.New(c.pool, locker, withClean{c.db, first}, cleanup.WithMode(cleanup.ModeClean),
		cleanup.WithLimits(cleanup.ExecutorCommand, l), cleanup.WithExtra(extra...))
	return s.TryRun(ctx, cleanup.ExecutorCommand)
}

func TestWithExtra_SumsUpTheReports(t *testing.T) {
	bubble(t, func(t *testing.T) {
		a := cleanup.Report{Finished: true, DeletedTokens: 1, DeletedSubmissions: 2, StoredTokens: 3, StoredSubmissions: 4, Rows: map[string]int{"x": 1, "y": 2}}
		b := cleanup.Report{Finished: true, DeletedTokens: 10, Rows: map[string]int{"y": 5}}
		c := newCluster(t)
		got, err := c.runWith(t.Context(), cleanup.Limits{}, reports(a, nil), reports(b, nil))
		require.NoError(t, err)
		require.Equal(t, cleanup.ResultCompleted, got.Result)
		require.Equal(t, cleanup.Report{Finished: true, DeletedTokens: 11, DeletedSubmissions: 2, StoredTokens: 3, StoredSubmissions: 4, Rows: map[string]int{"x": 1, "y": 7}}, got.Report)
		require.Equal(t, 11, c.db.Runs()[0].DeletedTokens)

		b.Finished = false
		got, err = c.runWith(t.Context(), cleanup.Limits{}, reports(b, nil), reports(a, nil))
		require.NoError(t, err)
		require.Equal(t, cleanup.ResultUnfinished, got.Result)
	})
}

func TestWithExtra_GoesOnAfterAFailure(t *testing.T) {
	bubble(t, func(t *testing.T) {
		failing := reports(cleanup.Report{Rows: map[string]int{"x": 1}}, errBroken)
		got, err := newCluster(t).runWith(t.Context(), cleanup.Limits{}, failing, reports(cleanup.Report{Finished: true, DeletedTokens: 1}, nil))
		require.ErrorIs(t, err, errBroken)
		require.False(t, got.Report.Finished)
		require.Equal(t, 1, got.Report.DeletedTokens)
		require.Equal(t, 1, got.Report.Rows["x"])
	})
}

func TestWithExtra_StopsBetweenRounds(t *testing.T) {
	bubble(t, func(t *testing.T) {
		never := func(context.Context, cleanup.Job) (cleanup.Report, error) {
			t.Error("the second cleaner ran")
			return cleanup.Report{}, nil
		}
		asks := func(ctx context.Context, j cleanup.Job) (cleanup.Report, error) {
			return cleanup.Report{}, j.Limits.Between(ctx)
		}
		stop := errors.New("stop")
		_, err := newCluster(t).runWith(t.Context(), cleanup.Limits{Between: func(context.Context) error { return stop }}, asks, never)
		require.ErrorIs(t, err, stop)

		ctx, cancel := context.WithCancelCause(t.Context())
		cancels := func(context.Context, cleanup.Job) (cleanup.Report, error) {
			cancel(stop)
			return cleanup.Report{Finished: true}, nil
		}
		got, err := newCluster(t).runWith(ctx, cleanup.Limits{}, cancels, never)
		require.ErrorIs(t, err, stop)
		require.False(t, got.Report.Finished)
	})
}

func TestWithExtra_SharesTheTime(t *testing.T) {
	bubble(t, func(t *testing.T) {
		var given []time.Duration
		slow := func(_ context.Context, j cleanup.Job) (cleanup.Report, error) {
			given = append(given, j.Limits.Time)
			time.Sleep(2 * time.Second)
			return cleanup.Report{Finished: true}, nil
		}
		_, err := newCluster(t).runWith(t.Context(), cleanup.Limits{Time: 3 * time.Second}, slow, slow, slow)
		require.NoError(t, err)
		require.Equal(t, []time.Duration{3 * time.Second, time.Second, time.Nanosecond}, given)
		given = nil
		_, err = newCluster(t).runWith(t.Context(), cleanup.Limits{}, slow)
		require.NoError(t, err)
		require.Equal(t, []time.Duration{0}, given)
	})
}

// A node whose cache is files deletes the expired ones in the same run, as
// Symfony's command cache:pool:prune does.
func ExampleWithExtra() {
	dir, err := os.MkdirTemp("", "cache")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	files, err := fileadapter.New(dir)
	if err != nil {
		fmt.Println(err)
		return
	}
	locker := lock.New(memorylocker.New())
	defer locker.Close()
	prune := func(ctx context.Context, _ cleanup.Job) (cleanup.Report, error) {
		n, err := files.Prune(ctx)
		return cleanup.Report{Finished: err == nil, Rows: map[string]int{"cache": n}}, err
	}
	s := cleanup.New(cache.NewPool(files), locker, cleanuptest.NewFake(), cleanup.WithMode(cleanup.ModeClean), cleanup.WithExtra(prune))
	a, err := s.TryRun(context.Background(), cleanup.ExecutorCommand)
	fmt.Println(a.Result, a.Report.Rows, err)
	// Output: completed map[cache:0] <nil>
}
