package servers

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// PgBouncerServer is a running pgbouncer.
type PgBouncerServer struct {
	*Process
}

// PgBouncer starts a pgbouncer before a PostgreSQL that pools by transaction:
// the statements of a client meet whichever of two connections is free. Further
// lines go to the part [pgbouncer] of its configuration.
func PgBouncer(tb TB, p *PostgreSQLServer, lines ...string) *PgBouncerServer {
	tb.Helper()
	return &PgBouncerServer{start(tb, spec{
		name: "pgbouncer", binary: "pgbouncer", pkg: "pgbouncer",
		users: []string{"postgres", "nobody"},
		configure: func(b *Process) error {
			conf := append([]string{
				"[databases]",
				fmt.Sprintf("%s = host=127.0.0.1 port=%d user=%s password=%s", DatabaseName, p.Port(), DatabaseUser, DatabasePassword),
				"[pgbouncer]",
				"listen_addr = 127.0.0.1", fmt.Sprintf("listen_port = %d", b.port), "unix_socket_dir =",
				"auth_type = any", "pool_mode = transaction", "default_pool_size = 2",
			}, lines...)
			return os.WriteFile(filepath.Join(b.dir, "pgbouncer.ini"), []byte(strings.Join(conf, "\n")+"\n"), 0o644)
		},
		args:  func(_ int, dir string) []string { return []string{filepath.Join(dir, "pgbouncer.ini")} },
		ready: postgresReady,
	})}
}

// DSN returns the database for github.com/jackc/pgx.
func (b *PgBouncerServer) DSN() string {
	return dsnURL("postgres", DatabaseUser, DatabasePassword, b.Addr(), DatabaseName) + "?sslmode=disable"
}
