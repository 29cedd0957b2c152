package nodes

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// A folder that takes longer than there is time for is hashed bit by bit.
func TestFolderHashes_GoOnWhereTheyWereStopped(t *testing.T) {
	dir := t.TempDir()
	add := func(name string) {
		t.Helper()
		p := filepath.Join(dir, "var", "data", name)
		require.NoError(t, os.MkdirAll(filepath.Dir(p), 0o755))
		require.NoError(t, os.WriteFile(p, []byte(name), 0o644))
		require.NoError(t, os.Chtimes(p, time.Unix(1, 0), time.Unix(1, 0)))
	}
	add("a")
	h := &folderHashes{name: FolderData}
	k, in, over := newKeyed("key"), installation{dir: dir}, time.Now().Add(-time.Second)
	_, err := h.take(t.Context(), k, in, over)
	require.ErrorIs(t, err, errPending)
	files, err := h.take(t.Context(), k, in, time.Now().Add(time.Hour))
	require.NoError(t, err)
	require.Len(t, files, 1)

	add("b")
	_, err = h.take(t.Context(), k, in, over)
	require.ErrorIs(t, err, errPending)
	require.Len(t, h.macs, 1, "what was hashed stays so")
	require.NoError(t, os.Remove(filepath.Join(dir, "var", "data", "b")))
	again, err := h.take(t.Context(), k, in, over)
	require.NoError(t, err, "nothing is left to hash")
	require.Equal(t, files, again)
	require.NotEqual(t, newFolder(k, FolderData, files, nil).MAC, newFolder(newKeyed("other"), FolderData, files, nil).MAC)
}

// While a folder is being hashed, what was known of it stays.
func TestFingerprints_KeepWhatWasKnownOfAFolder(t *testing.T) {
	then, at := time.Unix(1000, 0), time.Unix(2000, 0)
	before := Fingerprints{Key: "k", Folders: []Folder{{Fingerprint: Fingerprint{Name: FolderData, MAC: "m", Since: then}}}}
	pending := Fingerprints{Key: "k", Folders: []Folder{newFolder(newKeyed("key"), FolderData, nil, errPending)}}
	pending.keepSince(before, at)
	require.Equal(t, "m", pending.Folders[0].MAC)
	require.NotEmpty(t, pending.Folders[0].Problem)
	after := Fingerprints{Key: "k", Folders: []Folder{{Fingerprint: Fingerprint{Name: FolderData, MAC: "m"}}}}
	after.keepSince(pending, at)
	require.Equal(t, then, after.Folders[0].Since)
	after.keepSince(Fingerprints{Key: "another", Folders: before.Folders}, at)
	require.Equal(t, at, after.Folders[0].Since)
}
