package connect_test

import (
	"os"
	"path/filepath"
	"reflect"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	_ "modernc.org/sqlite"

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

func TestDatabase_SaysWhatIsMissing(t *testing.T) {
	_, _, err := connect.Database(settings(t), nil)
	require.ErrorIs(t, err, envconfig.ErrNotConfigured)
	_, _, err = connect.Database(settings(t, "database_driver=pdo_mysql", "database_host=h", "database_name=n", "database_user=u", "database_password=hunter2"), nil)
	require.ErrorContains(t, err, `"mysql"`)
	require.NotContains(t, err.Error(), "hunter2")
}
