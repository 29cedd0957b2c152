package doctor_test

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/mosparo/go-cluster/cache"
	"github.com/mosparo/go-cluster/cleanup"
	"github.com/mosparo/go-cluster/envconfig/connect"
	"github.com/mosparo/go-cluster/envconfig/connect/doctor"
)

// examineFiles examines a filesystem cache.
func examineFiles(t *testing.T, dir string, opts ...doctor.Option) doctor.Report {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	s := settings(t, "-database_driver", "-database_host", "-REDIS_URL", "MOSPARO_CACHE_ADAPTER=", "FILESYSTEM_CACHE_PATH="+dir)
	r := doctor.Examine(ctx, s, opts...)
	r.Findings = withoutDatabase(r)
	return r
}

func TestCacheFiles_AreMeasuredAndNotChanged(t *testing.T) {
	dir := t.TempDir()
	r := examineFiles(t, filepath.Join(dir, "cache"))
	require.Equal(t, []string{"cache_dir_missing"}, codes(r.Findings))
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	require.Empty(t, entries)

	a, err := connect.Cache(settings(t, "-REDIS_URL", "MOSPARO_CACHE_ADAPTER=", "FILESYSTEM_CACHE_PATH="+dir))
	require.NoError(t, err)
	require.NoError(t, cleanup.NextCleanup.Set(t.Context(), cache.NewPool(a), time.Now(), 0))
	r = examineFiles(t, dir, doctor.WithWrites())
	require.Empty(t, r.Findings)
	p := part(t, r, "cache")
	require.Equal(t, "filesystem", p.Kind)
	require.Equal(t, filepath.Join(dir, "@"), p.Server)
	require.Positive(t, p.Latency)
}

func TestCacheFiles_ADirectoryThatIsNoneIsAFinding(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	require.NoError(t, os.WriteFile(file, nil, 0o600))
	find(t, examineFiles(t, file, doctor.WithWrites()).Findings, "cache_write_failed")
}
