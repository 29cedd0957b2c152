package sqlcleaner_test

import (
	"context"
	"database/sql"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/mosparo/go-cluster/cleanup"
	"github.com/mosparo/go-cluster/cleanup/sqlcleaner"
)

// A driver may be told to make times of what the columns hold, in a zone in
// which some of them do not exist.
func TestClean_DependsOnNoSettingsOfTheDriver(t *testing.T) {
	db := create(t, sqlcleaner.MySQL)
	const never = "2026-03-08 02:30:00" // in New York, where the clock goes from 2 to 3
	insert(db, `"delay" (id, valid_until)`, span(1, 1500), func(int) string { return "NULL, '" + never + "'" })
	app := open(t, db.driver, db.dsn+"?parseTime=true&loc=America%2FNew_York")
	defer app.Close()
	d := sqlcleaner.New(app.DB, db.dialect)

	at, err := time.Parse(time.DateTime, never)
	require.NoError(t, err)
	_, err = d.Begin(t.Context(), at, cleanup.ExecutorCommand)
	require.NoError(t, err)
	rows, err := d.Recent(t.Context(), 1)
	require.NoError(t, err)
	require.True(t, at.Equal(rows[0].Time), rows[0].Time)

	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	report, err := d.Clean(ctx, cleanup.Job{})
	require.NoError(t, err)
	require.Equal(t, 1500, report.Rows["delay"])
}

// The application continues to use its pool.
func TestClean_ReturnsConnectionsUnchanged(t *testing.T) {
	db := create(t, sqlcleaner.MySQL)
	db.SetMaxOpenConns(1)
	d := sqlcleaner.New(db.DB, db.dialect)
	ctx, cancel := context.WithCancel(t.Context())
	err := d.Tx(ctx, func(tx *sql.Tx) error {
		cancel()
		require.Eventually(t, func() bool {
			_, err := tx.ExecContext(context.WithoutCancel(ctx), "SELECT 1")
			return errors.Is(err, sql.ErrTxDone)
		}, time.Minute, time.Millisecond)
		return nil
	})
	require.ErrorIs(t, err, context.Canceled)
	require.EqualValues(t, 50, db.number("SELECT @@innodb_lock_wait_timeout"))
	require.Zero(t, db.number("SELECT COUNT(*) FROM information_schema.INNODB_TRX WHERE trx_mysql_thread_id = CONNECTION_ID()"))
}

// A visitor's form is judged valid while its token is being deleted.
func TestClean_KeepsASubmissionThatBecomesValidMeanwhile(t *testing.T) {
	db := create(t, sqlcleaner.PostgreSQL)
	w := &world{projects: []project{{1, "FOREVER"}}, tokens: []token{{id: 1, age: 2 * day, last: 1}}, subs: []submission{{id: 1, token: 1, age: 2 * day, spam: 0, valid: -1}}}
	w.fill(db, time.Now().UTC())
	tx, err := db.BeginTx(t.Context(), nil)
	require.NoError(t, err)
	defer tx.Rollback() //nolint:errcheck // after Commit
	_, err = tx.Exec("UPDATE submission SET valid = TRUE")
	require.NoError(t, err)
	done := make(chan error, 1)
	go func() {
		_, err := sqlcleaner.New(db.DB, db.dialect).Clean(t.Context(), cleanup.Job{})
		done <- err
	}()
	require.Eventually(t, func() bool {
		var waiting int
		return db.QueryRow("SELECT COUNT(*) FROM pg_locks WHERE NOT granted").Scan(&waiting) == nil && waiting > 0
	}, time.Minute, time.Millisecond)
	require.NoError(t, tx.Commit())
	require.NoError(t, <-done)
	w.subs[0].valid = 1
	w.holds(db)
}
