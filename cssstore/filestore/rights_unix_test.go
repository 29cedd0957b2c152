//go:build unix

package filestore_test

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/mosparo/go-cluster/cache"
	"github.com/mosparo/go-cluster/cssstore/filestore"
	"github.com/mosparo/go-cluster/cssstore/internal/fixturetest"
)

func TestStore_HaveTheModeAndOwnerOfTheFolder(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, os.Chmod(dir, 0o775|os.ModeSetgid))
	if os.Geteuid() == 0 {
		require.NoError(t, os.Chown(dir, 12345, 54321))
		require.NoError(t, os.Chmod(dir, 0o775|os.ModeSetgid))
	}
	s := filestore.New(dir, filestore.WithMappings())
	require.NoError(t, s.Put(t.Context(), fixturetest.Resource("a")))
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

func TestStore_DoNotFollowLinksOutOfTheFolder(t *testing.T) {
	dir, outside := t.TempDir(), t.TempDir()
	require.NoError(t, os.Symlink(outside, filepath.Join(dir, project.String())))
	s := filestore.New(dir)
	require.Error(t, s.Put(t.Context(), fixturetest.Resource("a")))
	left, err := os.ReadDir(outside)
	require.NoError(t, err)
	require.Empty(t, left)
	require.NoError(t, os.WriteFile(filepath.Join(outside, "keep"), nil, 0o600))
	require.NoError(t, s.Delete(t.Context(), project))
	require.FileExists(t, filepath.Join(outside, "keep"), "the link is removed, not what it leads to")
}

// publicResources is mosparo's folder in a directory of user php.
func publicResources(t *testing.T) (dir string, php int) {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("skipped: needs root")
	}
	php = 12345
	mosparo := filepath.Join(t.TempDir(), "mosparo")
	dir = filepath.Join(mosparo, "public", "resources")
	require.NoError(t, os.MkdirAll(dir, 0o755))
	require.NoError(t, os.Chown(mosparo, php, php))
	return dir, php
}

func TestStore_TakeNoRightsFromAFolderThatIsOpenToEveryUser(t *testing.T) {
	dir, php := publicResources(t)
	require.NoError(t, os.Chmod(dir, 0o777))
	s := filestore.New(dir, filestore.WithMappings())
	require.NoError(t, s.Put(t.Context(), fixturetest.Resource("a")))
	for path, mode := range map[string]os.FileMode{
		filepath.Join(dir, project.String()): 0o755 | os.ModeDir,
		file(dir, "a"):                       0o644,
		filepath.Join(dir, "mappings.php"):   0o644,
	} {
		fi, err := os.Stat(path)
		require.NoError(t, err)
		require.Equal(t, mode, fi.Mode(), path)
		require.EqualValues(t, php, fi.Sys().(*syscall.Stat_t).Uid, path)
	}

	unknown := filepath.Join(t.TempDir(), "open")
	require.NoError(t, os.Mkdir(unknown, 0o700))
	require.NoError(t, os.Chmod(unknown, 0o777))
	require.ErrorIs(t, filestore.New(unknown).Put(t.Context(), fixturetest.Resource("a")), cache.ErrUnavailable)
	left, err := os.ReadDir(unknown)
	require.NoError(t, err)
	require.Empty(t, left)
}

func TestStore_AreNotWrittenThroughALinkOfAThirdUser(t *testing.T) {
	dir, php := publicResources(t)
	elsewhere := t.TempDir()
	require.NoError(t, os.Remove(dir))
	require.NoError(t, os.Symlink(elsewhere, dir))
	require.NoError(t, os.Lchown(dir, php, php))
	s := filestore.New(dir)
	err := s.Put(t.Context(), fixturetest.Resource("a"))
	require.ErrorIs(t, err, cache.ErrUnavailable)
	require.ErrorContains(t, err, dir)
	require.ErrorIs(t, s.Delete(t.Context(), project), cache.ErrUnavailable)
	left, err := os.ReadDir(elsewhere)
	require.NoError(t, err)
	require.Empty(t, left)

	require.NoError(t, os.Lchown(dir, 0, 0)) // a deployment tool's
	require.NoError(t, s.Put(t.Context(), fixturetest.Resource("a")))
	require.FileExists(t, file(elsewhere, "a"))
}
