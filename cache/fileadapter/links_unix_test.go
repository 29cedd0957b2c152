//go:build unix

package fileadapter

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestGet_TakesWhatIsNoRegularFileForAMiss(t *testing.T) {
	dir := t.TempDir()
	a := newAt(t, dir)
	require.NoError(t, a.Set(t.Context(), item("real", "1")))
	for _, k := range []string{"pipe", "dir", "link", "dangling"} {
		require.NoError(t, os.MkdirAll(filepath.Dir(a.File(k)), 0o755))
	}
	require.NoError(t, syscall.Mkfifo(a.File("pipe"), 0o666))
	require.NoError(t, os.Mkdir(a.File("dir"), 0o755))
	outside := filepath.Join(t.TempDir(), "outside")
	require.NoError(t, os.WriteFile(outside, []byte("0\nlink\nsecret"), 0o644))
	require.NoError(t, os.Symlink(outside, a.File("link")))
	require.NoError(t, os.Symlink("/nowhere", a.File("dangling")))

	v, err := a.Get(t.Context(), "pipe", "dir", "link", "dangling", "real")
	require.NoError(t, err)
	require.Equal(t, [][]byte{nil, nil, nil, nil, []byte("1")}, v)

	// A write replaces the link, not what it leads to.
	require.NoError(t, a.Set(t.Context(), item("link", "2")))
	got, err := os.ReadFile(outside)
	require.NoError(t, err)
	require.Contains(t, string(got), "secret")
}

func TestWrites_DoNotFollowALinkOutOfTheCache(t *testing.T) {
	dir, outside := t.TempDir(), t.TempDir()
	a := newAt(t, dir)
	require.NoError(t, a.Ping(t.Context()))
	outer := strings.Split(entryPath("k"), "/")[0]
	require.NoError(t, os.Symlink(outside, filepath.Join(a.Dir(), outer)))
	require.Error(t, a.Set(t.Context(), item("k", "1")))
	entries, err := os.ReadDir(outside)
	require.NoError(t, err)
	require.Empty(t, entries)
}
