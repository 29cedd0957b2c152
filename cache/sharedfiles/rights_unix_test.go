//go:build unix

package sharedfiles

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// asUser names the directory in which the test program, run again, makes a file
// and a directory as the user of outsider, a member of no other group.
const asUser = "SHAREDFILES_TEST_AS_USER"

const outsider = 12345

func TestMain(m *testing.M) {
	if dir := os.Getenv(asUser); dir != "" {
		if err := makeAs(outsider, dir); err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

func makeAs(user int, dir string) error {
	for _, err := range []error{syscall.Setgroups(nil), syscall.Setgid(user), syscall.Setuid(user)} {
		if err != nil {
			return err
		}
	}
	f := Folder{Path: dir}
	root, err := f.Open()
	if err != nil {
		return err
	}
	defer root.Close()
	name, err := f.WriteTemporary(root, ".", time.Now(), func(*os.File) error { return nil })
	if err != nil {
		return err
	}
	if err := root.Rename(name, "file"); err != nil {
		return err
	}
	return f.MakeDirs(root, "made")
}

// A file that cannot get the group of its directory has that of the process, which
// has nothing to do with mosparo.
func TestRights_AForeignGroupMayNotWrite(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("skipped: needs root")
	}
	above := t.TempDir()
	for _, d := range []string{above, filepath.Dir(above)} {
		require.NoError(t, os.Chmod(d, 0o755))
	}
	dir := filepath.Join(above, "shared")
	require.NoError(t, os.Mkdir(dir, 0o700))
	require.NoError(t, os.Chown(dir, outsider, 54321))
	require.NoError(t, os.Chmod(dir, 0o770))
	self, err := os.Executable()
	require.NoError(t, err)
	cmd := exec.Command(self)
	cmd.Env = append(os.Environ(), asUser+"="+dir)
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, strings.TrimSpace(string(out)))
	for name, mode := range map[string]os.FileMode{"file": 0o640, "made": 0o750} {
		fi, err := os.Stat(filepath.Join(dir, name))
		require.NoError(t, err)
		require.EqualValues(t, outsider, fi.Sys().(*syscall.Stat_t).Gid)
		require.Equal(t, mode, fi.Mode().Perm(), name)
	}
}
