package sqlcleaner_test

import (
	"context"
	"database/sql"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/mosparo/go-cluster/cleanup/sqlcleaner"
)

// besideLock runs f in a bubble, with a database of one connection whose write
// lock another connection holds for a time, or until the end if it is 0.
func besideLock(t *testing.T, held time.Duration, f func(t *testing.T, app *sql.DB)) {
	db := create(t, sqlcleaner.SQLite)
	require.NoError(t, db.Close())
	synctest.Test(t, func(t *testing.T) {
		other, app := open(t, db.driver, db.dsn), open(t, db.driver, db.dsn)
		defer other.Close()
		defer app.Close()
		app.SetMaxOpenConns(1)
		tx, err := other.Begin() // BEGIN IMMEDIATE
		require.NoError(t, err)
		defer tx.Rollback() //nolint:errcheck // after Commit
		if held > 0 {
			go func() {
				time.Sleep(held)
				_ = tx.Commit()
			}()
		}
		f(t, app.DB)
	})
}

func busyTimeout(t *testing.T, db *sql.DB) (ms int) {
	t.Helper()
	require.NoError(t, db.QueryRow("PRAGMA busy_timeout").Scan(&ms))
	return ms
}

// A client that sleeps between its looks, as SQLite's busy handler does, misses
// the moments at which others leave the lock free.
func TestTx_TakesTheLockOfSQLiteWithinMilliseconds(t *testing.T) {
	const held = 3*time.Second + 40*time.Millisecond
	besideLock(t, held, func(t *testing.T, app *sql.DB) {
		began := time.Now()
		d := sqlcleaner.New(app, sqlcleaner.SQLite)
		require.NoError(t, d.Tx(t.Context(), func(tx *sql.Tx) error {
			require.LessOrEqual(t, time.Since(began), held+2*time.Millisecond)
			var ms int
			err := tx.QueryRow("PRAGMA busy_timeout").Scan(&ms)
			require.Equal(t, 10_000, ms, "within the transaction")
			return err
		}))
		require.Equal(t, 10_000, busyTimeout(t, app), "after it")
	})
}

func TestTx_StopsWaitingForTheLockOfSQLiteWhenItsContextEnds(t *testing.T) {
	besideLock(t, 0, func(t *testing.T, app *sql.DB) {
		began, stop := time.Now(), errors.New("stop")
		ctx, cancel := context.WithTimeoutCause(t.Context(), 5*time.Second+300*time.Microsecond, stop)
		defer cancel()
		d := sqlcleaner.New(app, sqlcleaner.SQLite)
		require.ErrorIs(t, d.Tx(ctx, func(*sql.Tx) error { return nil }), stop)
		require.Equal(t, 5*time.Second+300*time.Microsecond, time.Since(began))
		require.Equal(t, 10_000, busyTimeout(t, app))
	})
}

// Pages that a transaction cannot keep in memory would lock readers out before its
// commit.
func TestTx_HasALargePageCacheOfSQLite(t *testing.T) {
	db := create(t, sqlcleaner.SQLite)
	db.SetMaxOpenConns(1)
	const size = "SELECT cache_size FROM pragma_cache_size"
	before := db.number(size)
	var within int64
	require.NoError(t, sqlcleaner.New(db.DB, db.dialect).Tx(t.Context(), func(tx *sql.Tx) error { return tx.QueryRow(size).Scan(&within) }))
	require.EqualValues(t, -32<<10, within)
	require.Equal(t, before, db.number(size), "after it")
}
