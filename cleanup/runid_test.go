package cleanup_test

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/mosparo/go-cluster/cache"
	"github.com/mosparo/go-cluster/cache/memoryadapter"
	"github.com/mosparo/go-cluster/cleanup"
	"github.com/mosparo/go-cluster/cleanup/cleanuptest"
	"github.com/mosparo/go-cluster/lock"
	"github.com/mosparo/go-cluster/lock/memorylocker"
)

// One id leads through the row, the log, the event, and what cache and lock report.
func TestRunID_IsInLogAndEventsOfARun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		var saved, released, ended int64
		pool := cache.NewPool(memoryadapter.New(), cache.WithObserver(func(ctx context.Context, e cache.Event) {
			if e.Key == string(cleanup.NextCleanup) && e.Op == cache.OpSet {
				saved = cleanup.RunID(ctx)
			}
		}))
		locker := lock.New(memorylocker.New(), lock.WithObserver(func(ctx context.Context, e lock.Event) {
			if e.Op == "release" {
				released = cleanup.RunID(ctx)
			}
		}))
		defer locker.Close()
		db := cleanuptest.NewFake()
		s := cleanup.New(pool, locker, db, cleanup.WithMode(cleanup.ModeClean), cleanup.WithLogger(slog.New(slog.NewTextHandler(&log, nil))),
			cleanup.WithObserver(func(ctx context.Context, e cleanup.Event) {
				require.Equal(t, e.RunID, cleanup.RunID(ctx))
				ended = e.RunID
			}))
		for range 2 {
			_, err := s.TryRun(t.Context(), cleanup.ExecutorCommand)
			require.NoError(t, err)
			rows, err := db.Recent(t.Context(), 1)
			require.NoError(t, err)
			require.Len(t, rows, 1)
			require.NotZero(t, ended)
			require.Equal(t, []int64{rows[0].ID, rows[0].ID, rows[0].ID}, []int64{saved, released, ended})
			require.Contains(t, log.String(), fmt.Sprintf("run_id=%d", ended))
			time.Sleep(time.Hour)
		}
		_, err := s.TryRun(t.Context(), cleanup.ExecutorFrontendAPI)
		require.NoError(t, err)
		require.Zero(t, ended, "nothing was due")
		require.Zero(t, cleanup.RunID(t.Context()))
	})
}
