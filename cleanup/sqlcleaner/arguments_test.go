package sqlcleaner_test

import (
	"database/sql"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/mosparo/go-cluster/cleanup"
	"github.com/mosparo/go-cluster/cleanup/sqlcleaner"
)

func TestNew_PanicsForAProgrammersMistakeAndNamesIt(t *testing.T) {
	db := &sql.DB{}
	for name, f := range map[string]func(){
		"sqlcleaner: New: db is nil":                 func() { sqlcleaner.New(nil, sqlcleaner.SQLite) },
		"sqlcleaner: New: opts has a nil Option":     func() { sqlcleaner.New(db, sqlcleaner.SQLite, nil) },
		"sqlcleaner: New: dialect is Dialect(0)":     func() { sqlcleaner.New(db, 0) },
		"sqlcleaner: New: dialect is Dialect(4)":     func() { sqlcleaner.New(db, 4) },
		"sqlcleaner: WithZone: loc is nil":           func() { sqlcleaner.New(db, sqlcleaner.SQLite, sqlcleaner.WithZone(nil)) },
		"sqlcleaner: WithReconnect: t is below zero": func() { sqlcleaner.New(db, sqlcleaner.SQLite, sqlcleaner.WithReconnect(-1)) },
	} {
		require.PanicsWithValue(t, name, f)
	}
}

func TestNew_IsSilentWithoutAnObserver(t *testing.T) {
	db := create(t, sqlcleaner.SQLite)
	db.exec("INSERT INTO project (id) VALUES (1)")
	db.exec("INSERT INTO submit_token (id, project_id, token, created_at) VALUES (1, 1, 't', '9999-01-01 00:00:00')")
	db.exec(`INSERT INTO "delay" (id, valid_until) VALUES (1, '2020-01-01 00:00:00')`)
	d := sqlcleaner.New(db.DB, db.dialect, sqlcleaner.WithProgress(nil), sqlcleaner.WithLogger(nil))
	require.NoError(t, d.Check(t.Context(), cleanup.Policy{}, cleanup.Snapshot{}))
	report, err := d.Clean(t.Context(), cleanup.Job{})
	require.NoError(t, err)
	require.Equal(t, 1, report.Rows["delay"])
}

func TestDialectOf_KnowsTheDriversOfItsDatabases(t *testing.T) {
	for driver, want := range map[string]sqlcleaner.Dialect{
		"sqlite": sqlcleaner.SQLite, "sqlite3": sqlcleaner.SQLite, "mysql": sqlcleaner.MySQL, "pgx": sqlcleaner.PostgreSQL, "postgres": sqlcleaner.PostgreSQL,
	} {
		got, err := sqlcleaner.DialectOf(driver)
		require.NoError(t, err)
		require.Equal(t, want, got)
	}
	for _, driver := range []string{"mariadb", "", "sqlserver"} {
		_, err := sqlcleaner.DialectOf(driver)
		require.ErrorIs(t, err, sqlcleaner.ErrUnknownDriver)
		require.ErrorContains(t, err, `"`+driver+`"`)
	}
}
