package doctor_test

import (
	"context"
	"database/sql"
	"fmt"
	"net"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib"
	"github.com/stretchr/testify/require"
	_ "modernc.org/sqlite"

	"github.com/mosparo/go-cluster/cache/cachetest/servers"
	"github.com/mosparo/go-cluster/cleanup"
	"github.com/mosparo/go-cluster/cleanup/sqlcleaner"
	"github.com/mosparo/go-cluster/cleanup/sqlcleaner/schema"
	"github.com/mosparo/go-cluster/cssstore/projectdb"
	"github.com/mosparo/go-cluster/envconfig/connect/doctor"
	"github.com/mosparo/go-cluster/envconfig/connect/mysqlconnector"
)

// server is a database server with mosparo's tables.
type server struct {
	*sql.DB
	t       *testing.T
	dialect sqlcleaner.Dialect
	driver  string
	addr    string
	restart func()
}

func newServer(t *testing.T, driver, dsn string, process *servers.Process) *server {
	t.Helper()
	db, err := sql.Open(driver, dsn)
	require.NoError(t, err)
	t.Cleanup(func() { db.Close() })
	dialect, err := sqlcleaner.DialectOf(driver)
	require.NoError(t, err)
	require.NoError(t, schema.Create(t.Context(), db, dialect))
	return &server{db, t, dialect, map[sqlcleaner.Dialect]string{sqlcleaner.MySQL: "pdo_mysql", sqlcleaner.PostgreSQL: "pdo_pgsql"}[dialect], process.Addr(), process.Restart}
}

// in returns the server for a subtest.
func (s *server) in(t *testing.T) *server {
	other := *s
	other.t = t
	return &other
}

func (s *server) exec(query string) {
	s.t.Helper()
	_, err := s.Exec(query)
	require.NoError(s.t, err, query)
}

// examine examines the database as its first user, with other settings.
func (s *server) examine(environ []string, opts ...doctor.Option) doctor.Report {
	s.t.Helper()
	host, port, err := net.SplitHostPort(s.addr)
	require.NoError(s.t, err)
	all := append([]string{
		"database_driver=" + s.driver, "database_host=" + host, "database_port=" + port, "database_name=" + servers.DatabaseName,
		"database_user=" + servers.DatabaseUser, "database_password=" + servers.DatabasePassword,
		"-REDIS_URL", "MOSPARO_CACHE_ADAPTER=", "FILESYSTEM_CACHE_PATH=" + s.t.TempDir(),
	}, environ...)
	ctx, cancel := context.WithTimeout(s.t.Context(), 20*time.Second)
	defer cancel()
	r := doctor.Examine(ctx, settings(s.t, all...), append([]doctor.Option{doctor.WithMySQL(mysqlconnector.New)}, opts...)...)
	r.Findings = slices.DeleteFunc(steady(r), func(f doctor.Finding) bool {
		return f.Code == "cache_dir_missing" || f.Code == "database_setting_warning"
	})
	require.NotContains(s.t, fmt.Sprint(r), servers.DatabasePassword)
	return r
}

// finds returns the finding with a code.
func (s *server) finds(code string, environ ...string) doctor.Finding {
	s.t.Helper()
	return find(s.t, s.examine(environ).Findings, code)
}

// as creates a user with statements, and returns the settings of that user.
func (s *server) as(user string, statements ...string) []string {
	s.t.Helper()
	create, name := "CREATE USER %s IDENTIFIED BY 'geheim77'", "'"+user+"'@'%'"
	if s.dialect == sqlcleaner.PostgreSQL {
		create, name = "CREATE USER %s PASSWORD 'geheim77'", `"`+user+`"`
	}
	s.exec(fmt.Sprintf(create, name))
	for _, grant := range statements {
		s.exec(strings.ReplaceAll(grant, "NAME", name))
	}
	return []string{"database_user=" + user, "database_password=geheim77"}
}

func mariaDB(t *testing.T) *server {
	t.Helper()
	m := servers.MariaDB(t)
	return newServer(t, "mysql", m.DSN(), m.Process)
}

func postgreSQL(t *testing.T) *server {
	t.Helper()
	p := servers.PostgreSQL(t)
	return newServer(t, "pgx", p.DSN(), p.Process)
}

func TestDatabase_OnMariaDBAndPostgreSQL(t *testing.T) {
	for name, start := range map[string]func(*testing.T) *server{"MariaDB": mariaDB, "PostgreSQL": postgreSQL} {
		t.Run(name, func(t *testing.T) {
			s := start(t)
			t.Run("fine", func(t *testing.T) { s.in(t).testFine(t) })
			t.Run("refused", func(t *testing.T) { s.in(t).testRefused(t) })
			t.Run("checks", func(t *testing.T) { s.in(t).testChecks(t) })
			t.Run("rights", func(t *testing.T) { s.in(t).testRights(t) })
			t.Run("grants", func(t *testing.T) { s.in(t).testGrants(t) })
			t.Run("clock", func(t *testing.T) { s.in(t).testClock(t) })
			t.Run("isolation", func(t *testing.T) { s.in(t).testIsolation(t) })
			t.Run("slow", func(t *testing.T) {
				other := s.in(t)
				other.addr = alterProxy(t, s.addr, late(slow))
				require.Equal(t, doctor.Warning, other.finds("database_slow").Severity)
			})
			t.Run("without connections and writes", func(t *testing.T) { s.in(t).testScarce(t) })
		})
	}
}

func (s *server) testFine(t *testing.T) {
	r := s.examine(nil)
	require.Empty(t, r.Findings)
	p := part(t, r, "database")
	require.NotEmpty(t, p.Version)
	require.Positive(t, p.Latency)
	require.Less(t, p.Ahead.Abs(), time.Second)
	require.NotEmpty(t, p.Facts["max_connections"])
	require.NotEmpty(t, p.Facts["isolation"])
	require.Equal(t, "0", p.Facts["projects"])
}

func (s *server) testRefused(t *testing.T) {
	s.finds("database_unauthorized", "database_password=wrong-geheim77")
	s.finds("database_missing", "database_name=nothing_here")
	s.finds("database_unreachable", "database_port=1")
	if s.dialect == sqlcleaner.MySQL { // for PostgreSQL, mosparo has no setting
		cert, _ := certificate(t)
		s.finds("database_tls", "DATABASE_MYSQL_SSL=1", "DATABASE_MYSQL_SSL_CA="+cert)
	}
	require.NotContains(t, fmt.Sprint(s.finds("database_unauthorized", "database_password=wrong-geheim77")), "geheim77")
}

func (s *server) testChecks(t *testing.T) {
	for _, c := range []struct{ code, do, undo string }{
		{"database_columns", "ALTER TABLE submission ADD score INT", "ALTER TABLE submission DROP COLUMN score"},
		{"database_migrations", "INSERT INTO doctrine_migration_versions (version) VALUES ('Version20990101000000')", "DELETE FROM doctrine_migration_versions WHERE version = 'Version20990101000000'"},
		{"database_foreign_keys", "CREATE TABLE attachment (id INT, s INT, CONSTRAINT of_s FOREIGN KEY (s) REFERENCES submission (id) ON DELETE CASCADE)", "DROP TABLE attachment"},
	} {
		s.exec(c.do)
		require.Equal(t, doctor.Error, s.finds(c.code).Severity)
		s.exec(c.undo)
	}
	s.exec("INSERT INTO project (id) VALUES (7)")
	s.exec("INSERT INTO submit_token (project_id, token, created_at) VALUES (7, 't', '" + time.Now().UTC().Add(2*time.Hour).Format(time.DateTime) + "')")
	s.finds("time_zone")
	zone := time.FixedZone("PHP", 2*60*60)
	require.Empty(t, s.examine(nil, doctor.WithZone(zone)).Findings)
	s.exec("DELETE FROM submit_token")
	s.exec("DELETE FROM project")
}

func (s *server) testRights(t *testing.T) {
	readAll := map[sqlcleaner.Dialect]string{sqlcleaner.MySQL: "GRANT SELECT ON *.* TO NAME", sqlcleaner.PostgreSQL: "GRANT SELECT ON ALL TABLES IN SCHEMA public TO NAME"}[s.dialect]
	reader := s.as("reader", readAll)
	f := s.finds("database_rights", reader...)
	require.Equal(t, doctor.Warning, f.Severity, "a node may observe")
	for _, statement := range strings.Split(f.Remedy, "; ") {
		s.exec(statement)
	}
	require.Empty(t, s.examine(reader).Findings, "the remedy is enough")

	one := map[sqlcleaner.Dialect]string{sqlcleaner.MySQL: "GRANT SELECT ON project_group TO NAME", sqlcleaner.PostgreSQL: ""}[s.dialect]
	var rights []string
	if one != "" {
		s.exec("CREATE TABLE IF NOT EXISTS project_group (id INT)")
		rights = append(rights, one)
	}
	nobody := s.as("nobody", rights...)
	all := s.examine(nobody).Findings
	f = find(t, all, "database_rights")
	require.Equal(t, doctor.Error, f.Severity)
	require.Contains(t, f.Remedy, "SELECT")
	require.Contains(t, find(t, all, "database_projects").Remedy, "project_config_value")
}

func (s *server) testGrants(t *testing.T) {
	name := map[sqlcleaner.Dialect]string{sqlcleaner.MySQL: "'granted'@'%'", sqlcleaner.PostgreSQL: `"granted"`}[s.dialect]
	all := doctor.Grants(s.dialect, name, cleanup.ModeClean)
	granted := s.as("granted", all...)
	require.Empty(t, s.examine(granted).Findings)
	s.cleans(t, "granted")
	// Without any one of the rights, doctor names it.
	for _, statement := range all {
		verbs, rest, _ := strings.Cut(strings.TrimPrefix(statement, "GRANT "), " ON ")
		for _, verb := range strings.Split(verbs, ", ") {
			table, _, _ := strings.Cut(rest, " TO ")
			s.exec("REVOKE " + verb + " ON " + table + " FROM " + name)
			found := s.examine(granted).Findings
			require.True(t, slices.ContainsFunc(found, func(f doctor.Finding) bool {
				return strings.Contains(f.Remedy, verb) && strings.Contains(f.Remedy, strings.Trim(table, "`\""))
			}), "%s on %s: %v", verb, table, found)
			s.exec("GRANT " + verb + " ON " + table + " TO " + name)
		}
	}
	name = strings.Replace(name, "granted", "observer", 1)
	observer := s.as("observer", doctor.Grants(s.dialect, name, cleanup.ModeObserve)...)
	r := s.examine(observer)
	require.Equal(t, doctor.Warning, doctor.Worst(r.Findings), r.Findings)
	require.Equal(t, []string{"database_rights"}, codes(r.Findings))
	require.Equal(t, doctor.Note, doctor.Worst(s.examine(observer, doctor.WithMode(cleanup.ModeObserve)).Findings))
	s.observes(t, "observer")
}

// user returns the database as a user of [server.as].
func (s *server) user(t *testing.T, name string) *sql.DB {
	t.Helper()
	driver, dsn := "mysql", fmt.Sprintf("%s:geheim77@tcp(%s)/%s", name, s.addr, servers.DatabaseName)
	if s.dialect == sqlcleaner.PostgreSQL {
		driver, dsn = "pgx", fmt.Sprintf("postgres://%s:geheim77@%s/%s?sslmode=disable", name, s.addr, servers.DatabaseName)
	}
	db, err := sql.Open(driver, dsn)
	require.NoError(t, err)
	t.Cleanup(func() { db.Close() })
	return db
}

// cleans does what a node that cleans does with the database.
func (s *server) cleans(t *testing.T, name string) {
	t.Helper()
	due := time.Now().UTC().AddDate(0, 0, -20).Format(time.DateTime)
	s.exec("INSERT INTO project (id, statistic_storage_limit) VALUES (1, '1Y')")
	for _, q := range []string{
		"INSERT INTO submit_token (id, project_id, token, created_at) VALUES (1, 1, 't', '" + due + "'), (2, 1, 'u', '" + due + "')",
		"INSERT INTO submission (id, project_id, submit_token_id, submitted_at, spam, valid) VALUES (1, 1, 1, '" + due + "', TRUE, FALSE)",
		"UPDATE submit_token SET last_submission_id = 1 WHERE id = 1",
		"INSERT INTO detection_result (project_id, submission_id) VALUES (1, 1)",
		"INSERT INTO partial_submission (project_id, submit_token_id) VALUES (1, 2)",
		"INSERT INTO lockout (valid_until) VALUES ('" + due + "')",
		map[sqlcleaner.Dialect]string{sqlcleaner.MySQL: "INSERT INTO `delay`", sqlcleaner.PostgreSQL: `INSERT INTO "delay"`}[s.dialect] + " (valid_until) VALUES ('" + due + "')",
		"INSERT INTO day_statistic (project_id, date) VALUES (1, '2001-01-01')",
	} {
		s.exec(q)
	}
	db := s.user(t, name)
	d := sqlcleaner.New(db, s.dialect)
	require.NoError(t, d.Check(t.Context(), cleanup.Policy{}, cleanup.Snapshot{}))
	id, err := d.Begin(t.Context(), time.Now(), cleanup.ExecutorCommand)
	require.NoError(t, err)
	report, err := d.Clean(t.Context(), cleanup.Job{})
	require.NoError(t, err)
	require.Equal(t, map[string]int{"submission": 1, "submit_token": 2, "detection_result": 1, "partial_submission": 1, "delay": 1, "lockout": 1, "day_statistic": 1}, report.Rows)
	require.NoError(t, d.Finish(t.Context(), cleanup.Run{ID: id, Time: time.Now(), Status: cleanup.StatusComplete}))
	_, err = projectdb.New(db, s.dialect).Projects(t.Context())
	require.NoError(t, err)
	s.exec("DELETE FROM project")
	s.exec("DELETE FROM cleanup_statistic")
}

// observes does what a node that observes does with the database.
func (s *server) observes(t *testing.T, name string) {
	t.Helper()
	db := s.user(t, name)
	d := sqlcleaner.New(db, s.dialect)
	_, err := d.Recent(t.Context(), 10)
	require.NoError(t, err)
	_, err = d.DryRun(t.Context(), cleanup.Policy{})
	require.NoError(t, err)
	_, err = projectdb.New(db, s.dialect).Projects(t.Context())
	require.NoError(t, err)
}

// testClock gives a user another time.
func (s *server) testClock(t *testing.T) {
	for seconds, severity := range map[string]doctor.Severity{"3": doctor.Warning, "90": doctor.Error} {
		user := "clock" + seconds
		if s.dialect == sqlcleaner.MySQL {
			all := s.as(user, "GRANT SELECT, INSERT, UPDATE, DELETE ON *.* TO NAME")
			s.exec("SET GLOBAL init_connect = 'SET timestamp = UNIX_TIMESTAMP() + " + seconds + "'") // for users without SUPER
			require.Equal(t, severity, s.finds("database_clock", all...).Severity)
			s.exec("SET GLOBAL init_connect = ''")
			continue
		}
		all := s.as(user, "CREATE SCHEMA "+user, "GRANT ALL ON SCHEMA "+user+" TO NAME", "GRANT ALL ON ALL TABLES IN SCHEMA public TO NAME",
			"CREATE FUNCTION "+user+".clock_timestamp() RETURNS timestamptz LANGUAGE sql AS 'SELECT pg_catalog.clock_timestamp() + interval ''"+seconds+" s'''",
			"ALTER USER NAME SET search_path = "+user+", pg_catalog, public")
		require.Equal(t, severity, s.finds("database_clock", all...).Severity)
	}
}

func (s *server) testIsolation(t *testing.T) {
	set, back := "SET GLOBAL TRANSACTION ISOLATION LEVEL SERIALIZABLE", "SET GLOBAL TRANSACTION ISOLATION LEVEL REPEATABLE READ"
	if s.dialect == sqlcleaner.PostgreSQL {
		set, back = "ALTER DATABASE mosparo SET default_transaction_isolation = 'serializable'", "ALTER DATABASE mosparo RESET default_transaction_isolation"
	}
	s.exec(set)
	require.Equal(t, doctor.Warning, s.finds("database_isolation").Severity)
	s.exec(back)
}

// testScarce leaves the server so that it takes no writes.
func (s *server) testScarce(t *testing.T) {
	if s.dialect == sqlcleaner.MySQL {
		s.exec("SET GLOBAL max_connections = 10")
	} else {
		s.exec("ALTER SYSTEM SET max_connections = 10")
		s.exec("ALTER SYSTEM SET superuser_reserved_connections = 0")
		s.SetMaxIdleConns(0) // those of before
		s.restart()
		s.SetMaxIdleConns(2)
	}
	var held []*sql.Conn
	for range 8 {
		c, err := s.Conn(t.Context())
		require.NoError(t, err)
		held = append(held, c)
	}
	require.Equal(t, doctor.Warning, s.finds("database_connections_scarce").Severity)
	// A server counts a connection for a moment after its end.
	require.Eventually(t, func() bool {
		for {
			c, err := s.Conn(t.Context())
			if err != nil {
				break
			}
			held = append(held, c)
		}
		return slices.Contains(codes(s.examine(nil).Findings), "database_connections_exhausted")
	}, 20*time.Second, 10*time.Millisecond)
	require.Equal(t, doctor.Error, s.finds("database_connections_exhausted").Severity)
	for _, c := range held {
		require.NoError(t, c.Close())
	}
	s.exec(map[sqlcleaner.Dialect]string{sqlcleaner.MySQL: "SET GLOBAL read_only = 1", sqlcleaner.PostgreSQL: "ALTER DATABASE mosparo SET default_transaction_read_only = on"}[s.dialect])
	require.Equal(t, doctor.Error, s.finds("database_read_only").Severity)
}

func TestDatabase_SQLite(t *testing.T) {
	file := filepath.Join(t.TempDir(), "data.sqlite")
	look := func(environ ...string) []doctor.Finding {
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
		defer cancel()
		return doctor.Examine(ctx, settings(t, append([]string{
			"database_driver=pdo_sqlite", "database_path=" + file, "-REDIS_URL", "MOSPARO_CACHE_ADAPTER=", "FILESYSTEM_CACHE_PATH=" + t.TempDir(),
		}, environ...)...)).Findings
	}
	missing := find(t, look(), "database_unreachable")
	require.Contains(t, missing.What, "does not exist")
	require.Contains(t, missing.Remedy, "database_path")
	db, err := sql.Open("sqlite", "file:"+file)
	require.NoError(t, err)
	defer db.Close()
	require.NoError(t, schema.Create(t.Context(), db, sqlcleaner.SQLite))
	require.Equal(t, []string{"cache_dir_missing"}, codes(look()))
	_, err = db.Exec("DROP TABLE lockout")
	require.NoError(t, err)
	find(t, look(), "database_columns")
	find(t, look("database_driver=pdo_mysql", "DATABASE_MYSQL_SSL=1"), "database_setting_invalid")

	_, err = db.Exec("DROP TABLE submit_token")
	require.NoError(t, err)
	find(t, look(), "database_check_failed")
}

func TestDatabase_AProgramWithoutTheDriverIsAFinding(t *testing.T) {
	r := doctor.Examine(t.Context(), settings(t, "-REDIS_URL", "MOSPARO_CACHE_ADAPTER=", "DATABASE_MYSQL_SSL=1", "DATABASE_MYSQL_SSL_CA=/nothing"))
	find(t, r.Findings, "database_setting_invalid")
}
