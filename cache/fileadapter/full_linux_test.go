package fileadapter

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/mosparo/go-cluster/cache"
	"github.com/mosparo/go-cluster/cache/sharedfiles"
)

func TestSet_LeavesNothingOnAFullDisk(t *testing.T) {
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=256k,mode=0755"); err != nil {
		t.Skip("skipped: needs the right to mount a file system: ", err)
	}
	t.Cleanup(func() { require.NoError(t, syscall.Unmount(dir, syscall.MNT_DETACH)) })
	a := newAt(t, dir)
	for range 3 {
		require.ErrorIs(t, a.Set(t.Context(), item("k", "v"), item("large", strings.Repeat("x", 1<<20))), cache.ErrFull)
		require.Empty(t, files(t, dir))
	}
	require.NoError(t, a.Set(t.Context(), item("k", "v")), "the room is there again")

	// What a killed process left does not keep it full either.
	killed := filepath.Join(a.Dir(), sharedfiles.TemporaryName(time.Now().Add(-2*time.Hour)))
	require.ErrorIs(t, os.WriteFile(killed, make([]byte, 1<<20), 0o600), syscall.ENOSPC)
	setAge(t, 2*time.Hour, killed)
	require.NoError(t, newAt(t, dir).Set(t.Context(), item("k2", strings.Repeat("x", 100_000))))
	require.NoFileExists(t, killed)
}
