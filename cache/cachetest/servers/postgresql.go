package servers

import (
	"encoding/binary"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

// PostgreSQLServer is a running postgres.
type PostgreSQLServer struct {
	*Process
}

// PostgreSQL starts a PostgreSQL with an empty database. What it has committed
// outlives Kill and Restart. Further arguments go to postgres as they are,
// such as "-c", "lock_timeout=1s".
func PostgreSQL(tb TB, args ...string) *PostgreSQLServer {
	tb.Helper()
	return postgres(tb, func(p *Process) error {
		if err := os.WriteFile(filepath.Join(p.dir, "password"), []byte(DatabasePassword), 0o644); err != nil {
			return err
		}
		data := filepath.Join(p.dir, "data")
		if err := p.run(sibling(p.path, "initdb"), "-D", data, "-U", DatabaseUser, "--pwfile", filepath.Join(p.dir, "password"),
			"-A", "scram-sha-256", "--locale=C", "-E", "UTF8", "--no-sync"); err != nil {
			return err
		}
		create := p.command(p.path, "--single", "-F", "-D", data, "postgres")
		create.Stdin = strings.NewReader("CREATE DATABASE " + DatabaseName + "\n")
		if out, err := create.CombinedOutput(); err != nil {
			return fmt.Errorf("creating a database: %w\n%s", err, out)
		}
		return nil
	}, args)
}

// Standby starts a second server that follows this one until it is promoted
// (SELECT pg_promote()) and takes no writes before.
func (p *PostgreSQLServer) Standby(args ...string) *PostgreSQLServer {
	p.tb.Helper()
	return postgres(p.tb, func(s *Process) error {
		return s.run(sibling(s.path, "pg_basebackup"), "-D", filepath.Join(s.dir, "data"), "-R", "-X", "stream", "-c", "fast", "--no-sync",
			"-d", dsnURL("postgres", DatabaseUser, DatabasePassword, p.Addr(), ""))
	}, args)
}

// DSN returns the empty database for github.com/jackc/pgx and
// github.com/lib/pq.
func (p *PostgreSQLServer) DSN() string {
	return p.DSNFor(DatabaseUser, DatabasePassword, DatabaseName)
}

// DSNFor returns the same for another user and database.
func (p *PostgreSQLServer) DSNFor(user, password, database string) string {
	return dsnURL("postgres", user, password, p.Addr(), database) + "?sslmode=disable"
}

// URL returns the empty database as mosparo's DATABASE_URL has it.
func (p *PostgreSQLServer) URL() string {
	return dsnURL("postgresql", DatabaseUser, DatabasePassword, p.Addr(), DatabaseName)
}

func postgres(tb TB, prepare func(*Process) error, args []string) *PostgreSQLServer {
	tb.Helper()
	return &PostgreSQLServer{start(tb, spec{
		name: "postgresql", binary: "postgres", pkg: "postgresql",
		users:   []string{"postgres", "nobody"},
		prepare: prepare,
		args: func(port int, dir string) []string {
			return append([]string{
				"-D", filepath.Join(dir, "data"), "-h", "127.0.0.1", "-p", strconv.Itoa(port), "-k", dir,
				"-c", "shared_buffers=64MB", "-c", "fsync=off", "-c", "full_page_writes=off",
			}, args...)
		},
		ready: postgresReady,
		quit:  syscall.SIGQUIT, // its children have groups of their own
	})}
}

// postgresReady begins a session: the server asks for a password, or says that
// it is not ready.
func postgresReady(addr string) error {
	text := "user\x00" + DatabaseUser + "\x00database\x00" + DatabaseName + "\x00\x00"
	hello := binary.BigEndian.AppendUint32(nil, uint32(8+len(text)))
	hello = binary.BigEndian.AppendUint32(hello, 3<<16) // version of the protocol
	answer, err := greet(addr, append(hello, text...))
	if err == nil && (len(answer) == 0 || answer[0] != 'R') {
		err = fmt.Errorf("not ready: %q", answer)
	}
	return err
}

// sibling is another program of the same version.
func sibling(path, name string) string {
	if real, err := filepath.EvalSymlinks(path); err == nil {
		path = real
	}
	return filepath.Join(filepath.Dir(path), name)
}

// findPostgres finds a binary of PostgreSQL where Debian puts it, the newest
// version of several.
func findPostgres(binary string) (string, bool) {
	all, err := filepath.Glob("/usr/lib/postgresql/*/bin/" + binary)
	if err != nil {
		return "", false
	}
	best, version := "", -1.0
	for _, path := range all {
		v, err := strconv.ParseFloat(filepath.Base(filepath.Dir(filepath.Dir(path))), 64)
		if _, lookErr := exec.LookPath(path); err == nil && lookErr == nil && v > version {
			best, version = path, v
		}
	}
	return best, best != ""
}
