package servers

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
)

// MariaDBServer is a running mariadbd.
type MariaDBServer struct {
	*Process
}

// MariaDB starts a MariaDB with an empty database. What it has committed
// outlives Kill and Restart. Further arguments go to mariadbd as they are, such as
// "--innodb-lock-wait-timeout=1", or "--log-bin", "--server-id=1" for the
// primary of a replication. Where the environment variable MOSPARO_TEST_MYSQLD is
// the path of a mysqld, it starts that MySQL instead.
func MariaDB(tb TB, args ...string) *MariaDBServer {
	tb.Helper()
	binary, logSize := "mariadbd", "--innodb-log-file-size=32M"
	var install []string
	if mysqld := os.Getenv("MOSPARO_TEST_MYSQLD"); mysqld != "" {
		binary, logSize = mysqld, "--innodb-redo-log-capacity=64M"
		install = []string{mysqld, "--no-defaults", "--initialize-insecure"}
	} else {
		install = []string{
			find(tb, "mariadb-install-db", "mariadb-server"), "--no-defaults", "--auth-root-authentication-method=normal",
			"--skip-test-db", "--skip-name-resolve", "--force",
		}
	}
	return &MariaDBServer{start(tb, spec{
		name: "mariadb", binary: binary, pkg: "mariadb-server",
		users: []string{"mysql", "nobody"},
		prepare: func(p *Process) error {
			if err := os.WriteFile(filepath.Join(p.dir, "init.sql"), []byte(mariaInit), 0o644); err != nil {
				return err
			}
			return p.run(install[0], append(install[1:], "--datadir="+filepath.Join(p.dir, "data"), logSize, "--innodb-flush-method=nosync")...)
		},
		args: func(port int, dir string) []string {
			return append([]string{
				"--no-defaults", "--datadir=" + filepath.Join(dir, "data"), "--tmpdir=" + dir, "--socket=" + filepath.Join(dir, "s"),
				"--pid-file=" + filepath.Join(dir, "pid"), "--init-file=" + filepath.Join(dir, "init.sql"),
				"--bind-address=127.0.0.1", "--port=" + strconv.Itoa(port), "--skip-name-resolve",
				"--character-set-server=utf8mb4", "--innodb-buffer-pool-size=64M", logSize,
				// To the system at every commit, never to the disk.
				"--innodb-flush-method=nosync", "--innodb-flush-log-at-trx-commit=2",
			}, args...)
		},
		ready: func(addr string) error {
			answer, err := greet(addr, nil)
			if err == nil && (len(answer) < 5 || answer[4] != 10) { // header, version of the protocol
				err = fmt.Errorf("not ready: %q", answer)
			}
			return err
		},
	})}
}

// mariaInit runs at every start.
var mariaInit = fmt.Sprintf(`CREATE DATABASE IF NOT EXISTS %s;
CREATE USER IF NOT EXISTS %s@'%%' IDENTIFIED BY '%s';
GRANT ALL ON *.* TO %[2]s@'%%' WITH GRANT OPTION;
`, DatabaseName, DatabaseUser, DatabasePassword)

// DSN returns the empty database for github.com/go-sql-driver/mysql.
func (m *MariaDBServer) DSN() string { return m.DSNFor(DatabaseUser, DatabasePassword, DatabaseName) }

// DSNFor returns the same for another user and database.
func (m *MariaDBServer) DSNFor(user, password, database string) string {
	return fmt.Sprintf("%s:%s@tcp(%s)/%s", user, password, m.Addr(), database)
}

// URL returns the empty database as mosparo's DATABASE_URL has it.
func (m *MariaDBServer) URL() string {
	return dsnURL("mysql", DatabaseUser, DatabasePassword, m.Addr(), DatabaseName)
}

// Socket returns the path of the server's Unix socket.
func (m *MariaDBServer) Socket() string { return filepath.Join(m.dir, "s") }
