//go:build unix

package connect_test

import (
	"context"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/mosparo/go-cluster/cache"
	"github.com/mosparo/go-cluster/envconfig"
	"github.com/mosparo/go-cluster/envconfig/connect"
	"github.com/mosparo/go-cluster/lock"
)

// Without FILESYSTEM_CACHE_PATH the cache is in the system's temporary
// directory, where it has to be PHP's.
func TestFiles_InTheTemporaryDirectoryArePHPs(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("skipped: needs root")
	}
	const php = 12345
	mosparo, tmp := filepath.Join(t.TempDir(), "mosparo"), t.TempDir()
	require.NoError(t, os.Chmod(tmp, 0o777|fs.ModeSticky))
	t.Setenv("TMPDIR", tmp)
	require.NoError(t, os.Mkdir(mosparo, 0o755))
	require.NoError(t, os.WriteFile(filepath.Join(mosparo, ".env"), []byte("MOSPARO_CACHE_ADAPTER=filesystem\n"), 0o600))
	require.NoError(t, os.Chown(mosparo, php, php))

	use := func(s *envconfig.Settings) (cacheErr, lockErr error) {
		a, err := connect.Cache(s)
		require.NoError(t, err)
		defer a.Close()
		l := lock.New(openLock(t, s))
		defer l.Close()
		return a.(cache.Pinger).Ping(t.Context()), l.Do(t.Context(), "n", func(context.Context) error { return nil })
	}
	cacheErr, lockErr := use(settings(t))
	require.ErrorIs(t, cacheErr, cache.ErrUnavailable, "PHP's user is not known")
	require.ErrorIs(t, lockErr, lock.ErrUnavailable)
	require.NoDirExists(t, filepath.Join(tmp, "symfony-cache"))

	s, err := envconfig.Load(mosparo, nil)
	require.NoError(t, err)
	cacheErr, lockErr = use(s)
	require.NoError(t, cacheErr)
	require.NoError(t, lockErr)
	for _, name := range []string{"", "@", "mosparoGoLock"} {
		fi, err := os.Stat(filepath.Join(tmp, "symfony-cache", name))
		require.NoError(t, err)
		require.Equal(t, fs.FileMode(0o755), fi.Mode().Perm(), name)
		require.EqualValues(t, php, fi.Sys().(*syscall.Stat_t).Uid, name)
	}
}
