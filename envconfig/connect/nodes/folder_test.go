package nodes_test

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/mosparo/go-cluster/envconfig/connect/nodes"
)

// take returns the fingerprints that a registry takes now.
func take(t *testing.T, r *nodes.Registry) nodes.Fingerprints {
	t.Helper()
	r.TakeFingerprints(t.Context())
	return overview(t, r).Nodes[0].Fingerprints
}

func TestFingerprints_HashAFileAgainOnlyIfSizeOrTimeChange(t *testing.T) {
	dir := install(t, map[string]string{"public/resources/a.css": "one"})
	r := newWorld().registry(t, dir)
	before := take(t, r).Folders[0]
	write(t, dir, "public/resources/a.css", "two") // of the same size and time
	require.Equal(t, before, take(t, r).Folders[0])
	write(t, dir, "public/resources/a.css", "three")
	bySize := take(t, r).Folders[0]
	require.NotEqual(t, before.MAC, bySize.MAC)
	write(t, dir, "public/resources/a.css", "seven")
	require.NoError(t, os.Chtimes(filepath.Join(dir, "public/resources/a.css"), longAgo, longAgo.Add(1)))
	require.NotEqual(t, bySize.MAC, take(t, r).Folders[0].MAC)
}

// Within the resolution of the file system a file may change once more.
func TestFingerprints_DoNotTrustAFileThatHasJustChanged(t *testing.T) {
	dir := install(t, nil)
	p := filepath.Join(dir, "public/resources/a.css")
	require.NoError(t, os.MkdirAll(filepath.Dir(p), 0o755))
	require.NoError(t, os.WriteFile(p, []byte("one"), 0o644))
	info, err := os.Stat(p)
	require.NoError(t, err)
	r := newWorld().registry(t, dir)
	before := take(t, r).Folders[0]
	require.NoError(t, os.WriteFile(p, []byte("two"), 0o644))
	require.NoError(t, os.Chtimes(p, info.ModTime(), info.ModTime()))
	require.NotEqual(t, before.MAC, take(t, r).Folders[0].MAC)
}

func TestFingerprints_LeaveNoFolder(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("links need rights")
	}
	dir, secret := install(t, map[string]string{"public/resources/a.css": "a"}), t.TempDir()
	write(t, secret, "secret", "one")
	resources := filepath.Join(dir, "public", "resources")
	require.NoError(t, os.Symlink(secret, filepath.Join(resources, "directory")))
	require.NoError(t, os.Symlink(filepath.Join(secret, "secret"), filepath.Join(resources, "file")))
	require.NoError(t, os.Symlink("a.css", filepath.Join(resources, "inside")))
	r := newWorld().registry(t, dir)
	before := take(t, r).Folders[0]
	require.Empty(t, before.Problem)
	require.Equal(t, 4, before.Files, "the links themselves")
	write(t, secret, "secret", "another")
	require.Equal(t, before.MAC, take(t, r).Folders[0].MAC)
	require.NoError(t, os.Remove(filepath.Join(resources, "inside")))
	require.NoError(t, os.Symlink("b.css", filepath.Join(resources, "inside")))
	require.NotEqual(t, before.MAC, take(t, r).Folders[0].MAC, "a link to something else")
}

func TestFingerprints_AFolderThatCannotBeReadIsNotCompared(t *testing.T) {
	if runtime.GOOS == "windows" || os.Geteuid() == 0 {
		t.Skip("root reads everything")
	}
	dir := install(t, map[string]string{"public/resources/a.css": "a"})
	require.NoError(t, os.Chmod(filepath.Join(dir, "public/resources/a.css"), 0))
	f := take(t, newWorld().registry(t, dir))
	require.Contains(t, f.Folders[0].Problem, "a.css")
	require.NotContains(t, f.Folders[0].Problem, dir)
	require.Empty(t, f.Folders[1].Problem)
}

func TestFingerprints_AHugeFolderIsNotCompared(t *testing.T) {
	dir := install(t, nil)
	p := filepath.Join(dir, "var/data/x")
	require.NoError(t, os.MkdirAll(p, 0o755))
	first := filepath.Join(p, "0")
	require.NoError(t, os.WriteFile(first, nil, 0o644))
	for i := range 20_001 {
		require.NoError(t, os.Link(first, filepath.Join(p, fmt.Sprint("f", i))))
	}
	require.Contains(t, take(t, newWorld().registry(t, dir)).Folders[1].Problem, "more than 20000 files")
}

func TestFingerprints_WithoutAKeyThereAreNone(t *testing.T) {
	dir := install(t, map[string]string{"config/env.mosparo.php": "<?php return ['mosparo_installed' => true];"})
	f := take(t, newWorld().registry(t, dir))
	require.Contains(t, f.Problem, "encryption_key")
	require.Empty(t, f.Key)
	require.Empty(t, f.Settings)

	// A file that is being written when it is read.
	r := newWorld().registry(t, install(t, nil))
	require.NotEmpty(t, take(t, r).Key)
	dir = install(t, nil)
	r = newWorld().registry(t, dir)
	write(t, dir, "config/env.mosparo.php", "<?php return [")
	require.Contains(t, take(t, r).Problem, "cannot be read")
}

// The files of a mosparo that is being set up, or updated by hand.
func TestFingerprints_AMissingFolderIsAnEmptyOne(t *testing.T) {
	a, b := install(t, nil), install(t, nil)
	require.NoError(t, os.MkdirAll(filepath.Join(b, "public/resources"), 0o755))
	for i, d := range take(t, newWorld().registry(t, a)).Folders {
		require.Equal(t, d.MAC, take(t, newWorld().registry(t, b)).Folders[i].MAC)
		require.Empty(t, d.Problem)
	}
}
