//go:build unix

package sharedfiles

import (
	"context"
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

// asUser names what the test program, run again, does in a directory as the user
// of outsider, a member of no other group: "make DIR" or "lock DIR".
const asUser = "SHAREDFILES_TEST_AS_USER"

const outsider = 12345

func TestMain(m *testing.M) {
	if task := os.Getenv(asUser); task != "" {
		if err := beOutsider(task); err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

func beOutsider(task string) error {
	for _, err := range []error{syscall.Setgroups(nil), syscall.Setgid(outsider), syscall.Setuid(outsider)} {
		if err != nil {
			return err
		}
	}
	what, dir, _ := strings.Cut(task, " ")
	if what == "lock" {
		return lockLater(dir)
	}
	return makeFiles(dir)
}

// runAsOutsider runs a task of [asUser] in a new directory with these rights.
func runAsOutsider(t *testing.T, task string, gid int, mode os.FileMode) (dir string) {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("skipped: needs root")
	}
	above := t.TempDir()
	for _, d := range []string{above, filepath.Dir(above)} {
		require.NoError(t, os.Chmod(d, 0o755))
	}
	dir = filepath.Join(above, "shared")
	require.NoError(t, os.Mkdir(dir, 0o700))
	require.NoError(t, os.Chown(dir, outsider, gid))
	require.NoError(t, os.Chmod(dir, mode))
	self, err := os.Executable()
	require.NoError(t, err)
	cmd := exec.Command(self)
	cmd.Env = append(os.Environ(), asUser+"="+task+" "+dir)
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, strings.TrimSpace(string(out)))
	return dir
}

func makeFiles(dir string) error {
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

// lockLater takes a lock whose file may be opened a little later only.
func lockLater(dir string) error {
	name := filepath.Join(dir, "lock")
	if err := os.WriteFile(name, nil, 0); err != nil {
		return err
	}
	timer := time.AfterFunc(20*time.Millisecond, func() { _ = os.Chmod(name, 0o600) })
	defer timer.Stop()
	unlock, err := Folder{Path: dir}.Lock(context.Background(), "lock")
	if err == nil {
		unlock()
	}
	return err
}

// Where there are no hard links a lock's file has its name before its rights.
func TestLock_WaitsForTheRightsOfANewFile(t *testing.T) {
	runAsOutsider(t, "lock", outsider, 0o700)
}

// A file that cannot get the group of its directory has that of the process, which
// has nothing to do with mosparo.
func TestRights_AForeignGroupMayNotWrite(t *testing.T) {
	dir := runAsOutsider(t, "make", 54321, 0o770)
	for name, mode := range map[string]os.FileMode{"file": 0o640, "made": 0o750} {
		fi, err := os.Stat(filepath.Join(dir, name))
		require.NoError(t, err)
		require.EqualValues(t, outsider, fi.Sys().(*syscall.Stat_t).Gid)
		require.Equal(t, mode, fi.Mode().Perm(), name)
	}
}
