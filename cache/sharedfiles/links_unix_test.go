//go:build unix

package sharedfiles_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/mosparo/go-cluster/cache/sharedfiles"
)

const third = 4321 // a user that is neither root nor this process's

// tree is a directory with mosparo's public/resources elsewhere.
func tree(t *testing.T) (dir, elsewhere string) {
	t.Helper()
	dir = t.TempDir()
	elsewhere = filepath.Join(dir, "shared", "resources")
	require.NoError(t, os.MkdirAll(elsewhere, 0o755))
	require.NoError(t, os.MkdirAll(filepath.Join(dir, "releases", "1", "public"), 0o755))
	return dir, elsewhere
}

func TestOpen_FollowsLinksOfItsUser(t *testing.T) {
	dir, elsewhere := tree(t)
	require.NoError(t, os.Symlink("../../../shared/resources", filepath.Join(dir, "releases", "1", "public", "resources")))
	require.NoError(t, os.Symlink(filepath.Join(dir, "releases", "1"), filepath.Join(dir, "current")))
	for _, make := range []func(sharedfiles.Folder) (*os.Root, error){sharedfiles.Folder.Open, sharedfiles.Folder.Make} {
		root, err := make(sharedfiles.Folder{Path: filepath.Join(dir, "current", "public", "resources")})
		require.NoError(t, err)
		defer root.Close()
		is, err := root.Stat(".")
		require.NoError(t, err)
		want, err := os.Stat(elsewhere)
		require.NoError(t, err)
		require.True(t, os.SameFile(want, is))
	}
	t.Chdir(filepath.Join(dir, "current"))
	root, err := sharedfiles.Folder{Path: "../1/public/./resources"}.Open()
	require.NoError(t, err, "up from where the link leads to")
	require.NoError(t, root.Close())
}

func TestOpen_RefusesALinkOfAThirdUserAndNamesIt(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("skipped: needs root")
	}
	for _, at := range []string{"current", "releases/1/public", "releases/1/public/resources"} {
		t.Run(at, func(t *testing.T) {
			dir, elsewhere := tree(t)
			link := filepath.Join(dir, at)
			require.NoError(t, os.RemoveAll(link))
			target := filepath.Dir(elsewhere)
			if at == "releases/1/public/resources" {
				target = elsewhere
			}
			require.NoError(t, os.Symlink(target, link))
			require.NoError(t, os.Lchown(link, third, third))
			f := sharedfiles.Folder{Path: filepath.Join(dir, "releases", "1", "public", "resources")}
			if at == "current" {
				f.Path = filepath.Join(link, "resources")
			}
			var unsafe *sharedfiles.UnsafeError
			_, err := f.Open()
			require.ErrorAs(t, err, &unsafe)
			require.Equal(t, link, unsafe.Path)
			_, err = f.Make()
			require.ErrorAs(t, err, &unsafe)
			require.ErrorAs(t, f.CheckLinks(), &unsafe)

			require.NoError(t, os.Lchown(link, 0, 0))
			root, err := f.Open()
			require.NoError(t, err)
			require.NoError(t, root.Close())
		})
	}
}

func TestOpen_EndsWithLinksThatLeadInACircle(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, os.Symlink("b", filepath.Join(dir, "a")))
	require.NoError(t, os.Symlink("a", filepath.Join(dir, "b")))
	_, err := sharedfiles.Folder{Path: filepath.Join(dir, "a")}.Open()
	require.ErrorContains(t, err, "too many symbolic links")
	_, err = sharedfiles.FS(dir).Open("a")
	require.ErrorContains(t, err, "too many symbolic links")
}

func TestOpen_MissingDirectories(t *testing.T) {
	dir := t.TempDir()
	_, err := sharedfiles.Folder{Path: filepath.Join(dir, "a", "b")}.Open()
	require.ErrorIs(t, err, fs.ErrNotExist)
	require.NoDirExists(t, filepath.Join(dir, "a"))
	_, err = sharedfiles.Folder{}.Open()
	require.ErrorIs(t, err, fs.ErrNotExist, "not the working directory")
}

func TestFS_ReadsNothingThroughALinkOfAThirdUser(t *testing.T) {
	dir := t.TempDir()
	secret := filepath.Join(dir, "secret")
	require.NoError(t, os.WriteFile(secret, []byte("s"), 0o600))
	public := filepath.Join(dir, "public")
	require.NoError(t, os.MkdirAll(filepath.Join(public, "build"), 0o755))
	require.NoError(t, os.WriteFile(filepath.Join(public, "build", "base.css"), []byte("css"), 0o644))
	require.NoError(t, os.Symlink(secret, filepath.Join(public, "logo.svg")))
	require.NoError(t, os.Symlink("../build/base.css", filepath.Join(public, "build", "same.css")))
	files := sharedfiles.FS(public)
	for _, name := range []string{"build/base.css", "build/same.css", "logo.svg"} { // links of this user
		_, err := fs.ReadFile(files, name)
		require.NoError(t, err, name)
	}
	_, err := fs.Stat(files, ".")
	require.NoError(t, err)
	_, err = files.Open("../secret")
	require.ErrorIs(t, err, fs.ErrInvalid)
	_, err = files.Open("none")
	require.ErrorIs(t, err, fs.ErrNotExist)
	if os.Geteuid() != 0 {
		return
	}
	require.NoError(t, os.Lchown(filepath.Join(public, "logo.svg"), third, third))
	_, err = files.Open("logo.svg")
	var unsafe *sharedfiles.UnsafeError
	require.True(t, errors.As(err, &unsafe), err)
}
