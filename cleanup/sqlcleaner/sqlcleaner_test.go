package sqlcleaner_test

import (
	"compress/gzip"
	"database/sql"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	_ "modernc.org/sqlite"

	"github.com/mosparo/go-cluster/cleanup"
	"github.com/mosparo/go-cluster/cleanup/sqlcleaner"
	"github.com/mosparo/go-cluster/cleanup/sqlcleaner/schema"
)

// sqlite is an empty mosparo database in a file.
func sqlite(t *testing.T) *sql.DB {
	t.Helper()
	db, err := sql.Open("sqlite", "file:"+filepath.Join(t.TempDir(), "data.sqlite")+"?_pragma=busy_timeout(5000)&_pragma=journal_mode(WAL)&_txlock=immediate")
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	require.NoError(t, schema.Create(t.Context(), db, sqlcleaner.SQLite))
	return db
}

// recorded is what mosparo's own cleanup was given and left.
type recorded struct {
	Columns map[string][]string
	Before  map[string][][]any
	After   map[string]struct {
		IDs       map[string][]int64
		Statistic []float64
	}
}

func load(t *testing.T) (r recorded) {
	t.Helper()
	f, err := os.Open("testdata/cleanup-database.json.gz")
	require.NoError(t, err)
	defer f.Close()
	z, err := gzip.NewReader(f)
	require.NoError(t, err)
	require.NoError(t, json.NewDecoder(z).Decode(&r))
	return r
}

// fill inserts the recorded rows: times are ages in seconds, dates in days.
func fill(t *testing.T, db *sql.DB, r recorded, now time.Time) {
	t.Helper()
	more := map[string]string{"project": "uuid, name", "submit_token": "token", "cleanup_statistic": "execution_time"}
	values := map[string]string{"project": "'u', 'n'", "submit_token": "'t'", "cleanup_statistic": "0"}
	tx, err := db.Begin()
	require.NoError(t, err)
	for table, rows := range r.Before {
		columns := r.Columns[table]
		names, marks := strings.Join(columns, ", "), strings.TrimSuffix(strings.Repeat("?, ", len(columns)), ", ")
		if more[table] != "" {
			names, marks = names+", "+more[table], marks+", "+values[table]
		}
		for _, row := range rows {
			args := make([]any, len(row))
			for i, v := range row {
				args[i] = v
				age, isNumber := v.(float64)
				switch {
				case columns[i] == "date" && isNumber:
					args[i] = now.AddDate(0, 0, -int(age)).Format(time.DateOnly)
				case isNumber && (strings.HasSuffix(columns[i], "_at") || columns[i] == "valid_until" || columns[i] == "date_time"):
					args[i] = now.Add(-time.Duration(age) * time.Second).Format(time.DateTime)
				case isNumber:
					args[i] = int64(age)
				}
			}
			_, err := tx.Exec(fmt.Sprintf("INSERT INTO %q (%s) VALUES (%s)", table, names, marks), args...)
			require.NoError(t, err)
		}
	}
	require.NoError(t, tx.Commit())
}

func ids(t *testing.T, db *sql.DB, table string) []int64 {
	t.Helper()
	rows, err := db.Query(fmt.Sprintf("SELECT id FROM %q ORDER BY id", table))
	require.NoError(t, err)
	defer rows.Close()
	all := []int64{}
	for rows.Next() {
		var id int64
		require.NoError(t, rows.Scan(&id))
		all = append(all, id)
	}
	require.NoError(t, rows.Err())
	return all
}

func TestClean_LeavesWhatMosparoLeft(t *testing.T) {
	r := load(t)
	db := sqlite(t)
	now := time.Now().UTC()
	fill(t, db, r, now)
	d := sqlcleaner.New(db, sqlcleaner.SQLite, cleanup.Policy{})

	id, err := d.Begin(t.Context(), now, cleanup.ExecutorCommand)
	require.NoError(t, err)
	report, err := d.Clean(t.Context(), cleanup.Limits{})
	require.NoError(t, err)
	require.True(t, report.Finished)
	require.NoError(t, d.Finish(t.Context(), cleanup.Row{
		ID: id, Time: now, Status: cleanup.StatusComplete,
		StoredTokens: report.StoredTokens, DeletedTokens: report.DeletedTokens,
		StoredSubmissions: report.StoredSubmissions, DeletedSubmissions: report.DeletedSubmissions,
	}))

	want := r.After["sqlite"]
	for table, left := range want.IDs {
		require.Equal(t, left, ids(t, db, table), table)
	}
	rows, err := d.Recent(t.Context(), 1)
	require.NoError(t, err)
	got := rows[0]
	s := want.Statistic // id, age, executor, stored and deleted tokens, stored and deleted submissions, status
	require.Equal(t, []float64{s[0], s[2], s[3], s[4], s[5], s[6], s[7]}, []float64{
		float64(got.ID), float64(got.Executor), float64(got.StoredTokens), float64(got.DeletedTokens),
		float64(got.StoredSubmissions), float64(got.DeletedSubmissions), float64(got.Status),
	})
}

// insert adds tokens and submissions: due or not, by age in days.
func insert(t *testing.T, db *sql.DB, query string, args ...any) {
	t.Helper()
	_, err := db.Exec(query, args...)
	require.NoError(t, err)
}

func ago(d time.Duration) string { return time.Now().UTC().Add(-d).Format(time.DateTime) }

const day = 24 * time.Hour

func TestClean_DoesNotStarveBehindTokensInUse(t *testing.T) {
	db := sqlite(t)
	tx, err := db.Begin()
	require.NoError(t, err)
	// 2,600 due submissions whose tokens are still needed, then 10 that are free,
	// then one token with 2,600 due submissions.
	for i := 1; i <= 2600; i++ {
		_, err := tx.Exec("INSERT INTO submit_token VALUES (?, 1, 't', ?, NULL)", i, ago(20*day))
		require.NoError(t, err)
		_, err = tx.Exec("INSERT INTO submission VALUES (?, 1, ?, ?, 1, NULL), (?, 1, ?, ?, 1, NULL)", 2*i, i, ago(20*day), 2*i+1, i, ago(day))
		require.NoError(t, err)
	}
	for i := 10001; i <= 10010; i++ {
		_, err := tx.Exec("INSERT INTO submit_token VALUES (?, 1, 't', ?, ?)", i, ago(20*day), i)
		require.NoError(t, err)
		_, err = tx.Exec("INSERT INTO submission VALUES (?, 1, ?, ?, 1, NULL)", i, i, ago(20*day))
		require.NoError(t, err)
	}
	_, err = tx.Exec("INSERT INTO submit_token VALUES (20000, 1, 't', ?, 20001)", ago(20*day))
	require.NoError(t, err)
	for i := 20001; i <= 22600; i++ {
		_, err = tx.Exec("INSERT INTO submission VALUES (?, 1, 20000, ?, 1, NULL)", i, ago(20*day))
		require.NoError(t, err)
	}
	require.NoError(t, tx.Commit())

	report, err := sqlcleaner.New(db, sqlcleaner.SQLite, cleanup.Policy{}).Clean(t.Context(), cleanup.Limits{})
	require.NoError(t, err)
	require.True(t, report.Finished)
	require.Equal(t, 11, report.DeletedTokens)
	require.Equal(t, 2610, report.DeletedSubmissions)
	require.Equal(t, 2600, report.StoredTokens)
}

func TestClean_LeavesTheLastSubmissionOfAKeptToken(t *testing.T) {
	db := sqlite(t)
	// Token 2 is in use and names submission 1, which hangs on token 1.
	insert(t, db, "INSERT INTO submit_token VALUES (1, 1, 't', ?, NULL), (2, 1, 't', ?, 1)", ago(20*day), ago(20*day))
	insert(t, db, "INSERT INTO submission VALUES (1, 1, 1, ?, 1, NULL), (2, 1, 2, ?, 1, NULL)", ago(20*day), ago(time.Hour))
	_, err := sqlcleaner.New(db, sqlcleaner.SQLite, cleanup.Policy{}).Clean(t.Context(), cleanup.Limits{})
	require.NoError(t, err)
	require.Equal(t, []int64{1, 2}, ids(t, db, "submission"))
	require.Equal(t, []int64{1, 2}, ids(t, db, "submit_token"))
}

func TestClean_KeepsItsLimits(t *testing.T) {
	db := sqlite(t)
	for i := 1; i <= 600; i++ {
		insert(t, db, "INSERT INTO submit_token VALUES (?, 1, 't', ?, NULL)", i, ago(20*day))
		insert(t, db, "INSERT INTO submission VALUES (?, 1, ?, ?, 1, NULL)", i, i, ago(20*day))
	}
	d := sqlcleaner.New(db, sqlcleaner.SQLite, cleanup.Policy{})
	report, err := d.Clean(t.Context(), cleanup.Limits{Rounds: -1})
	require.NoError(t, err)
	require.False(t, report.Finished)
	require.Zero(t, report.DeletedSubmissions)

	report, err = d.Clean(t.Context(), cleanup.Limits{Rounds: 1, Rows: 100})
	require.NoError(t, err)
	require.False(t, report.Finished)
	require.Equal(t, 250, report.DeletedSubmissions, "one transaction's worth")

	report, err = d.Clean(t.Context(), cleanup.Limits{})
	require.NoError(t, err)
	require.True(t, report.Finished)
	require.Equal(t, 350, report.DeletedSubmissions)
}

func TestCheck_RefusesWhatIsNotSafe(t *testing.T) {
	db := sqlite(t)
	zurich, err := time.LoadLocation("Europe/Zurich")
	require.NoError(t, err)
	d := sqlcleaner.New(db, sqlcleaner.SQLite, cleanup.Policy{})
	require.NoError(t, d.Check(t.Context(), cleanup.State{}))

	marker := time.Now().In(zurich)
	err = d.Check(t.Context(), cleanup.State{Started: &marker})
	require.ErrorIs(t, err, cleanup.ErrRefused)
	require.ErrorContains(t, err, "Europe/Zurich")
	require.ErrorContains(t, err, "UTC")
	require.NoError(t, sqlcleaner.New(db, sqlcleaner.SQLite, cleanup.Policy{}, sqlcleaner.WithZone(zurich)).Check(t.Context(), cleanup.State{Started: &marker}))

	insert(t, db, "INSERT INTO submit_token VALUES (1, 1, 't', ?, NULL)", ago(-2*time.Hour))
	require.ErrorIs(t, d.Check(t.Context(), cleanup.State{}), cleanup.ErrRefused)

	insert(t, db, "DROP TABLE lockout")
	require.ErrorContains(t, d.Check(t.Context(), cleanup.State{}), "lockout")
}

func TestStatistics_ChangeOnlyRowsOfUnknownStatus(t *testing.T) {
	db := sqlite(t)
	zurich, err := time.LoadLocation("Europe/Zurich")
	require.NoError(t, err)
	d := sqlcleaner.New(db, sqlcleaner.SQLite, cleanup.Policy{}, sqlcleaner.WithZone(zurich))
	at := time.Date(2026, 7, 1, 10, 0, 0, 0, time.UTC)
	id, err := d.Begin(t.Context(), at, cleanup.ExecutorFrontendAPI)
	require.NoError(t, err)
	var text string
	require.NoError(t, db.QueryRow("SELECT CAST(date_time AS TEXT) FROM cleanup_statistic").Scan(&text))
	require.Equal(t, "2026-07-01 12:00:00", text)

	require.NoError(t, d.Touch(t.Context(), id, at.Add(time.Minute)))
	rows, err := d.Recent(t.Context(), 5)
	require.NoError(t, err)
	require.Len(t, rows, 1)
	require.True(t, rows[0].Time.Equal(at.Add(time.Minute)))
	require.Equal(t, cleanup.StatusUnknown, rows[0].Status)

	require.NoError(t, d.Finish(t.Context(), cleanup.Row{ID: id, Time: at, Status: cleanup.StatusComplete, Duration: 1500 * time.Millisecond}))
	require.ErrorIs(t, d.Finish(t.Context(), cleanup.Row{ID: id, Time: at, Status: cleanup.StatusIncomplete}), cleanup.ErrNoRow)
	require.NoError(t, d.Touch(t.Context(), id, at.Add(time.Hour)))
	require.NoError(t, d.Withdraw(t.Context(), id))
	rows, err = d.Recent(t.Context(), 5)
	require.NoError(t, err)
	require.Len(t, rows, 1)
	require.Equal(t, cleanup.StatusComplete, rows[0].Status)
	require.True(t, rows[0].Time.Equal(at))
	require.Equal(t, 1500*time.Millisecond, rows[0].Duration)
}
