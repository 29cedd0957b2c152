package cleanup_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
)

// A container without a zone database cannot read the marker that a PHP node
// writes in its own zone. PHP can, so it is no reason to clean beside it.
func TestTryRun_WithoutAZoneDatabasePHPsMarkerCounts(t *testing.T) {
	root := t.TempDir()
	build := exec.CommandContext(t.Context(), "go", "build", "-o", filepath.Join(root, "node"), "./testdata/withoutzones")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	out, err := build.CombinedOutput()
	require.NoError(t, err, "%s", out)

	node := exec.CommandContext(t.Context(), "/node")
	node.Env = []string{}
	node.Dir = "/"
	node.SysProcAttr = &syscall.SysProcAttr{Chroot: root}
	if os.Getuid() != 0 {
		node.SysProcAttr.Cloneflags = syscall.CLONE_NEWUSER
		node.SysProcAttr.UidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getuid(), Size: 1}}
	}
	out, err = node.CombinedOutput()
	if os.Getuid() != 0 && err != nil && len(out) == 0 {
		t.Skipf("skipped: this user cannot change the root directory: %v", err)
	}
	require.NoError(t, err, "%s", out)
	text := string(out)
	require.Contains(t, text, "Europe/Zurich: unavailable, 0 runs, ")
	require.Contains(t, text, `"mosparoCleanupStartedAt"`)
	require.Contains(t, text, `"Europe/Zurich"`)
	require.Contains(t, text, "time/tzdata")
	require.Contains(t, text, "UTC: already_running, 0 runs, <nil>")
}
