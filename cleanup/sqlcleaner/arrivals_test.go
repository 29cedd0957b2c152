package sqlcleaner_test

import (
	"database/sql"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/mosparo/go-cluster/cleanup"
	"github.com/mosparo/go-cluster/cleanup/sqlcleaner"
)

// Between two transactions of a page a visitor submits with a token that was due when the
// page was surveyed: through a connection of their own, or through the one of the run.
func TestClean_SeesWhatIsWrittenBetweenItsTransactions(t *testing.T) {
	onEach(t, func(t *testing.T, db *database) {
		for name, other := range map[string]func() *sql.DB{
			"another connection": func() *sql.DB {
				other := open(t, db.driver, db.dsn).DB
				t.Cleanup(func() { require.NoError(t, other.Close()) })
				return other
			},
			"the same connection": func() *sql.DB { return db.DB },
		} {
			t.Run(name, func(t *testing.T) {
				db.empty()
				db.SetMaxOpenConns(1)
				const tokens, used = 600, 500
				w := &world{projects: []project{{1, "FOREVER"}}}
				for i := 1; i <= tokens; i++ {
					w.tokens = append(w.tokens, token{id: i, age: 20 * day, last: i})
					w.subs = append(w.subs, due(i, i)...)
				}
				w.fill(db, time.Now().UTC())
				app := database{DB: other(), t: t, dialect: db.dialect}
				arrived := false
				progress := sqlcleaner.WithProgress(func(p sqlcleaner.Progress) {
					if p.Step != "submission" || arrived {
						return
					}
					arrived = true
					app.exec("INSERT INTO submission (id, project_id, submit_token_id, submitted_at) VALUES (?, 1, ?, ?)", tokens+1, used, time.Now().UTC().Format(time.DateTime))
				})
				report, err := sqlcleaner.New(db.DB, db.dialect, progress).Clean(t.Context(), cleanup.Job{Limits: cleanup.Limits{Rows: 100}})
				require.NoError(t, err)
				require.True(t, arrived)
				require.Equal(t, tokens-1, report.DeletedSubmissions)
				require.Equal(t, []int64{used}, db.ids("submit_token"))
				require.Equal(t, []int64{used, tokens + 1}, db.ids("submission"))
			})
		}
	})
}
