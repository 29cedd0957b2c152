package envconfig

import (
	"database/sql"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/go-sql-driver/mysql"
	_ "github.com/jackc/pgx/v5/stdlib"
	"github.com/stretchr/testify/require"

	"github.com/mosparo/go-cluster/cache/cachetest/servers"
	"github.com/mosparo/go-cluster/envconfig/dsn"
	"github.com/mosparo/go-cluster/envconfig/internal/secrettest"
	"github.com/mosparo/go-cluster/envconfig/internal/tlstest"
)

// one opens the database of the settings and asks it for one text.
func one(t *testing.T, query string, environ ...string) (string, error) {
	t.Helper()
	c := connection(t, environ...)
	if c.TLS != nil {
		require.NoError(t, mysql.RegisterTLSConfig(dsn.MySQLTLSName, c.TLS))
		defer mysql.DeregisterTLSConfig(dsn.MySQLTLSName)
	}
	db, err := sql.Open(c.Driver, c.DSN.Reveal())
	require.NoError(t, err)
	defer db.Close()
	var text string
	err = db.QueryRowContext(t.Context(), query).Scan(&text)
	return text, err
}

// admin runs statements as the user who may do everything.
func admin(t *testing.T, driver, dsn string, statements ...string) {
	t.Helper()
	db, err := sql.Open(driver, dsn)
	require.NoError(t, err)
	defer db.Close()
	for _, s := range statements {
		_, err := db.ExecContext(t.Context(), s)
		require.NoError(t, err, s)
	}
}

func TestDatabaseConnection_ReachesMariaDB(t *testing.T) {
	ca := tlstest.New(t)
	cert, key := ca.Issue(t, "db.example.com")
	other := tlstest.New(t)
	for _, f := range []string{filepath.Dir(ca.Dir), ca.File, cert, key} {
		require.NoError(t, os.Chmod(f, 0o755)) // the server may have an account of its own
	}
	s := servers.MariaDB(t, "--ssl-ca="+ca.File, "--ssl-cert="+cert, "--ssl-key="+key)
	quoted := strings.NewReplacer(`\`, `\\`, `'`, `\'`).Replace(awkward)
	admin(t, "mysql", s.DSN(),
		"CREATE DATABASE `mos/paro %41`",
		"CREATE USER 'us@er'@'%' IDENTIFIED BY '"+quoted+"'", "GRANT ALL ON *.* TO 'us@er'@'%'",
		"CREATE USER 'secure'@'%' IDENTIFIED BY 'pw' REQUIRE SSL", "GRANT ALL ON *.* TO 'secure'@'%'")

	at := []string{"database_driver=pdo_mysql", "database_host=127.0.0.1", "database_port=" + strconv.Itoa(s.Port())}
	name, err := one(t, "SELECT DATABASE()", append(at, "database_user=us@er", "database_password="+awkward, "database_name=mos/paro %41")...)
	require.NoError(t, err)
	require.Equal(t, "mos/paro %41", name)

	const cipher = "SELECT VARIABLE_VALUE FROM information_schema.SESSION_STATUS WHERE VARIABLE_NAME = 'SSL_CIPHER'"
	at = append(at, "database_user=secure", "database_password=pw", "database_name=mosparo")
	_, err = one(t, cipher, at...)
	require.Error(t, err, "without TLS")
	for _, c := range []struct {
		ca, verify string
		ok         bool
	}{{ca.File, "1", true}, {ca.File, "0", true}, {other.File, "0", true}, {other.File, "1", false}} {
		used, err := one(t, cipher, append(at, "DATABASE_MYSQL_SSL=1", "DATABASE_MYSQL_SSL_CA="+c.ca, "DATABASE_MYSQL_SSL_VERIFY_SERVER_CERT="+c.verify)...)
		require.Equal(t, c.ok, err == nil, "%+v: %v", c, err)
		require.Equal(t, c.ok, used != "")
	}
}

func TestDatabaseConnection_ReachesPostgreSQL(t *testing.T) {
	s := servers.PostgreSQL(t)
	quoted := strings.ReplaceAll(awkward, "'", "''")
	admin(t, "pgx", s.DSN(), `CREATE DATABASE "mos/paro %41"`, `CREATE USER "us:er" PASSWORD '`+quoted+`'`)
	at := []string{"database_driver=pdo_pgsql", "database_port=" + strconv.Itoa(s.Port()), "database_user=us:er", "database_password=" + awkward, "database_name=mos/paro %41"}
	for _, host := range []string{"127.0.0.1", s.Dir()} {
		name, err := one(t, "SELECT current_database()", append(at, "database_host="+host)...)
		require.NoError(t, err, host)
		require.Equal(t, "mos/paro %41", name)
	}
	_, err := one(t, "SELECT 'x'", "database_driver=pdo_pgsql", "database_host=127.0.0.1", "database_port="+strconv.Itoa(s.Port()), "database_password="+secrettest.Password)
	require.Error(t, err)
	require.NotContains(t, err.Error(), secrettest.Password)
}
