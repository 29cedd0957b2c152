//go:build unix

package sharedfiles

import (
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// A pipe may take the place of a directory after it was looked at.
func TestEnter_DoesNotWaitForAPipe(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, syscall.Mkfifo(filepath.Join(dir, "pipe"), 0o600))
	root, err := os.OpenRoot(dir)
	require.NoError(t, err)
	defer root.Close()
	seen, err := os.Stat(dir)
	require.NoError(t, err)
	for name, at := range map[string]place{"below an open directory": {path: dir, root: root}, "by its path": {path: dir}} {
		ended := make(chan error, 1)
		go func() {
			_, err := at.enter("pipe", seen)
			ended <- err
		}()
		select {
		case err := <-ended:
			require.ErrorIs(t, err, syscall.ENOTDIR, name)
		case <-time.After(10 * time.Second):
			t.Fatal(name, "waits for a writer")
		}
	}
}

func TestOpenFile_DoesNotWaitForAPipe(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, syscall.Mkfifo(filepath.Join(dir, "pipe"), 0o600))
	root, err := os.OpenRoot(dir)
	require.NoError(t, err)
	defer root.Close()
	ended := make(chan error, 1)
	go func() {
		_, err := OpenFile(root, "pipe")
		ended <- err
	}()
	select {
	case err := <-ended:
		require.ErrorIs(t, err, os.ErrInvalid)
	case <-time.After(10 * time.Second):
		t.Fatal("waits for a writer")
	}
}

// A deployment tool puts another link in the place of current while a process is
// on its way through it.
func TestOpen_WhileALinkIsReplaced(t *testing.T) {
	dir := t.TempDir()
	current := filepath.Join(dir, "current")
	for _, release := range []string{"a", "b"} {
		require.NoError(t, os.MkdirAll(filepath.Join(dir, release, "public"), 0o755))
	}
	require.NoError(t, os.Symlink("a", current))
	for i := range 3000 {
		next := filepath.Join(dir, "next")
		require.NoError(t, os.Symlink([]string{"b", "a"}[i%2], next))
		start, replaced := make(chan struct{}), make(chan error)
		go func() {
			<-start
			for range rand.IntN(200) {
				runtime.Gosched()
			}
			replaced <- os.Rename(next, current)
		}()
		close(start)
		root, err := Folder{Path: filepath.Join(current, "public")}.Open()
		require.NoError(t, <-replaced)
		require.NoError(t, err)
		require.NoError(t, root.Close())
	}
}
