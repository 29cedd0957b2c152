//go:build unix

package sharedfiles

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// The owner of the directory may have put something else in place of what root
// has just made there: a second name of a file of root's, which would be handed
// over, or a pipe, which would wait for its other end.
func TestFinishDir_TakesNothingButADirectory(t *testing.T) {
	dir := t.TempDir()
	secret := filepath.Join(dir, "secret")
	require.NoError(t, os.WriteFile(secret, nil, 0o600))
	require.NoError(t, os.Link(secret, filepath.Join(dir, "linked")))
	require.NoError(t, syscall.Mkfifo(filepath.Join(dir, "pipe"), 0o600))
	root, err := os.OpenRoot(dir)
	require.NoError(t, err)
	defer root.Close()
	fi, err := root.Stat(".")
	require.NoError(t, err)
	owner, _ := ownerOf(fi)
	for _, name := range []string{"linked", "pipe"} {
		ended := make(chan error, 1)
		go func() { ended <- finishDir(root, name, rights{owner, 0o755, dir}) }()
		select {
		case err := <-ended:
			require.ErrorIs(t, err, syscall.ENOTDIR, name)
		case <-time.After(10 * time.Second):
			t.Fatal(name, "is waited for")
		}
	}
	fi, err = os.Stat(secret)
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o600), fi.Mode())
}
