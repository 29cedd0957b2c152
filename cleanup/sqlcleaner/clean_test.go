package sqlcleaner_test

import (
	"compress/gzip"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/mosparo/go-cluster/cleanup"
	"github.com/mosparo/go-cluster/cleanup/sqlcleaner"
)

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
	awayFromMidnight()
	f, err := os.Open("testdata/cleanup-database.json.gz")
	require.NoError(t, err)
	defer f.Close()
	z, err := gzip.NewReader(f)
	require.NoError(t, err)
	require.NoError(t, json.NewDecoder(z).Decode(&r))
	return r
}

// fill inserts the recorded rows: times are ages in seconds, dates in days.
func (r recorded) fill(d *database, now time.Time) {
	d.t.Helper()
	more := map[string][2]string{"submit_token": {"token", "'t'"}, "cleanup_statistic": {"execution_time", "0"}}
	// Tokens and submissions refer to each other: the tokens' half comes last.
	for _, table := range []string{"project", "submit_token", "submission", "partial_submission", "detection_result", "delay", "lockout", "day_statistic", "cleanup_statistic"} {
		columns := r.Columns[table]
		insert(d, fmt.Sprintf("%q (%s)", table, strings.Trim(strings.Join(columns, ", ")+", "+more[table][0], ", ")), r.Before[table], func(row []any) string {
			values := make([]string, len(row), len(row)+1)
			for i, v := range row {
				values[i] = recordedValue(d, table, columns[i], v, now)
			}
			return strings.Trim(strings.Join(values, ", ")+", "+more[table][1], ", ")
		})
	}
	for _, row := range r.Before["submit_token"] {
		if row[3] != nil {
			d.exec("UPDATE submit_token SET last_submission_id = ? WHERE id = ?", int64(row[3].(float64)), int64(row[0].(float64)))
		}
	}
}

func recordedValue(d *database, table, column string, v any, now time.Time) string {
	n, isNumber := v.(float64)
	switch {
	case v == nil || column == "last_submission_id":
		return "NULL"
	case column == "spam" || column == "valid":
		return map[bool]string{true: "TRUE", false: "FALSE"}[v == true || n != 0]
	case !isNumber:
		return fmt.Sprintf("'%v'", v)
	case column == "date":
		return "'" + now.AddDate(0, 0, -int(n)).Format(time.DateOnly) + "'"
	case strings.HasSuffix(column, "_at") || column == "valid_until" || column == "date_time":
		return "'" + now.Add(-time.Duration(n)*time.Second).Format(time.DateTime) + "'"
	}
	return fmt.Sprint(int64(n))
}

// databaseName is that of the recordings.
var databaseName = map[sqlcleaner.Dialect]string{sqlcleaner.SQLite: "sqlite", sqlcleaner.MySQL: "mysql", sqlcleaner.PostgreSQL: "postgresql"}

func TestClean_LeavesWhatMosparoLeft(t *testing.T) {
	r := load(t)
	onEach(t, func(t *testing.T, db *database) {
		now := time.Now().UTC()
		r.fill(db, now)
		db.resume("cleanup_statistic")
		d := sqlcleaner.New(db.DB, db.dialect)

		id, err := d.Begin(t.Context(), now, cleanup.ExecutorCommand)
		require.NoError(t, err)
		report, err := d.Clean(t.Context(), cleanup.Job{})
		require.NoError(t, err)
		require.True(t, report.Finished)
		require.NoError(t, d.Finish(t.Context(), cleanup.Run{
			ID: id, Time: now, Status: cleanup.StatusComplete,
			StoredTokens: report.StoredTokens, DeletedTokens: report.DeletedTokens,
			StoredSubmissions: report.StoredSubmissions, DeletedSubmissions: report.DeletedSubmissions,
		}))

		want, ok := r.After[databaseName[db.dialect]]
		require.True(t, ok)
		for table, left := range want.IDs {
			require.Equal(t, left, db.ids(table), table)
		}
		rows, err := d.Recent(t.Context(), 1)
		require.NoError(t, err)
		got := rows[0]
		s := want.Statistic // id, age, executor, stored and deleted tokens, stored and deleted submissions, status
		require.Equal(t, []float64{s[2], s[3], s[4], s[5], s[6], s[7]}, []float64{
			float64(got.Executor), float64(got.StoredTokens), float64(got.DeletedTokens),
			float64(got.StoredSubmissions), float64(got.DeletedSubmissions), float64(got.Status),
		})
	})
}

func TestClean_LeavesWhatTheModelLeaves(t *testing.T) {
	seeds, size := 6, 300
	if *long {
		seeds, size = 30, 1200
	}
	for _, dialect := range []sqlcleaner.Dialect{sqlcleaner.SQLite, sqlcleaner.MySQL, sqlcleaner.PostgreSQL} {
		t.Run(dialect.String(), func(t *testing.T) {
			db := create(t, dialect)
			for seed := range seeds {
				t.Run(fmt.Sprint(seed), func(t *testing.T) {
					db.empty()
					r := rand.New(rand.NewPCG(uint64(seed), 5))
					w := random(r, 20+r.IntN(size))
					now := time.Now().UTC()
					w.fill(db, now)
					conn := db.DB
					if dialect == sqlcleaner.SQLite && seed%3 == 0 { // mosparo does not, but the user of this package may
						conn = open(t, db.driver, db.dsn+"&_pragma=foreign_keys(1)").DB
						defer conn.Close()
					}
					d := sqlcleaner.New(conn, dialect)
					before := w.left()
					would, err := d.DryRun(t.Context(), w.policy)
					require.NoError(t, err)
					w.holds(db)

					// Limits divide the run, and change nothing in the end.
					l := cleanup.Limits{Rows: 1 + r.IntN(300)}
					var report cleanup.Report
					var rows map[string]int
					if seed%2 == 0 {
						l.Rounds = 1
						report, rows = exhaust(t, d, cleanup.Job{Policy: w.policy, Limits: l})
						w.exhaust(now, dialect)
					} else {
						report, err = d.Clean(t.Context(), cleanup.Job{Policy: w.policy, Limits: l})
						require.NoError(t, err)
						require.True(t, report.Finished)
						rows = report.Rows
						w.clean(now, dialect)
					}
					w.holds(db)
					after := w.left()
					for table, n := range counts(before, after) {
						require.Equal(t, n, rows[table], table)
						if l.Rounds == 0 {
							require.Equal(t, n, would.Rows[table], "dry run: %s", table)
						}
					}
					require.Equal(t, len(after["submit_token"]), report.StoredTokens)
					require.Equal(t, len(after["submission"]), report.StoredSubmissions)
				})
			}
		})
	}
}
