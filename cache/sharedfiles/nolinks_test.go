package sharedfiles

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// noLinks is a file system without hard links; meanwhile another process makes
// the file.
func noLinks(t *testing.T, root *os.Root, name string) func(string, string) error {
	return func(string, string) error {
		if name != "" {
			require.NoError(t, root.WriteFile(name, []byte("theirs"), 0o600))
		}
		return errors.New("no hard links here")
	}
}

func TestWithoutLinks_NoFileTakesThePlaceOfAnother(t *testing.T) {
	f := Folder{Path: t.TempDir()}
	root, err := f.Open()
	require.NoError(t, err)
	defer root.Close()

	require.NoError(t, f.makeLock(root, noLinks(t, root, ""), "lock"))
	require.ErrorIs(t, f.makeLock(root, noLinks(t, root, "held"), "held"), os.ErrExist, "two would have the lock")

	for _, newer := range []string{"", "newer"} {
		require.NoError(t, root.WriteFile("aside", []byte("ours"), 0o600))
		require.NoError(t, putBack(root, noLinks(t, root, newer), "aside", "newer"))
		b, err := os.ReadFile(filepath.Join(f.Path, "newer"))
		require.NoError(t, err)
		require.Equal(t, map[string]string{"": "ours", "newer": "theirs"}[newer], string(b))
	}
	entries, err := os.ReadDir(f.Path)
	require.NoError(t, err)
	require.Len(t, entries, 3, "no temporary files")
}
