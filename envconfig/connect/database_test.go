package connect_test

import (
	"crypto/tls"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/go-sql-driver/mysql"
	"github.com/stretchr/testify/require"
	_ "modernc.org/sqlite"

	"github.com/mosparo/go-cluster/envconfig"
	"github.com/mosparo/go-cluster/envconfig/connect"
)

func TestDatabase_OpensWhatTheSettingsName(t *testing.T) {
	file := filepath.Join(t.TempDir(), "data.sqlite")
	require.NoError(t, os.WriteFile(file, nil, 0o600))
	db, driver, err := connect.Database(settings(t, "database_driver=pdo_sqlite", "database_path="+file), func(string, *tls.Config) error {
		return errors.New("it has no TLS")
	})
	require.NoError(t, err)
	defer db.Close()
	require.Equal(t, "sqlite", driver)
	require.NoError(t, db.PingContext(t.Context()))
}

func TestDatabase_RegistersTheTLSThatTheAddressNames(t *testing.T) {
	ca, _ := certificate(t)
	s := settings(t, "database_driver=pdo_mysql", "database_host=h", "database_name=n", "database_user=u", "DATABASE_MYSQL_SSL=1", "DATABASE_MYSQL_SSL_CA="+ca)
	db, driver, err := connect.Database(s, mysql.RegisterTLSConfig)
	require.NoError(t, err)
	require.NoError(t, db.Close())
	require.Equal(t, "mysql", driver)
	_, _, err = connect.Database(s, nil)
	require.ErrorContains(t, err, "TLS")
}

func TestDatabase_SaysWhatIsMissing(t *testing.T) {
	_, _, err := connect.Database(settings(t), nil)
	require.ErrorIs(t, err, envconfig.ErrNotConfigured)
	_, _, err = connect.Database(settings(t, "database_driver=pdo_pgsql", "database_host=h", "database_name=n", "database_user=u", "database_password=hunter2"), nil)
	require.ErrorContains(t, err, `"pgx"`)
	require.NotContains(t, err.Error(), "hunter2")
}
