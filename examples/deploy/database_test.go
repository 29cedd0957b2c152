package deploy_test

import (
	"database/sql"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"

	_ "github.com/go-sql-driver/mysql"
	"github.com/stretchr/testify/require"

	"github.com/mosparo/go-cluster/cache/cachetest/servers"
	"github.com/mosparo/go-cluster/cleanup"
	"github.com/mosparo/go-cluster/cleanup/sqlcleaner"
	"github.com/mosparo/go-cluster/envconfig/connect/doctor"
)

// mariadbArgs returns the settings of a shipped file as arguments.
func mariadbArgs(t *testing.T, name string) (args []string) {
	t.Helper()
	for line := range strings.Lines(read(t, name)) {
		key, value, ok := strings.Cut(strings.TrimSpace(line), " = ")
		if !ok || strings.HasPrefix(key, "#") {
			require.Regexp(t, `^(#.*|\[mariadbd\])?$`, strings.TrimSpace(line))
			continue
		}
		args = append(args, "--"+key+"="+value)
	}
	return args
}

// statements returns the statements of a shipped file.
func statements(t *testing.T, name string) (all []string) {
	t.Helper()
	text := regexp.MustCompile(`(?m)^--.*\n`).ReplaceAllString(read(t, name), "")
	for s := range strings.SplitSeq(text, ";\n") {
		if s = strings.TrimSpace(s); s != "" {
			all = append(all, s)
		}
	}
	return all
}

// commented returns the statements that stand in comments, indented, in a shipped file.
func commented(t *testing.T, name string) (all []string) {
	t.Helper()
	for _, m := range regexp.MustCompile(`(?m)^--   (.*)$`).FindAllStringSubmatch(read(t, name), -1) {
		for s := range strings.SplitSeq(m[1], ";") {
			if s = strings.TrimSpace(s); s != "" {
				all = append(all, s)
			}
		}
	}
	return all
}

func open(t *testing.T, driver, dsn string) *sql.DB {
	t.Helper()
	db, err := sql.Open(driver, dsn)
	require.NoError(t, err)
	t.Cleanup(func() { _ = db.Close() })
	return db
}

// Two MariaDB servers with the shipped files: the second one follows, a Go node refuses to
// clean on it, and cleans once it has taken over.
func TestMariaDB_ReplicaTakesOver(t *testing.T) {
	if os.Getenv("MOSPARO_TEST_LONG") != "1" {
		t.Skip("long; runs with MOSPARO_TEST_LONG=1")
	}
	args := mariadbArgs(t, "database/mariadb.cnf")
	first := servers.MariaDB(t, args...)
	second := servers.MariaDB(t, append(args, "--server-id=2", "--read-only=ON")...)
	one, two := open(t, "mysql", first.DSN()), open(t, "mysql", second.DSN())
	fill(t, one, sqlcleaner.MySQL)
	sqls := commented(t, "database/replica.sql")
	require.Len(t, sqls, 5)
	execute(t, two, "RESET MASTER") // as a copy of the first one has none of its own
	for _, s := range sqls[:2] {
		execute(t, one, strings.ReplaceAll(s, "10.0.0.%", "%"))
	}
	for _, s := range statements(t, "database/replica.sql") {
		s = strings.NewReplacer("10.0.0.41", "127.0.0.1", "MASTER_PORT = 3306", fmt.Sprintf("MASTER_PORT = %d", first.Port())).Replace(s)
		execute(t, two, s)
	}
	require.Eventually(t, func() bool {
		var n int
		return two.QueryRow("SELECT COUNT(*) FROM submit_token").Scan(&n) == nil && n == 2
	}, patience, poll, "it follows")
	var on string
	require.NoError(t, one.QueryRow("SHOW STATUS LIKE 'Rpl_semi_sync_master_clients'").Scan(new(string), &on))
	require.Equal(t, "1", on)

	dir := mosparoDir(t, map[string]string{
		"database_driver": "pdo_mysql", "database_host": "127.0.0.1", "database_port": fmt.Sprint(second.Port()),
		"database_name": servers.DatabaseName, "database_user": servers.DatabaseUser, "database_password": servers.DatabasePassword,
	})
	clean := func() (string, error) {
		cmd := exec.Command(program(t, "mosparo-cleanupd"), "--dir", dir, "--clean")
		cmd.Env = append(os.Environ(), "FILESYSTEM_CACHE_PATH="+filepath.Join(dir, "cache"))
		out, err := cmd.CombinedOutput()
		return string(out), err
	}
	out, err := clean()
	var status *exec.ExitError
	require.ErrorAs(t, err, &status)
	require.Equal(t, 77, status.ExitCode(), out)
	require.Contains(t, out, "read-only")

	first.Kill()
	for _, s := range sqls[2:] {
		execute(t, two, s)
	}
	out, err = clean()
	require.NoError(t, err, out)
	require.Equal(t, 1, count(t, two, "SELECT COUNT(*) FROM submit_token"))
}

// MariaDB knows the settings of the file.
func TestGalera_SettingsAreValid(t *testing.T) {
	args := append([]string{"--no-defaults", "--help", "--verbose", "--user=nobody", "--datadir=" + t.TempDir()}, mariadbArgs(t, "database/galera.cnf")...)
	command(t, servers.Find(t, "mariadbd", "mariadb-server"), args...)
}

// Three Galera servers are more than a test needs: one of them starts with the file.
func TestGalera_StartsWithTheFile(t *testing.T) {
	if os.Getenv("MOSPARO_TEST_LONG") != "1" {
		t.Skip("long; runs with MOSPARO_TEST_LONG=1")
	}
	provider := "/usr/lib/galera/libgalera_smm.so"
	if _, err := os.Stat(provider); err != nil {
		servers.Missing(t, "Galera", "galera-4")
	}
	s := newSite(t)
	var args []string
	for _, a := range mariadbArgs(t, "database/galera.cnf") {
		if strings.HasPrefix(a, "--wsrep-cluster-address=") {
			require.Equal(t, "--wsrep-cluster-address=gcomm://10.0.0.41,10.0.0.42,10.0.0.43", a)
		}
		args = append(args, s.translate(a))
	}
	args = append(args, "--wsrep-new-cluster", // as galera_new_cluster says on the first one
		"--wsrep-provider-options=gmcast.listen_addr=tcp://"+s.addr(41, 4567)+";ist.recv_addr="+s.addr(41, 4568)+";gcache.size=16M")
	db := open(t, "mysql", servers.MariaDB(t, args...).DSN())
	require.Eventually(t, func() bool {
		var name, state string
		return db.QueryRow("SHOW STATUS LIKE 'wsrep_local_state_comment'").Scan(&name, &state) == nil && state == "Synced"
	}, patience, poll)
}

// forward makes an address lead to a server until the test ends.
func forward(t *testing.T, from, to string) {
	t.Helper()
	l, err := net.Listen("tcp", from)
	require.NoError(t, err)
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				d, err := net.Dial("tcp", to)
				if err != nil {
					return
				}
				defer d.Close()
				go func() { _, _ = io.Copy(d, c) }()
				_, _ = io.Copy(c, d)
			}()
		}
	}()
}

// postgresArgs returns the settings of the shipped file as arguments.
func postgresArgs() (args []string, err error) {
	text, err := os.ReadFile("database/postgresql.conf")
	for line := range strings.Lines(string(text)) {
		if key, value, ok := strings.Cut(strings.TrimSpace(line), " = "); ok && !strings.HasPrefix(key, "#") {
			args = append(args, "-c", key+"="+strings.Trim(value, "'"))
		}
	}
	return args, err
}

// binary is a servers.TB that lives as long as the test binary.
type binary struct{ ends []func() }

// ended is why a binary cannot have a server.
type ended struct {
	skipped bool
	why     string
}

func (*binary) Helper()                        {}
func (*binary) Logf(string, ...any)            {}
func (b *binary) Cleanup(f func())             { b.ends = append([]func(){f}, b.ends...) }
func (*binary) Fatalf(format string, a ...any) { panic(ended{false, fmt.Sprintf(format, a...)}) }
func (*binary) Skipf(format string, a ...any)  { panic(ended{true, fmt.Sprintf(format, a...)}) }

var all = &binary{}

// startPostgres starts the server of the tests that need one, with the shipped settings.
var startPostgres = sync.OnceValues(func() (s *servers.PostgreSQLServer, why ended) {
	defer func() {
		if r := recover(); r != nil {
			why = r.(ended) //nolint:errcheck // another panic is a mistake of ours
		}
	}()
	args, err := postgresArgs()
	if err != nil {
		return nil, ended{false, err.Error()}
	}
	return servers.PostgreSQL(all, append(args, "-c", "listen_addresses=127.0.0.1")...), ended{}
})

// postgres returns a PostgreSQL with the shipped settings and an empty database. It is one
// server for all tests, so none of them is parallel.
func postgres(t *testing.T) *servers.PostgreSQLServer {
	t.Helper()
	s, why := startPostgres()
	if why.skipped {
		t.Skip(why.why)
	}
	require.Empty(t, why.why)
	admin := open(t, "pgx", s.DSNFor(servers.DatabaseUser, servers.DatabasePassword, "postgres"))
	execute(t, admin, "DROP DATABASE "+servers.DatabaseName+" WITH (FORCE)")
	execute(t, admin, "CREATE DATABASE "+servers.DatabaseName)
	return s
}

// A server with the shipped settings and its standby: PHP and Go nodes that know both hosts
// reach the one that takes writes, before and after a failover.
func TestPostgreSQL_NodesFollowAFailover(t *testing.T) {
	if os.Getenv("MOSPARO_TEST_LONG") != "1" {
		t.Skip("long; runs with MOSPARO_TEST_LONG=1")
	}
	php := servers.PHP(t, "pdo_pgsql")
	s := newSite(t)
	args, err := postgresArgs()
	require.NoError(t, err)
	require.NotEmpty(t, args)
	args = append(args, "-c", "listen_addresses=127.0.0.1")
	first := servers.PostgreSQL(t, args...)
	second := first.Standby(args...)
	forward(t, s.addr(41, 5432), first.Addr())
	forward(t, s.addr(42, 5432), second.Addr())
	fill(t, open(t, "pgx", first.DSN()), sqlcleaner.PostgreSQL)

	t.Setenv("PGTARGETSESSIONATTRS", "read-write")
	t.Setenv("PGSSLMODE", "disable")
	hosts, port := s.translate("10.0.0.42,10.0.0.41"), fmt.Sprint(5432+portShift)
	dir := mosparoDir(t, map[string]string{
		"database_driver": "pdo_pgsql", "database_host": hosts, "database_port": port,
		"database_name": servers.DatabaseName, "database_user": servers.DatabaseUser, "database_password": servers.DatabasePassword,
	})
	t.Setenv("FILESYSTEM_CACHE_PATH", filepath.Join(dir, "cache"))
	writes := func() string {
		return php.Run(`$db = new PDO("pgsql:host=$argv[1];port=$argv[2];dbname=$argv[3]", $argv[4], $argv[5]);
			$db->exec("INSERT INTO delay (valid_until) VALUES ('2020-01-01')"); echo 'written';`, // as Doctrine connects
			hosts, port, servers.DatabaseName, servers.DatabaseUser, servers.DatabasePassword)
	}
	require.Equal(t, "written", writes())
	require.Contains(t, command(t, program(t, "mosparo-cleanupd"), "--dir", dir, "--clean"), "delay:1")

	standby := open(t, "pgx", second.DSN()+"&target_session_attrs=any")
	require.Eventually(t, func() bool {
		var n int
		return standby.QueryRow("SELECT COUNT(*) FROM cleanup_statistic").Scan(&n) == nil && n == 1
	}, patience, poll, "it follows")
	first.Kill()
	execute(t, standby, "SELECT pg_promote()")
	require.Equal(t, "written", writes())
	require.Contains(t, command(t, program(t, "mosparo-cleanupd"), "--dir", dir, "--clean"), "delay:1")
}

// The lines are PostgreSQL's.
func TestPostgreSQL_AccessLinesAreValid(t *testing.T) {
	s := postgres(t)
	admin := open(t, "pgx", s.DSN())
	hba := filepath.Join(s.Dir(), "data", "pg_hba.conf")
	before, err := os.ReadFile(hba)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(hba, append([]byte(read(t, "database/pg_hba.conf")), before...), 0o644))
	const lines = "SELECT COUNT(*) FROM pg_hba_file_rules WHERE error "
	require.Equal(t, 2, count(t, admin, lines+"LIKE '%SSL is disabled%'"), "they need TLS, which this server does not have")
	require.Zero(t, count(t, admin, lines+"NOT LIKE '%SSL is disabled%'"))
}

// The users of the shipped files may do what a node does, and no more, on servers with the
// shipped settings.
func TestGrants_AreWhatANodeNeeds(t *testing.T) {
	test := func(t *testing.T, d sqlcleaner.Dialect, file, driver, admin string, settings map[string]string) {
		db := open(t, driver, admin)
		fill(t, db, d)
		all := statements(t, file)
		user := map[sqlcleaner.Dialect]string{sqlcleaner.MySQL: "mosparo_node@'10.0.0.%'", sqlcleaner.PostgreSQL: "mosparo_node"}[d]
		require.ElementsMatch(t, doctor.Grants(d, user, cleanup.ModeClean), all[1:])
		for _, s := range all {
			execute(t, db, strings.ReplaceAll(s, "10.0.0.%", "%"))
		}
		settings["database_name"], settings["database_user"], settings["database_password"] = servers.DatabaseName, "mosparo_node", "change-me-5"
		dir := mosparoDir(t, settings)
		t.Setenv("FILESYSTEM_CACHE_PATH", filepath.Join(dir, "cache"))
		require.Contains(t, command(t, program(t, "mosparo-cleanupd"), "--dir", dir, "--clean"), "submit_token:1")
		newSite(t).node(11, "--dir", dir, "--clean", "--drain", "0s") // ready: it reads the designs
	}
	t.Run("MariaDB", func(t *testing.T) {
		s := servers.MariaDB(t, mariadbArgs(t, "database/mariadb.cnf")...)
		test(t, sqlcleaner.MySQL, "database/grants-mysql.sql", "mysql", s.DSN(), map[string]string{"database_driver": "pdo_mysql", "database_host": "127.0.0.1", "database_port": fmt.Sprint(s.Port())})
	})
	t.Run("PostgreSQL", func(t *testing.T) {
		s := postgres(t)
		test(t, sqlcleaner.PostgreSQL, "database/grants-postgresql.sql", "pgx", s.DSN(), map[string]string{"database_driver": "pdo_pgsql", "database_host": "127.0.0.1", "database_port": fmt.Sprint(s.Port())})
	})
}
