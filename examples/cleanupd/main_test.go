package main

import (
	"bytes"
	"database/sql"
	"log/slog"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/mosparo/go-cluster/cleanup/sqlcleaner"
	"github.com/mosparo/go-cluster/cleanup/sqlcleaner/schema"
	"github.com/mosparo/go-cluster/envconfig"
)

// mosparo is a directory with a SQLite database that has something to clean.
func mosparo(t *testing.T, version string) (dir string, environ []string, db *sql.DB) {
	t.Helper()
	dir = t.TempDir()
	file := filepath.Join(dir, "data.sqlite")
	db, err := sql.Open("sqlite", file)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	require.NoError(t, schema.Create(t.Context(), db, sqlcleaner.SQLite))
	_, err = db.Exec(`INSERT INTO submit_token (id, project_id, token, created_at) VALUES (1, 1, 't', ?), (2, 1, 't', ?)`,
		time.Now().UTC().Add(-48*time.Hour).Format(time.DateTime), time.Now().UTC().Format(time.DateTime))
	require.NoError(t, err)
	require.NoError(t, os.Mkdir(filepath.Join(dir, "config"), 0o700))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "config", "env.mosparo.php"), []byte("<?php\nreturn array (\n  'mosparo_installed' => true,\n  'mosparo_installed_version' => '"+version+"',\n"+
		"  'database_system' => 'sqlite',\n  'database_driver' => 'pdo_sqlite',\n  'database_path' => '"+file+"',\n);\n"), 0o600))
	return dir, []string{"FILESYSTEM_CACHE_PATH=" + filepath.Join(dir, "cache")}, db
}

func command(t *testing.T, dir string, environ []string, clean bool) (string, int, error) {
	t.Helper()
	s, err := envconfig.Load(dir, environ)
	require.NoError(t, err)
	var out bytes.Buffer
	code, err := run(t.Context(), s, "UTC", clean, &out, slog.New(slog.DiscardHandler))
	return out.String(), code, err
}

func tokens(t *testing.T, db *sql.DB) (n int) {
	t.Helper()
	require.NoError(t, db.QueryRow("SELECT COUNT(*) FROM submit_token").Scan(&n))
	return n
}

func TestCleanupd_CleansWhenToldTo(t *testing.T) {
	dir, environ, db := mosparo(t, "1.5.4")
	out, code, err := command(t, dir, environ, false)
	require.NoError(t, err)
	require.Zero(t, code)
	require.Contains(t, out, "would delete")
	require.Contains(t, out, "submit_token:1")
	require.Equal(t, 2, tokens(t, db))

	out, code, err = command(t, dir, environ, true)
	require.NoError(t, err)
	require.Zero(t, code)
	require.Contains(t, out, "completed")
	require.Equal(t, 1, tokens(t, db))
	var status, executor int
	require.NoError(t, db.QueryRow("SELECT cleanup_status, cleanup_executor FROM cleanup_statistic").Scan(&status, &executor))
	require.Equal(t, []int{2, 1}, []int{status, executor})
}

func TestCleanupd_RefusesAnotherVersion(t *testing.T) {
	dir, environ, db := mosparo(t, "1.6.0")
	_, code, err := command(t, dir, environ, true)
	require.ErrorContains(t, err, "1.6.0")
	require.Equal(t, 77, code)
	require.Equal(t, 2, tokens(t, db))
}

func TestCleanupd_ExitsAsMosparoctlDoes(t *testing.T) {
	dir, environ, db := mosparo(t, "1.5.4")
	_, err := db.Exec(`INSERT INTO cleanup_statistic (date_time, cleanup_executor, number_of_stored_submit_tokens, number_of_deleted_submit_tokens,
		number_of_stored_submissions, number_of_deleted_submissions, execution_time, cleanup_status) VALUES (?, 1, 0, 0, 0, 0, 0, 0)`,
		time.Now().UTC().Format(time.DateTime)) // a PHP node cleans
	require.NoError(t, err)
	out, code, err := command(t, dir, environ, true)
	require.NoError(t, err)
	require.Contains(t, out, "run_pending: a run has begun")
	require.NotContains(t, out, "map[", "nothing was deleted")
	require.Equal(t, 75, code)

	_, code, err = command(t, dir, append(environ, "database_path="+filepath.Join(dir, "absent", "data.sqlite")), false)
	require.Error(t, err)
	require.Equal(t, 69, code, "a dry run, too: %v", err)

	down := []string{"MOSPARO_CACHE_ADAPTER=redis", "REDIS_URL=redis://127.0.0.1:1"}
	_, code, err = command(t, dir, down, true)
	require.Error(t, err)
	require.Equal(t, 69, code)
	require.Equal(t, 2, tokens(t, db))
}
