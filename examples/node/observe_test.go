package main

import (
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/mosparo/go-cluster/cache"
	"github.com/mosparo/go-cluster/cache/fileadapter"
	"github.com/mosparo/go-cluster/cache/memoryadapter"
	"github.com/mosparo/go-cluster/cleanup"
)

// tree is everything below directories: contents, modes and times.
func tree(t *testing.T, dirs ...string) map[string]string {
	t.Helper()
	all := map[string]string{}
	for _, dir := range dirs {
		require.NoError(t, filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
			if err != nil {
				return err
			}
			fi, err := e.Info()
			if err != nil {
				return err
			}
			all[path] = fi.Mode().String() + " " + fi.ModTime().Format(time.RFC3339Nano)
			if fi.Mode().IsRegular() {
				content, err := os.ReadFile(path)
				if err != nil {
					return err
				}
				all[path] += " " + string(content)
			}
			return nil
		}))
	}
	return all
}

// Neither mosparo's directory nor the cache changes, be it there or not.
func TestJoin_AnObserverOfFilesWritesNothing(t *testing.T) {
	for _, filled := range []bool{true, false} {
		files := filepath.Join(t.TempDir(), "shared", "cache")
		pool := cache.NewPool(memoryadapter.New())
		if filled {
			adapter, err := fileadapter.New(files)
			require.NoError(t, err)
			pool = cache.NewPool(adapter)
			// As PHP left it: expired, and of no use to a Go node.
			require.NoError(t, cache.Key[string]("p1rc_b5e9c1ad071b3e7fc779cfaa5e523818").Set(t.Context(), pool, "x", time.Nanosecond))
		}
		dir, db := installed(t, pool, "1.5.4")
		require.NoError(t, db.Close())
		tmp := t.TempDir()
		t.Setenv("TMPDIR", tmp)
		watched := []string{dir, tmp, filepath.Dir(filepath.Dir(files))}
		before := tree(t, watched...)

		n := start(t, []string{"MOSPARO_CACHE_ADAPTER=filesystem", "FILESYSTEM_CACHE_PATH=" + files}, "--dir", dir)
		require.Eventually(t, func() bool { return strings.Contains(n.log.String(), "only observes") }, patience, 10*time.Millisecond, n.log)
		for range 2 {
			for _, path := range []string{"readyz", "livez", "api/v1/health/check", "resources/0b0e7ab6-2b1c-4c1e-9a44-0123456789ab.css", "resources/0b0e7ab6-2b1c-4c1e-9a44-0123456789ab/url"} {
				status, _ := n.get(path)
				require.NotEqual(t, http.StatusInternalServerError, status, path)
			}
			n.waitForPage(n.admin)
		}
		if filled {
			require.Eventually(t, func() bool { return strings.Contains(n.log.String(), "the cleanup is due; this node only observes") }, patience, 10*time.Millisecond, n.log)
		}
		require.NoError(t, n.stop())
		require.Equal(t, before, tree(t, watched...))
		if filled {
			next, err := cleanup.NextCleanup.Get(t.Context(), pool)
			require.NoError(t, err)
			require.True(t, next.Before(time.Now()))
		}
	}
}

// The first due cleanup may be hours away.
func TestJoin_SaysAtTheStartThatItMustNotClean(t *testing.T) {
	for _, clean := range [][]string{nil, {"--clean"}} {
		files := t.TempDir()
		adapter, err := fileadapter.New(files)
		require.NoError(t, err)
		pool := cache.NewPool(adapter)
		dir, db := installed(t, pool, "1.5.4")
		require.NoError(t, cleanup.NextCleanup.Set(t.Context(), pool, time.Now().Add(5*time.Hour), 0))
		_, err = db.ExecContext(t.Context(), "ALTER TABLE delay ADD COLUMN foreign_to_mosparo INT")
		require.NoError(t, err)
		require.NoError(t, db.Close())
		n := start(t, []string{"MOSPARO_CACHE_ADAPTER=filesystem", "FILESYSTEM_CACHE_PATH=" + files}, append([]string{"--dir", dir}, clean...)...)
		var page string
		require.Eventually(t, func() bool { _, page = n.page(); return strings.Contains(page, "May clean</dt><dd>no: ") }, patience, 10*time.Millisecond, n.log)
		require.Contains(t, page, "foreign_to_mosparo")
		require.Contains(t, n.log.String(), "this node may not clean")
		require.NoError(t, n.stop())
	}
}
