package connect_test

import (
	"context"
	"database/sql"
	"fmt"
	"net/url"
	"strconv"
	"sync"
	"testing"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib"
	"github.com/stretchr/testify/require"

	"github.com/mosparo/go-cluster/cache/cachetest/servers"
	"github.com/mosparo/go-cluster/envconfig/connect"
)

func openPostgreSQL(t testing.TB, port int, opts ...connect.Option) *sql.DB {
	t.Helper()
	db, driver, err := connect.Database(settings(t, "database_driver=pdo_pgsql", "database_host=127.0.0.1", "database_port="+strconv.Itoa(port),
		"database_user="+servers.DatabaseUser, "database_password="+servers.DatabasePassword, "database_name="+servers.DatabaseName), nil, opts...)
	require.NoError(t, err)
	require.Equal(t, "pgx", driver)
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	return db
}

// work does what a node does with its database: parameters of several types, and
// transactions with settings of their own.
func work(ctx context.Context, db *sql.DB, n int) error {
	at := time.Date(2026, 3, 29, 2, 30, 0, 0, time.UTC).Add(time.Duration(n) * time.Minute).Format(time.DateTime)
	tx, err := db.BeginTx(ctx, &sql.TxOptions{Isolation: sql.LevelReadCommitted})
	if err != nil {
		return err
	}
	defer tx.Rollback() //nolint:errcheck // after Commit there is nothing to roll back
	if _, err := tx.ExecContext(ctx, "SET LOCAL lock_timeout = '5s'"); err != nil {
		return err
	}
	if _, err := tx.ExecContext(ctx, "INSERT INTO t (at, n, done, cost) VALUES ($1, $2, $3, $4)", at, n, n%2 == 0, float64(n)/8); err != nil {
		return err
	}
	if err := tx.Commit(); err != nil {
		return err
	}
	var text string
	var cost float64
	if err := db.QueryRowContext(ctx, "SELECT CAST(at AS text), cost FROM t WHERE n = $1 AND at <= $2", n, at).Scan(&text, &cost); err != nil {
		return err
	}
	if text != at || cost != float64(n)/8 {
		return fmt.Errorf("row %d has %s and %v", n, text, cost)
	}
	return nil
}

func TestDatabase_OnPostgreSQL(t *testing.T) {
	t.Parallel()
	server := servers.PostgreSQL(t)
	t.Run("takes parameters of the driver", func(t *testing.T) { testDriverParameters(t, server) })
	t.Run("many nodes behind PgBouncer", func(t *testing.T) { testPgBouncer(t, server) })
}

// A pooler by transaction gives a statement to any of its connections, so that
// one that was prepared by name is missing there, or there already (42P05).
func testPgBouncer(t *testing.T, server *servers.PostgreSQLServer) {
	pooled := servers.PgBouncer(t, server)
	_, err := openPostgreSQL(t, server.Port()).ExecContext(t.Context(), "CREATE TABLE t (at TIMESTAMP(0), n INT, done BOOLEAN, cost DOUBLE PRECISION)")
	require.NoError(t, err)
	var all sync.WaitGroup
	errs := make(chan error, 8)
	for node := range cap(errs) {
		db := openPostgreSQL(t, pooled.Port())
		all.Go(func() {
			for i := range 20 {
				if err := work(t.Context(), db, node*20+i); err != nil {
					errs <- err
					return
				}
			}
		})
	}
	all.Wait()
	close(errs)
	require.NoError(t, <-errs)
}

func testDriverParameters(t *testing.T, server *servers.PostgreSQLServer) {
	db := openPostgreSQL(t, server.Port(), connect.WithDatabaseParameters(url.Values{"application_name": {"a node & more?"}, "default_query_exec_mode": {"simple_protocol"}}))
	var name string
	require.NoError(t, db.QueryRowContext(t.Context(), "SHOW application_name").Scan(&name))
	require.Equal(t, "a node & more?", name)
}

// What an exec mode of pgx costs, on one connection.
func BenchmarkDatabase_ExecModes(b *testing.B) {
	server := servers.PostgreSQL(b)
	_, err := openPostgreSQL(b, server.Port()).ExecContext(b.Context(), "CREATE TABLE t (at TIMESTAMP(0), n INT); INSERT INTO t VALUES (now(), 1)")
	require.NoError(b, err)
	for _, mode := range []string{"cache_statement", "cache_describe", "exec", "simple_protocol"} {
		b.Run(mode, func(b *testing.B) {
			db := openPostgreSQL(b, server.Port(), connect.WithDatabaseParameters(url.Values{"default_query_exec_mode": {mode}}))
			db.SetMaxOpenConns(1)
			for b.Loop() {
				var n int
				require.NoError(b, db.QueryRowContext(b.Context(), "SELECT n FROM t WHERE n = $1", 1).Scan(&n))
			}
		})
	}
}
