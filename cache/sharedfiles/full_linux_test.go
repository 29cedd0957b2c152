package sharedfiles_test

import (
	"bytes"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/mosparo/go-cluster/cache/sharedfiles"
)

// fullDisk is a file system of its own with little room.
func fullDisk(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=64k,mode=0755"); err != nil {
		t.Skip("skipped: needs the right to mount a file system: ", err)
	}
	t.Cleanup(func() { require.NoError(t, syscall.Unmount(dir, syscall.MNT_DETACH)) })
	return dir
}

func TestWriteTemporary_LeavesNothingOnAFullDisk(t *testing.T) {
	dir := fullDisk(t)
	f := sharedfiles.Folder{Path: dir}
	root, err := f.Open()
	require.NoError(t, err)
	defer root.Close()
	for range 3 {
		_, err = f.WriteTemporary(root, ".", time.Now(), func(file *os.File) error {
			_, err := file.Write(bytes.Repeat([]byte("x"), 1<<20))
			return err
		})
		require.True(t, sharedfiles.IsFull(err), err)
		entries, err := fs.ReadDir(root.FS(), ".")
		require.NoError(t, err)
		require.Empty(t, entries)
	}
	require.NoError(t, os.WriteFile(filepath.Join(dir, "small"), []byte("x"), 0o600), "the room is there again")
}
