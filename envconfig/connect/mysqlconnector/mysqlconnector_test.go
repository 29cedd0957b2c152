package mysqlconnector_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"database/sql"
	"encoding/pem"
	"errors"
	"log/slog"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/go-sql-driver/mysql"
	"github.com/stretchr/testify/require"

	"github.com/mosparo/go-cluster/cache/cachetest/servers"
	"github.com/mosparo/go-cluster/cache/memoryadapter"
	"github.com/mosparo/go-cluster/cleanup/sqlcleaner"
	"github.com/mosparo/go-cluster/cleanup/sqlcleaner/schema"
	"github.com/mosparo/go-cluster/envconfig"
	"github.com/mosparo/go-cluster/envconfig/connect"
	"github.com/mosparo/go-cluster/envconfig/connect/mysqlconnector"
	"github.com/mosparo/go-cluster/envconfig/dsn"
	"github.com/mosparo/go-cluster/lock/memorylocker"
)

// certificate is one for 127.0.0.1 that is its own authority, readable for a
// server with an account of its own.
func certificate(t *testing.T) (cert, key string) {
	t.Helper()
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	c := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, c, c, k.Public(), k)
	require.NoError(t, err)
	keyDER, err := x509.MarshalECPrivateKey(k)
	require.NoError(t, err)
	dir, err := os.MkdirTemp("", "mosparo-cert-") //nolint:usetesting // the server runs as another user, who cannot enter t.TempDir
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, os.RemoveAll(dir)) })
	require.NoError(t, os.Chmod(dir, 0o755))
	cert, key = filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	require.NoError(t, os.WriteFile(cert, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o644))
	require.NoError(t, os.WriteFile(key, pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: keyDER}), 0o644))
	return cert, key
}

func settings(t *testing.T, environ ...string) *envconfig.Settings {
	t.Helper()
	s, err := envconfig.FromEnviron(environ)
	require.NoError(t, err)
	return s
}

// open opens the server's database as a user.
func open(t *testing.T, server *servers.MariaDBServer, log *slog.Logger, user, password string, more ...string) *sql.DB {
	t.Helper()
	db, driver, err := connect.Database(settings(t, append(more, "database_driver=pdo_mysql", "database_host=127.0.0.1",
		"database_port="+strconv.Itoa(server.Port()), "database_user="+user, "database_password="+password, "database_name="+servers.DatabaseName)...),
		mysqlconnector.New, connect.WithLogger(log))
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	require.Equal(t, "mysql", driver)
	return db
}

func TestMariaDB_WithTLS(t *testing.T) {
	cert, key := certificate(t)
	server := servers.MariaDB(t, "--ssl-ca="+cert, "--ssl-cert="+cert, "--ssl-key="+key)
	t.Run("New uses the TLS and the logger of the node", func(t *testing.T) { testNew(t, server, cert) })
	t.Run("Open uses the driver's register", func(t *testing.T) { testOpen(t, server, cert) })
}

func testNew(t *testing.T, server *servers.MariaDBServer, cert string) {
	var out bytes.Buffer
	admin := open(t, server, slog.New(slog.NewTextHandler(&out, nil)), servers.DatabaseUser, servers.DatabasePassword)
	const password = "a?tls=mosparo&b"
	_, err := admin.ExecContext(t.Context(), "CREATE USER secure IDENTIFIED BY '"+password+"' REQUIRE SSL")
	require.NoError(t, err)
	_, err = admin.ExecContext(t.Context(), "GRANT ALL ON *.* TO secure")
	require.NoError(t, err)

	require.Error(t, open(t, server, nil, "secure", password).PingContext(t.Context()))
	other, _ := certificate(t)
	verified := []string{"DATABASE_MYSQL_SSL=1", "DATABASE_MYSQL_SSL_VERIFY_SERVER_CERT=1"}
	require.NoError(t, open(t, server, nil, "secure", password, append(verified, "DATABASE_MYSQL_SSL_CA="+cert)...).PingContext(t.Context()))
	require.Error(t, open(t, server, nil, "secure", password, append(verified, "DATABASE_MYSQL_SSL_CA="+other)...).PingContext(t.Context()))

	server.Restart()
	require.NoError(t, admin.PingContext(t.Context()))
	require.Contains(t, out.String(), "the MySQL driver reports")
	require.NotContains(t, out.String(), servers.DatabasePassword)
}

// Open has no connector and uses the driver's register.
func testOpen(t *testing.T, server *servers.MariaDBServer, cert string) {
	other, _ := certificate(t)
	admin := open(t, server, nil, servers.DatabaseUser, servers.DatabasePassword)
	require.NoError(t, schema.Create(t.Context(), admin, sqlcleaner.MySQL))
	for _, statement := range []string{"CREATE USER node IDENTIFIED BY 'p' REQUIRE SSL", "GRANT ALL ON *.* TO node"} {
		_, err := admin.ExecContext(t.Context(), statement)
		require.NoError(t, err)
	}
	node := func(authority string, opts ...connect.Option) (*connect.Node, error) {
		s := settings(t, "database_driver=pdo_mysql", "database_host=127.0.0.1", "database_port="+strconv.Itoa(server.Port()),
			"database_user=node", "database_password=p", "database_name="+servers.DatabaseName,
			"DATABASE_MYSQL_SSL=1", "DATABASE_MYSQL_SSL_VERIFY_SERVER_CERT=1", "DATABASE_MYSQL_SSL_CA="+authority)
		return connect.Open(t.Context(), s, append(opts, connect.WithCache(memoryadapter.New()), connect.WithLock(memorylocker.New()))...)
	}
	ping := func(n *connect.Node) error {
		defer func() { require.NoError(t, n.Close()) }()
		return n.Database.(*sqlcleaner.DB).Ping(t.Context())
	}
	n, err := node(cert, connect.WithMySQLTLS(mysql.RegisterTLSConfig))
	require.NoError(t, err)
	require.NoError(t, ping(n))

	n, err = node(other, connect.WithMySQLTLS(mysql.RegisterTLSConfig))
	require.NoError(t, err, "nothing is sent")
	require.ErrorContains(t, ping(n), "certificate", "another authority's")

	var setting *connect.SettingError
	_, err = node(cert)
	require.ErrorAs(t, err, &setting)
	require.Equal(t, "DATABASE_MYSQL_SSL", setting.Setting)
	require.ErrorContains(t, err, "connect.WithMySQLTLS(mysql.RegisterTLSConfig)")

	full := errors.New("the register is full")
	_, err = node(cert, connect.WithMySQLTLS(func(string, *tls.Config) error { return full }))
	require.ErrorIs(t, err, full)
	require.ErrorAs(t, err, &setting)
	require.Equal(t, "DATABASE_MYSQL_SSL", setting.Setting)
}

func TestNew_RefusesAnotherDriver(t *testing.T) {
	_, err := mysqlconnector.New(dsn.Connection{Driver: "pgx", DSN: dsn.NewSecret("postgres://u:hunter2@h/")}, nil)
	require.ErrorContains(t, err, `"pgx"`)
	_, err = mysqlconnector.New(dsn.Connection{Driver: "mysql", DSN: dsn.NewSecret("u:hunter2@nowhere")}, nil)
	require.ErrorContains(t, err, "address cannot be used")
	require.NotContains(t, err.Error(), "hunter2")
}
