package lock_test

import (
	"context"
	"database/sql"
	"errors"
	"os"
	"strings"
	"testing"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib" // the driver "pgx"
	"github.com/stretchr/testify/require"

	"github.com/mosparo/go-cluster/cache/cachetest/servers"
	"github.com/mosparo/go-cluster/lock"
	"github.com/mosparo/go-cluster/lock/memorylocker"
)

// The recipe of the package's documentation, word for word.
const (
	showFence = `UPDATE report SET fence = $2 WHERE id = $1 AND fence <= $2 RETURNING body`
	writeBody = `UPDATE report SET body = $3, fence = $2 WHERE id = $1 AND fence <= $2`
	upsert    = `INSERT INTO report (id, fence, body) VALUES ($1, $2, $3) ON CONFLICT (id) DO UPDATE SET body = excluded.body, fence = excluded.fence WHERE report.fence <= excluded.fence`
)

func reports(t *testing.T) *sql.DB {
	t.Helper()
	db, err := sql.Open("pgx", servers.PostgreSQL(t).DSN())
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	_, err = db.ExecContext(t.Context(), `CREATE TABLE report (id int PRIMARY KEY, body text NOT NULL, fence bigint NOT NULL DEFAULT 0)`)
	require.NoError(t, err)
	_, err = db.ExecContext(t.Context(), `INSERT INTO report (id, body) VALUES (1, '')`)
	require.NoError(t, err)
	return db
}

func reset(t *testing.T, db *sql.DB) {
	t.Helper()
	require.NotZero(t, changed(t, db, `UPDATE report SET body = '', fence = 0`))
}

// execer is a database or a transaction.
type execer interface {
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
}

func changed(t *testing.T, db execer, query string, args ...any) int64 {
	t.Helper()
	r, err := db.ExecContext(t.Context(), query, args...)
	require.NoError(t, err)
	n, err := r.RowsAffected()
	require.NoError(t, err)
	return n
}

// twoHolders are a holder that does not know that it lost its lease, and the
// one that has it.
func twoHolders(t *testing.T) (stale, fresh *lock.Lease) {
	t.Helper()
	b := memorylocker.New()
	one, other := lock.New(b), lock.New(b)
	t.Cleanup(func() {
		one.Close()
		other.Close()
	})
	stale, err := one.Acquire(t.Context(), "report", lock.WithTTL(time.Hour))
	require.NoError(t, err)
	b.Forget() // as a server that restarts without its data
	fresh, err = other.Acquire(t.Context(), "report")
	require.NoError(t, err)
	require.NoError(t, stale.Err(), "it believes in its lease")
	return stale, fresh
}

func TestFencing_TheRecipeIsTheDocumented(t *testing.T) {
	doc, err := os.ReadFile("doc.go")
	require.NoError(t, err)
	text := strings.Join(strings.Fields(strings.ReplaceAll(string(doc), "//", " ")), " ")
	for _, statement := range []string{showFence, writeBody, upsert} {
		require.Contains(t, text, statement)
	}
}

// On a real PostgreSQL.
func TestFencing_TheStoreRefusesAStaleHolder(t *testing.T) {
	db := reports(t)
	t.Run("that writes", func(t *testing.T) { refusesWrites(t, db) })
	t.Run("after the new holder has read", func(t *testing.T) { refusesAfterRead(t, db) })
	t.Run("in a transaction", func(t *testing.T) { refusesInTransactions(t, db) })
}

func refusesWrites(t *testing.T, db *sql.DB) {
	stale, fresh := twoHolders(t)
	require.EqualValues(t, 1, changed(t, db, writeBody, 1, stale.Fence(), "before"))
	require.EqualValues(t, 1, changed(t, db, writeBody, 1, fresh.Fence(), "new"))
	require.Zero(t, changed(t, db, writeBody, 1, stale.Fence(), "stale"))
	require.EqualValues(t, 1, changed(t, db, writeBody, 1, fresh.Fence(), "new again"), "a holder may write as often as it likes")

	require.EqualValues(t, 1, changed(t, db, upsert, 2, fresh.Fence(), "first"))
	require.Zero(t, changed(t, db, upsert, 2, stale.Fence(), "stale"))
	require.EqualValues(t, 1, changed(t, db, upsert, 2, fresh.Fence(), "second"))
	var body string
	require.NoError(t, db.QueryRowContext(t.Context(), `SELECT string_agg(body, ',' ORDER BY id) FROM report`).Scan(&body))
	require.Equal(t, "new again,second", body)
}

// Without showing its fence first, a holder could read, and write after it, what
// a stale one has written in between.
func refusesAfterRead(t *testing.T, db *sql.DB) {
	reset(t, db)
	stale, fresh := twoHolders(t)
	var body string
	require.NoError(t, db.QueryRowContext(t.Context(), showFence, 1, stale.Fence()).Scan(&body))
	require.NoError(t, db.QueryRowContext(t.Context(), showFence, 1, fresh.Fence()).Scan(&body))
	require.Zero(t, changed(t, db, writeBody, 1, stale.Fence(), "stale"), "although the new holder has not written yet")
	require.ErrorIs(t, db.QueryRowContext(t.Context(), showFence, 1, stale.Fence()).Scan(&body), sql.ErrNoRows)
	require.EqualValues(t, 1, changed(t, db, writeBody, 1, fresh.Fence(), body+"new"))
}

// The stale holder's statement waits for the new holder's transaction, and
// then sees its fence.
func refusesInTransactions(t *testing.T, db *sql.DB) {
	stale, fresh := twoHolders(t)
	for _, isolation := range []sql.IsolationLevel{sql.LevelReadCommitted, sql.LevelRepeatableRead} {
		reset(t, db)
		tx, err := db.BeginTx(t.Context(), nil)
		require.NoError(t, err)
		require.EqualValues(t, 1, changed(t, tx, writeBody, 1, fresh.Fence(), "new"))

		refused := make(chan error)
		go func() {
			refused <- staleWrite(t.Context(), db, isolation, stale.Fence())
		}()
		require.Eventually(t, func() bool {
			var n int
			err := db.QueryRowContext(t.Context(), `SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'`).Scan(&n)
			return err == nil && n > 0
		}, 20*time.Second, 10*time.Millisecond)
		require.NoError(t, tx.Commit())
		require.Error(t, <-refused)
		var body string
		require.NoError(t, db.QueryRowContext(t.Context(), `SELECT body FROM report WHERE id = 1`).Scan(&body))
		require.Equal(t, "new", body)
	}
}

func staleWrite(ctx context.Context, db *sql.DB, isolation sql.IsolationLevel, fence uint64) error {
	tx, err := db.BeginTx(ctx, &sql.TxOptions{Isolation: isolation})
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback() }() // after a Commit there is nothing to undo
	r, err := tx.ExecContext(ctx, writeBody, 1, fence, "stale")
	if err != nil {
		return err // a repeatable read that cannot be repeated
	}
	if n, err := r.RowsAffected(); err != nil || n == 0 {
		return errors.Join(errors.New("no row was changed"), err)
	}
	return tx.Commit()
}
