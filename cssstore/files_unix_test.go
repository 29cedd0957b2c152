//go:build unix

package cssstore_test

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/mosparo/go-cluster/cssstore"
)

func TestFiles_HaveTheModeAndOwnerOfTheFolder(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, os.Chmod(dir, 0o775|os.ModeSetgid))
	if os.Geteuid() == 0 {
		require.NoError(t, os.Chown(dir, 12345, 54321))
		require.NoError(t, os.Chmod(dir, 0o775|os.ModeSetgid))
	}
	s := cssstore.NewFiles(dir, nil, cssstore.WithMappings())
	require.NoError(t, s.Put(t.Context(), resource("a")))
	for path, mode := range map[string]os.FileMode{
		filepath.Join(dir, project.String()): 0o775 | os.ModeSetgid | os.ModeDir,
		file(dir, "a"):                       0o664,
		filepath.Join(dir, "mappings.php"):   0o664,
	} {
		fi, err := os.Stat(path)
		require.NoError(t, err)
		require.Equal(t, mode, fi.Mode(), path)
		want, err := os.Stat(dir)
		require.NoError(t, err)
		require.Equal(t, want.Sys().(*syscall.Stat_t).Uid, fi.Sys().(*syscall.Stat_t).Uid, path)
		require.Equal(t, want.Sys().(*syscall.Stat_t).Gid, fi.Sys().(*syscall.Stat_t).Gid, path)
	}
}

func TestFiles_DoNotFollowLinksOutOfTheFolder(t *testing.T) {
	dir, outside := t.TempDir(), t.TempDir()
	require.NoError(t, os.Symlink(outside, filepath.Join(dir, project.String())))
	s := cssstore.NewFiles(dir, nil)
	require.Error(t, s.Put(t.Context(), resource("a")))
	left, err := os.ReadDir(outside)
	require.NoError(t, err)
	require.Empty(t, left)
	require.NoError(t, os.WriteFile(filepath.Join(outside, "keep"), nil, 0o600))
	require.NoError(t, s.Delete(t.Context(), project))
	require.FileExists(t, filepath.Join(outside, "keep"), "the link is removed, not what it leads to")
}
