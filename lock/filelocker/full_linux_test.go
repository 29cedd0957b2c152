package filelocker_test

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/mosparo/go-cluster/cache/sharedfiles"
	"github.com/mosparo/go-cluster/lock"
	"github.com/mosparo/go-cluster/lock/locktest"
)

func TestAcquire_LeavesNothingOnAFullDisk(t *testing.T) {
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=64k,mode=0755"); err != nil {
		t.Skip("skipped: needs the right to mount a file system: ", err)
	}
	t.Cleanup(func() { require.NoError(t, syscall.Unmount(dir, syscall.MNT_DETACH)) })
	// It leaves room for one page, and the file of a lock takes three.
	full := filepath.Join(dir, "full")
	require.NoError(t, os.WriteFile(full, make([]byte, 60<<10), 0o600))
	b := open(t, dir)
	for range 3 {
		_, err := b.Acquire(t.Context(), "n", lock.Claim{Token: locktest.NewToken()}, time.Minute)
		require.ErrorIs(t, err, syscall.ENOSPC)
		left, err := os.ReadDir(dir)
		require.NoError(t, err)
		require.Len(t, left, 1)
	}
	require.NoError(t, os.Remove(full))
	acquire(t, b, "n", time.Minute)
}

// A process that uses the same names all the time makes no new files.
func TestLeftOvers_GoWithoutANewName(t *testing.T) {
	dir := t.TempDir()
	token, _ := acquire(t, open(t, dir), "n", time.Minute)
	killed := filepath.Join(dir, sharedfiles.TemporaryName(time.Now().Add(-2*time.Hour)))
	require.NoError(t, os.WriteFile(killed, nil, 0o600))
	old := time.Now().Add(-2 * time.Hour)
	require.NoError(t, os.Chtimes(killed, old, old))
	b := open(t, dir)
	require.NoError(t, b.Release(t.Context(), "n", token))
	acquire(t, b, "n", time.Minute)
	require.NoFileExists(t, killed)
}
