package filestore_test

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
	"github.com/mosparo/go-cluster/cssstore/filestore"
	"github.com/mosparo/go-cluster/cssstore/internal/fixturetest"
)

func TestStore_LeaveNothingOnAFullDisk(t *testing.T) {
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=256k,mode=0755"); err != nil {
		t.Skip("skipped: needs the right to mount a file system: ", err)
	}
	t.Cleanup(func() { require.NoError(t, syscall.Unmount(dir, syscall.MNT_DETACH)) })
	s := filestore.New(dir, filestore.WithMappings())
	for range 3 {
		require.ErrorIs(t, s.Put(t.Context(), fixturetest.Resource(strings.Repeat("x", 1<<20))), cache.ErrFull)
		left, err := os.ReadDir(dir)
		require.NoError(t, err)
		require.Empty(t, left)
	}
	require.NoError(t, s.Put(t.Context(), fixturetest.Resource("a")), "the room is there again")

	// What a killed process left does not keep it full either.
	killed := filepath.Join(dir, sharedfiles.TemporaryName(time.Now().Add(-2*time.Hour)))
	require.ErrorIs(t, os.WriteFile(killed, make([]byte, 1<<20), 0o600), syscall.ENOSPC)
	require.NoError(t, os.Chtimes(killed, time.Time{}, time.Now().Add(-2*time.Hour)))
	require.NoError(t, filestore.New(dir).Put(t.Context(), fixturetest.Resource(strings.Repeat("x", 100_000))))
	require.NoFileExists(t, killed)
}
