package sharedfiles_test

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/mosparo/go-cluster/cache/sharedfiles"
)

// The clock of a node may be hours off: what another one writes just now stays,
// and what is left goes.
func TestRemoveLeftOvers_GoesByTheServersClock(t *testing.T) {
	dir, now := t.TempDir(), time.Now()
	root, err := os.OpenRoot(dir)
	require.NoError(t, err)
	defer root.Close()
	make := func(nameAt, modified time.Time) string {
		file := filepath.Join(dir, sharedfiles.TemporaryName(nameAt))
		require.NoError(t, os.WriteFile(file, nil, 0o600))
		require.NoError(t, os.Chtimes(file, modified, modified))
		return file
	}
	stay := []string{
		make(now.Add(-3*time.Hour), now),                     // of a node whose clock is behind
		make(now, now.Add(24*time.Hour)),                     // complete, with the time at which it expires
		make(now.Add(-3*time.Hour), now.Add(10*time.Minute)), // the same, just written
	}
	gone := []string{
		make(now.Add(3*time.Hour), now.Add(-2*time.Hour)), // of a node whose clock is ahead
		make(now.Add(-3*time.Hour), now.Add(24*time.Hour)),
	}
	empty := filepath.Join(dir, sharedfiles.TemporaryName(now))
	require.NoError(t, os.Mkdir(empty, 0o700))
	require.NoError(t, os.Chtimes(empty, now, now.Add(-2*time.Hour)))
	require.NoError(t, sharedfiles.RemoveLeftOvers(root, "missing", "."))
	for _, file := range stay {
		require.FileExists(t, file)
	}
	for _, file := range append(gone, empty) {
		require.NoFileExists(t, file)
	}
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	require.Len(t, entries, len(stay), "nothing was left by asking for the time")
}

// A process may be killed when it has made a directory of those above the folder
// and not yet given it its name.
func TestMake_RemovesWhatWasLeftWhereItMakesTheFolder(t *testing.T) {
	dir := t.TempDir()
	left := filepath.Join(dir, sharedfiles.TemporaryName(time.Now().Add(-2*time.Hour)))
	require.NoError(t, os.Mkdir(left, 0o700))
	old := time.Now().Add(-2 * time.Hour)
	require.NoError(t, os.Chtimes(left, old, old))
	root, err := sharedfiles.Folder{Path: filepath.Join(dir, "a", "b")}.Make()
	require.NoError(t, err)
	require.NoError(t, root.Close())
	require.NoDirExists(t, left)
}
