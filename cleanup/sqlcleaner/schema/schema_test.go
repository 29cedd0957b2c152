package schema_test

import (
	"database/sql"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
	_ "modernc.org/sqlite"

	"github.com/mosparo/go-cluster/cleanup/sqlcleaner"
	"github.com/mosparo/go-cluster/cleanup/sqlcleaner/schema"
)

func TestCreate_LeavesNothingWhereItFails(t *testing.T) {
	db, err := sql.Open("sqlite", filepath.Join(t.TempDir(), "data.sqlite"))
	require.NoError(t, err)
	defer db.Close()
	_, err = db.ExecContext(t.Context(), "CREATE TABLE cleanup_statistic (id INT)")
	require.NoError(t, err)
	require.Error(t, schema.Create(t.Context(), db, sqlcleaner.SQLite))
	var tables int
	require.NoError(t, db.QueryRowContext(t.Context(), "SELECT COUNT(*) FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'").Scan(&tables))
	require.Equal(t, 1, tables)
}
