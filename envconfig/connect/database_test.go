package connect_test

import (
	"net/url"
	"os"
	"path/filepath"
	"reflect"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"modernc.org/sqlite"

	"github.com/mosparo/go-cluster/envconfig"
	"github.com/mosparo/go-cluster/envconfig/connect"
)

func TestDatabase_OpensWhatTheSettingsName(t *testing.T) {
	file := filepath.Join(t.TempDir(), "data.sqlite")
	require.NoError(t, os.WriteFile(file, nil, 0o600))
	db, driver, err := connect.Database(settings(t, "database_driver=pdo_sqlite", "database_path="+file), nil)
	require.NoError(t, err)
	defer db.Close()
	require.Equal(t, "sqlite", driver)
	require.NoError(t, db.PingContext(t.Context()))
	require.Equal(t, int64(3*time.Minute), reflect.ValueOf(db).Elem().FieldByName("maxLifetime").Int())
}

func TestDatabase_ParametersAddToThePragmas(t *testing.T) {
	file := filepath.Join(t.TempDir(), "data.sqlite")
	require.NoError(t, os.WriteFile(file, nil, 0o600))
	s := settings(t, "database_driver=pdo_sqlite", "database_path="+file)
	pragma := func(name string, pragmas ...string) (n int) {
		db, _, err := connect.Database(s, nil, connect.WithDatabaseParameters(url.Values{"_pragma": pragmas}))
		require.NoError(t, err)
		defer db.Close()
		require.NoError(t, db.QueryRowContext(t.Context(), "PRAGMA "+name).Scan(&n))
		return n
	}
	require.Equal(t, 1, pragma("foreign_keys", "foreign_keys(1)"))
	require.Equal(t, 5000, pragma("busy_timeout", "foreign_keys(1)"), "writers wait for each other")
	require.Equal(t, 1000, pragma("busy_timeout", "busy_timeout(1000)"), "the operator's wins")
}

func TestDatabase_NamesTheSQLiteFileThatItCannotOpen(t *testing.T) {
	dir := t.TempDir()
	for file, want := range map[string]string{
		filepath.Join(dir, "missing.sqlite"): "missing.sqlite does not exist, and is not created",
		dir:                                  dir,
	} {
		db, _, err := connect.Database(settings(t, "database_driver=pdo_sqlite", "database_path="+file, "database_password=hunter2"), nil)
		require.NoError(t, err)
		defer db.Close()
		err = db.PingContext(t.Context())
		require.ErrorContains(t, err, want)
		require.NotContains(t, err.Error(), "hunter2")
		var driver *sqlite.Error
		require.ErrorAs(t, err, &driver)
	}
	require.NoFileExists(t, filepath.Join(dir, "missing.sqlite"))
}

func TestDatabase_SaysWhatIsMissing(t *testing.T) {
	_, _, err := connect.Database(settings(t), nil)
	require.ErrorIs(t, err, envconfig.ErrNotConfigured)
	_, _, err = connect.Database(settings(t, "mosparo_installed=1", "database_system=sqlite", "database_name=n"), nil)
	require.ErrorContains(t, err, "database_driver (default): this program does not link")
	_, _, err = connect.Database(settings(t, "database_driver=pdo_mysql", "database_host=h", "database_name=n", "database_user=u", "database_password=hunter2"), nil)
	require.ErrorContains(t, err, `"mysql"`)
	require.NotContains(t, err.Error(), "hunter2")
}
