package sqlcleaner_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/mosparo/go-cluster/cleanup"
	"github.com/mosparo/go-cluster/cleanup/sqlcleaner"
)

// withoutForeignKeys runs statements as a database does that did not enforce
// foreign keys for a while.
func withoutForeignKeys(db *database, statements ...string) {
	db.t.Helper()
	off := map[sqlcleaner.Dialect]string{
		sqlcleaner.SQLite: "PRAGMA foreign_keys = OFF", sqlcleaner.MySQL: "SET foreign_key_checks = 0", sqlcleaner.PostgreSQL: "SET session_replication_role = replica",
	}[db.dialect]
	on := map[sqlcleaner.Dialect]string{
		sqlcleaner.SQLite: "PRAGMA foreign_keys = OFF", sqlcleaner.MySQL: "SET foreign_key_checks = 1", sqlcleaner.PostgreSQL: "SET session_replication_role = origin",
	}[db.dialect]
	conn, err := db.Conn(db.t.Context())
	require.NoError(db.t, err)
	defer conn.Close()
	for _, s := range append(append([]string{off}, statements...), on) {
		_, err := conn.ExecContext(db.t.Context(), s)
		require.NoError(db.t, err, s)
	}
}

// A submission whose token is gone stays, and keeps no run from coming to its end.
func TestClean_EndsBesideASubmissionWhoseTokenDoesNotExist(t *testing.T) {
	onEach(t, func(t *testing.T, db *database) {
		w := &world{projects: []project{{1, "FOREVER"}}}
		for i := 1; i <= 20; i++ {
			w.tokens = append(w.tokens, token{id: i, age: 20 * day, last: i})
			w.subs = append(w.subs, due(i, i)...)
			w.results = append(w.results, pair{i, i})
		}
		w.fill(db, time.Now().UTC())
		withoutForeignKeys(db,
			"UPDATE submit_token SET last_submission_id = NULL WHERE id IN (7, 20)", "DELETE FROM submit_token WHERE id IN (7, 20)",
			"UPDATE submission SET submit_token_id = 1000000 WHERE id = 20")
		d := sqlcleaner.New(db.DB, db.dialect)

		would, err := d.DryRun(t.Context(), w.policy)
		require.NoError(t, err)
		report, err := d.Clean(t.Context(), cleanup.Job{Policy: w.policy})
		require.NoError(t, err)
		require.True(t, report.Finished)
		require.Equal(t, []int64{7, 20}, db.ids("submission"))
		require.Equal(t, []int64{7, 20}, db.ids("detection_result"))
		for _, r := range []cleanup.Report{would, report} {
			require.Equal(t, 18, r.DeletedTokens)
			require.Equal(t, 18, r.DeletedSubmissions)
			require.Equal(t, 0, r.StoredTokens)
			require.Equal(t, 2, r.StoredSubmissions)
		}
	})
}

// mosparo shows what remains also after a run that failed.
func TestClean_CountsWhatRemainsAfterAnError(t *testing.T) {
	onEach(t, func(t *testing.T, db *database) {
		w := &world{projects: []project{{1, "FOREVER"}}}
		for i := 1; i <= 300; i++ {
			w.tokens = append(w.tokens, token{id: i, age: 20 * day, last: i})
			w.subs = append(w.subs, due(i, i)...)
		}
		w.fill(db, time.Now().UTC())
		stop := errors.New("stop")
		rounds := 0
		report, err := sqlcleaner.New(db.DB, db.dialect).Clean(t.Context(), cleanup.Job{Policy: w.policy, Limits: cleanup.Limits{Rows: 100, Between: func(context.Context) error {
			if rounds++; rounds > 1 {
				return stop
			}
			return nil
		}}})
		require.ErrorIs(t, err, stop)
		require.False(t, report.Finished)
		require.Equal(t, 300-report.DeletedTokens, report.StoredTokens)
		require.Equal(t, 300-report.DeletedSubmissions, report.StoredSubmissions)
		require.Equal(t, 200, report.StoredSubmissions)

		// Also when its context has ended.
		ctx, cancel := context.WithCancel(t.Context())
		report, err = sqlcleaner.New(db.DB, db.dialect, sqlcleaner.WithProgress(func(sqlcleaner.Progress) { cancel() })).Clean(ctx, cleanup.Job{Policy: w.policy})
		require.ErrorIs(t, err, context.Canceled)
		require.EqualValues(t, db.number("SELECT COUNT(*) FROM submission"), report.StoredSubmissions)
		require.NotZero(t, report.StoredSubmissions)
	})
}

// A row that lies further ahead than any zone explains keeps nothing from being
// cleaned.
func TestCheck_IgnoresRowsFarInTheFuture(t *testing.T) {
	onEach(t, func(t *testing.T, db *database) {
		now := time.Now().UTC()
		w := &world{projects: []project{{1, "FOREVER"}}, tokens: []token{{id: 3, age: -400 * day, last: 4}}, subs: []submission{{id: 4, token: 3, age: -27 * time.Hour, spam: 0, valid: -1}}}
		w.fill(db, now)
		var log bytes.Buffer
		d := sqlcleaner.New(db.DB, db.dialect, sqlcleaner.WithLogger(slog.New(slog.NewTextHandler(&log, nil))))
		_, err := d.Begin(t.Context(), now.Add(1000*day), cleanup.ExecutorCommand)
		require.NoError(t, err)
		for range 2 {
			require.NoError(t, d.Check(t.Context(), cleanup.Policy{}, cleanup.Snapshot{}))
		}
		require.Equal(t, 3, strings.Count(log.String(), "level=WARN"), "each once: %s", log.String())
		for _, words := range []string{"table=submit_token row_id=3", "table=submission row_id=4", "table=cleanup_statistic row_id=1"} {
			require.Contains(t, log.String(), words)
		}
		_, err = d.Clean(t.Context(), cleanup.Job{Policy: w.policy})
		require.NoError(t, err)
		w.holds(db)

		// Within 26 hours it may mean that the zone is wrong, also beside rows further ahead.
		db.exec("UPDATE submission SET submitted_at = ?", now.Add(25*time.Hour).Format(time.DateTime))
		err = d.Check(t.Context(), cleanup.Policy{}, cleanup.Snapshot{})
		require.ErrorIs(t, err, cleanup.ErrRefused)
		require.ErrorContains(t, err, "submission.submitted_at")
	})
}
