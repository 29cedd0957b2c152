//go:build darwin || dragonfly || freebsd || linux || netbsd || openbsd

package sharedfiles

import (
	"errors"
	"os"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
)

// A lock that cannot be had just now is no reason to go on without one.
func TestFlock_OnlyASystemWithoutLocksIsUnsupported(t *testing.T) {
	for _, err := range []error{syscall.ENOSYS, syscall.ENOTSUP, syscall.EOPNOTSUPP} {
		require.ErrorIs(t, classifyFlock(err), errors.ErrUnsupported)
		require.ErrorIs(t, classifyFlock(err), err)
	}
	for _, err := range []error{syscall.ENOLCK, syscall.EWOULDBLOCK, syscall.EBADF, nil} {
		require.Equal(t, err, classifyFlock(err))
	}
}

// Other users open it in the same moment.
func TestCreateLock_HasTheModeOfItsDirectoryFromTheBeginning(t *testing.T) {
	defer syscall.Umask(syscall.Umask(0))
	dir := t.TempDir()
	require.NoError(t, os.Chmod(dir, 0o775))
	f := Folder{Path: dir}
	root, err := f.Open()
	require.NoError(t, err)
	defer root.Close()
	file, _, err := f.createLock(root, "lock")
	require.NoError(t, err)
	defer file.Close()
	fi, err := file.Stat()
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o664), fi.Mode())
}
