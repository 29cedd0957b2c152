package envconfig

import (
	"database/sql"
	"path/filepath"
	"strings"
	"testing"

	"github.com/go-sql-driver/mysql"
	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/mosparo/go-cluster/envconfig/dotenv"
	"github.com/mosparo/go-cluster/envconfig/dsn"
	"github.com/mosparo/go-cluster/envconfig/internal/phptest"
	"github.com/mosparo/go-cluster/envconfig/internal/tlstest"
	_ "modernc.org/sqlite"
)

// awkward is a password with every character that means something in a DSN.
const awkward = `p'a\ss"$x:@/?#%&=() ü`

func connection(t *testing.T, environ ...string) dsn.Connection {
	t.Helper()
	s, err := FromEnviron(environ)
	require.NoError(t, err)
	c, err := s.DatabaseConnection()
	require.NoError(t, err)
	return c
}

func TestDatabaseConnection_MySQLDriverUnderstandsTheDSN(t *testing.T) {
	c := connection(t, "database_driver=pdo_mysql", "database_host=db.example.com", "database_port=3307", "database_name=mos/paro", "database_user=us@er", "database_password="+awkward)
	require.Equal(t, "mysql", c.Driver)
	require.Nil(t, c.TLS)
	got, err := mysql.ParseDSN(c.DSN.Reveal())
	require.NoError(t, err)
	require.Equal(t, "db.example.com:3307", got.Addr)
	require.Equal(t, "tcp", got.Net)
	require.Equal(t, "us@er", got.User)
	require.Equal(t, awkward, got.Passwd)
	require.Equal(t, "mos/paro", got.DBName)
	require.Empty(t, got.TLSConfig)

	got, err = mysql.ParseDSN(connection(t, "database_host=::1").DSN.Reveal())
	require.NoError(t, err)
	require.Equal(t, "[::1]:3306", got.Addr)
	require.Equal(t, "root", got.User)
	require.Empty(t, got.Passwd)
	require.Contains(t, connection(t, "database_host=localhost").Warnings[0], "Unix socket")
}

func TestDatabaseConnection_MySQLWithTLS(t *testing.T) {
	ca := tlstest.New(t)
	cert, key := ca.Issue(t, "client")
	environ := []string{
		"database_host=db.example.com", "DATABASE_MYSQL_SSL=1", "DATABASE_MYSQL_SSL_CA=" + ca.File,
		"DATABASE_MYSQL_SSL_CERT=" + cert, "DATABASE_MYSQL_SSL_KEY=" + key,
	}
	c := connection(t, environ...)
	require.Contains(t, c.DSN.Reveal(), "tls="+dsn.MySQLTLSName)
	require.True(t, c.TLS.InsecureSkipVerify)
	require.Len(t, c.TLS.Certificates, 1)
	require.Contains(t, c.Warnings[0], "not verified")

	c = connection(t, append(environ, "DATABASE_MYSQL_SSL_VERIFY_SERVER_CERT=1")...)
	require.False(t, c.TLS.InsecureSkipVerify)
	require.NotNil(t, c.TLS.RootCAs)
	require.Equal(t, "db.example.com", c.TLS.ServerName)
	require.Empty(t, c.Warnings)
	require.NoError(t, mysql.RegisterTLSConfig(dsn.MySQLTLSName, c.TLS))
	defer mysql.DeregisterTLSConfig(dsn.MySQLTLSName)
	_, err := mysql.ParseDSN(c.DSN.Reveal())
	require.NoError(t, err)
}

func TestDatabaseConnection_RefusesTLSThatPHPWouldSilentlyLeaveOut(t *testing.T) {
	s, err := FromEnviron([]string{"database_host=db", "DATABASE_MYSQL_SSL=1", "DATABASE_MYSQL_SSL_VERIFY_SERVER_CERT=1"})
	require.NoError(t, err)
	_, err = s.DatabaseConnection()
	var invalid *ValueError
	require.ErrorAs(t, err, &invalid)
	require.Equal(t, "DATABASE_MYSQL_SSL", invalid.Name)

	s, err = FromEnviron([]string{"database_host=db", "DATABASE_MYSQL_SSL=1", "DATABASE_MYSQL_SSL_CA=/missing.pem"})
	require.NoError(t, err)
	_, err = s.DatabaseConnection()
	require.ErrorContains(t, err, "/missing.pem")
}

func TestDatabaseConnection_PostgreSQLDriverUnderstandsTheDSN(t *testing.T) {
	c := connection(t, "database_driver=pdo_pgsql", "database_host=db", "database_port=5433", "database_name=mos paro", "database_user=us:er", "database_password="+awkward)
	require.Equal(t, "pgx", c.Driver)
	got, err := pgx.ParseConfig(c.DSN.Reveal())
	require.NoError(t, err)
	require.Equal(t, "db", got.Host)
	require.EqualValues(t, 5433, got.Port)
	require.Equal(t, "us:er", got.User)
	require.Equal(t, awkward, got.Password)
	require.Equal(t, "mos paro", got.Database)

	got, err = pgx.ParseConfig(connection(t, "database_driver=pdo_pgsql", "database_host=/run/postgresql", "database_port=5432").DSN.Reveal())
	require.NoError(t, err)
	require.Equal(t, "/run/postgresql", got.Host)
	require.EqualValues(t, 5432, got.Port)
}

// Hosts for a failover have one port, as in PHP, whose drivers pass host and port on to libpq.
func TestDatabaseConnection_PostgreSQLTriesSeveralHosts(t *testing.T) {
	t.Setenv("PGTARGETSESSIONATTRS", "read-write")
	c := connection(t, "database_driver=pdo_pgsql", "database_host=db1.example.com,2001:db8::2", "database_port=5433")
	got, err := pgx.ParseConfig(c.DSN.Reveal())
	require.NoError(t, err)
	require.Equal(t, "db1.example.com", got.Host)
	require.EqualValues(t, 5433, got.Port)
	require.NotEmpty(t, got.Fallbacks)
	last := got.Fallbacks[len(got.Fallbacks)-1]
	require.Equal(t, "2001:db8::2", last.Host)
	require.EqualValues(t, 5433, last.Port)
	require.NotNil(t, got.ValidateConnect, "a standby is passed over")
	require.Contains(t, c.Warnings[0], "sslmode", "they are reached over a network")
}

func TestDatabaseConnection_SQLiteOpensTheFileAndMakesNone(t *testing.T) {
	path := filepath.Join(t.TempDir(), "mos paro?#%41.sqlite")
	made, err := sql.Open("sqlite", "file:"+strings.NewReplacer("%", "%25", "?", "%3f", "#", "%23").Replace(path))
	require.NoError(t, err)
	_, err = made.ExecContext(t.Context(), "CREATE TABLE project (id INTEGER)")
	require.NoError(t, err)
	require.NoError(t, made.Close())
	require.FileExists(t, path)

	c := connection(t, "database_driver=pdo_sqlite", "database_path="+path)
	db, err := sql.Open(c.Driver, c.DSN.Reveal())
	require.NoError(t, err)
	defer db.Close()
	var n int
	require.NoError(t, db.QueryRowContext(t.Context(), "SELECT COUNT(*) FROM project").Scan(&n))

	missing := filepath.Join(t.TempDir(), "missing.sqlite")
	c = connection(t, "database_driver=pdo_sqlite", "database_path="+missing)
	db, err = sql.Open(c.Driver, c.DSN.Reveal())
	require.NoError(t, err)
	defer db.Close()
	require.Error(t, db.PingContext(t.Context()))
	require.NoFileExists(t, missing)
}

func TestDatabaseConnection_RefusesWhatItCannotKnow(t *testing.T) {
	for _, environ := range [][]string{
		{"database_driver=pdo_oci"},
		{"database_driver=pdo_sqlite", "database_path=var/data.sqlite"},
		{"database_driver=pdo_sqlite"},
		{"database_user=a:b"},
		{"database_host=a)/x@tcp(b"},
	} {
		s, err := FromEnviron(environ)
		require.NoError(t, err)
		_, err = s.DatabaseConnection()
		var invalid *ValueError
		require.ErrorAs(t, err, &invalid, environ)
	}
	s, err := FromEnviron(nil)
	require.NoError(t, err)
	_, err = s.DatabaseConnection()
	require.ErrorIs(t, err, ErrNotConfigured)
	require.ErrorContains(t, err, "set database_driver and database_path, or database_host")
	require.NotContains(t, err.Error(), "DATABASE_URL")
	s, err = FromEnviron([]string{"DATABASE_URL=mysql://app:hunter2@db/app"})
	require.NoError(t, err)
	_, err = s.DatabaseConnection()
	require.ErrorIs(t, err, ErrNotConfigured)
	require.ErrorContains(t, err, "DATABASE_URL (environment) is set, which is no setting of mosparo")
	require.NotContains(t, err.Error(), "hunter2")
	_, err = FromEnviron([]string{"database_port=70000"})
	require.Error(t, err)
}

func TestLoad_ReadsTheDatabaseThatTheSetupWrote(t *testing.T) {
	for _, c := range phptest.ReadCases[struct{ Kind, Name, Content string }](t, "testdata", "env-mosparo-php") {
		if c.Name != "as the setup writes it" {
			continue
		}
		s := load(t, writeProject(t, map[string]string{"config/env.mosparo.php": c.Content}))
		require.True(t, s.Installed)
		require.Equal(t, "1.5.4", s.InstalledVersion)
		got, err := s.DatabaseConnection()
		require.NoError(t, err)
		parsed, err := mysql.ParseDSN(got.DSN.Reveal())
		require.NoError(t, err)
		require.Equal(t, `p'a\ss"$x`, parsed.Passwd)
		require.Equal(t, "8.0.36", s.Variable("database_version").Value)
		return
	}
	t.Fatal("no such case")
}

// Every recorded file can be loaded or is refused; none panics or is half read.
func TestLoad_TakesWhatIsStaticAndRefusesCode(t *testing.T) {
	for _, c := range phptest.ReadCases[struct {
		Kind, Name string
		Content    *string
		Static     *bool
	}](t, "testdata", "env-mosparo-php") {
		if c.Content == nil {
			continue
		}
		dir := writeProject(t, map[string]string{"config/env.mosparo.php": *c.Content})
		_, err := Load(dir, nil)
		switch {
		case c.Kind == "code" || c.Static != nil && !*c.Static || c.Name == "not an array":
			var refused *dotenv.FileError
			require.ErrorAs(t, err, &refused, c.Name)
		case c.Kind == "written" || c.Kind == "mappings":
			require.NoError(t, err, c.Name)
		}
	}
}

func TestDatabaseConnection_WarnsThatPostgreSQLMayFallBackToClearText(t *testing.T) {
	pg := []string{"database_driver=pdo_pgsql", "database_host=db"}
	for mode, want := range map[string]string{
		"": "clear text if the server offers no TLS", "PGSSLMODE=prefer": "clear text if the server offers no TLS", "PGSSLMODE=allow": "clear text if the server takes it",
		"PGSSLMODE=disable": "in clear text", "PGSSLMODE=require": "not verified",
	} {
		c := connection(t, append(pg, mode)...)
		require.Len(t, c.Warnings, 1, mode)
		require.Contains(t, c.Warnings[0], want)
	}
	for _, mode := range []string{"PGSSLMODE=verify-ca", "PGSSLMODE=verify-full"} {
		require.Empty(t, connection(t, append(pg, mode)...).Warnings, mode)
	}
	require.Empty(t, connection(t, "database_driver=pdo_pgsql", "database_host=/run/postgresql").Warnings, "a Unix socket")
}
