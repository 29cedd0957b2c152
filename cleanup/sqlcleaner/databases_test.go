package sqlcleaner_test

import (
	"database/sql"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	_ "github.com/go-sql-driver/mysql"
	_ "github.com/jackc/pgx/v5/stdlib"
	"github.com/stretchr/testify/require"
	_ "modernc.org/sqlite"

	"github.com/mosparo/go-cluster/cache/cachetest/servers"
	"github.com/mosparo/go-cluster/cleanup/sqlcleaner"
	"github.com/mosparo/go-cluster/cleanup/sqlcleaner/schema"
)

// long runs more and larger forms of the tests: 50 killed nodes on each
// database, say.
var long = flag.Bool("long", false, "run the long forms of the tests")

// The servers of these tests are started once, when the first test asks for
// one, and stopped at the end of all.
var (
	all        = &binary{}
	mariaDB    = sync.OnceValues(func() (*servers.MariaDBServer, string) { return start(servers.MariaDB) })
	postgreSQL = sync.OnceValues(func() (*servers.PostgreSQLServer, string) { return start(servers.PostgreSQL) })
)

func TestMain(m *testing.M) {
	if spec := os.Getenv("SQLCLEANER_CHILD"); spec != "" {
		child(spec)
		return
	}
	status := m.Run()
	for _, f := range all.ends {
		f()
	}
	os.Exit(status)
}

// binary is a servers.TB that lives as long as the test binary.
type binary struct{ ends []func() }

// missing says which server is not installed.
type missing string

func (*binary) Helper()                     {}
func (*binary) Logf(string, ...any)         {}
func (b *binary) Cleanup(f func())          { b.ends = append(b.ends, f) }
func (*binary) Fatalf(f string, a ...any)   { panic(missing("FAIL " + fmt.Sprintf(f, a...))) }
func (*binary) Skipf(f string, args ...any) { panic(missing(fmt.Sprintf(f, args...))) }

func start[S any](f func(servers.TB, ...string) S) (s S, why string) {
	defer func() {
		if r := recover(); r != nil {
			why = fmt.Sprint(r)
		}
	}()
	return f(all), ""
}

func need(t testing.TB, why string) {
	t.Helper()
	if strings.HasPrefix(why, "FAIL ") {
		t.Fatal(why)
	}
	if why != "" {
		t.Skip(why)
	}
}

// database is an empty mosparo database.
type database struct {
	*sql.DB
	t       testing.TB
	dialect sqlcleaner.Dialect
	driver  string
	dsn     string
}

var databases atomic.Int64

// create makes a database of its own for a test.
func create(t testing.TB, dialect sqlcleaner.Dialect) *database {
	t.Helper()
	name := fmt.Sprintf("test_%d", databases.Add(1))
	d := &database{t: t, dialect: dialect}
	switch dialect {
	case sqlcleaner.MySQL:
		s, why := mariaDB()
		need(t, why)
		admin := open(t, "mysql", s.DSN())
		admin.exec("CREATE DATABASE " + name)
		t.Cleanup(func() { admin.exec("DROP DATABASE " + name); admin.Close() })
		d.driver, d.dsn = "mysql", s.DSNFor(servers.DatabaseUser, servers.DatabasePassword, name)
	case sqlcleaner.PostgreSQL:
		s, why := postgreSQL()
		need(t, why)
		admin := open(t, "pgx", s.DSN())
		admin.exec("CREATE DATABASE " + name)
		t.Cleanup(func() { admin.exec("DROP DATABASE " + name + " WITH (FORCE)"); admin.Close() })
		d.driver, d.dsn = "pgx", s.DSNFor(servers.DatabaseUser, servers.DatabasePassword, name)
	default:
		d.driver, d.dsn = "sqlite", "file:"+filepath.Join(t.TempDir(), "data.sqlite")+"?_pragma=busy_timeout(10000)&_pragma=journal_mode(WAL)&_pragma=synchronous(OFF)&_txlock=immediate"
	}
	d.DB = open(t, d.driver, d.dsn).DB
	t.Cleanup(func() { d.Close() })
	require.NoError(t, schema.Create(t.Context(), d.DB, dialect))
	return d
}

func open(t testing.TB, driver, dsn string) *database {
	t.Helper()
	db, err := sql.Open(driver, dsn)
	require.NoError(t, err)
	return &database{DB: db, t: t, dialect: map[string]sqlcleaner.Dialect{"sqlite": sqlcleaner.SQLite, "mysql": sqlcleaner.MySQL, "pgx": sqlcleaner.PostgreSQL}[driver]}
}

// onEach runs a test on every kind of database.
func onEach(t *testing.T, f func(t *testing.T, db *database)) {
	for _, d := range []sqlcleaner.Dialect{sqlcleaner.SQLite, sqlcleaner.MySQL, sqlcleaner.PostgreSQL} {
		t.Run(d.String(), func(t *testing.T) { f(t, create(t, d)) })
	}
}

// sql is a statement with the marks and the quotes of the database.
func (d *database) sql(query string) string {
	switch d.dialect {
	case sqlcleaner.MySQL:
		return strings.ReplaceAll(query, `"`, "`")
	case sqlcleaner.PostgreSQL:
		for n := 1; strings.Contains(query, "?"); n++ {
			query = strings.Replace(query, "?", fmt.Sprintf("$%d", n), 1)
		}
	}
	return query
}

func (d *database) exec(query string, args ...any) {
	d.t.Helper()
	_, err := d.Exec(d.sql(query), args...)
	require.NoError(d.t, err, query)
}

// resume lets a table count on after the highest id.
func (d *database) resume(table string) {
	d.t.Helper()
	if d.dialect == sqlcleaner.PostgreSQL { // the others do so by themselves
		d.exec(fmt.Sprintf("SELECT setval(pg_get_serial_sequence('%[1]s', 'id'), (SELECT COALESCE(MAX(id), 0) + 1 FROM %[1]s), false)", table))
	}
}

func (d *database) number(query string, args ...any) (n int64) {
	d.t.Helper()
	require.NoError(d.t, d.QueryRow(d.sql(query), args...).Scan(&n), query)
	return n
}

// ids are all ids of a table.
func (d *database) ids(table string) []int64 {
	d.t.Helper()
	rows, err := d.Query(d.sql(`SELECT id FROM "` + table + `" ORDER BY id`))
	require.NoError(d.t, err)
	defer rows.Close()
	all := []int64{}
	for rows.Next() {
		var id int64
		require.NoError(d.t, rows.Scan(&id))
		all = append(all, id)
	}
	require.NoError(d.t, rows.Err())
	return all
}

// as is the address of a database for another user.
func as(d *database, user, password string) string {
	u := strings.Replace(d.dsn, servers.DatabaseUser+":", user+":", 1)
	return strings.Replace(u, servers.DatabasePassword, password, 1)
}

// seed makes mosparo's tables.
func seed(d *database) {
	d.t.Helper()
	require.NoError(d.t, schema.Create(d.t.Context(), d.DB, d.dialect))
}

// empty deletes all rows.
func (d *database) empty() {
	d.t.Helper()
	d.exec("UPDATE submit_token SET last_submission_id = NULL")
	for _, table := range []string{"partial_submission", "detection_result", "submission", "submit_token", `"delay"`, "lockout", "day_statistic", "cleanup_statistic", "project"} {
		d.exec("DELETE FROM " + table)
	}
}
