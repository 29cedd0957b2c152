//go:build unix

package deploy_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"
)

// The image is made as the Dockerfile says, but for docker: its commands build the programs
// (see program),
// and one of them serves in a directory that has nothing else.
func TestDockerfile_NodeServesWithNothingAroundIt(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("skipped: needs root, for chroot")
	}
	dockerfile := read(t, "container/Dockerfile")
	root := t.TempDir()
	bin := filepath.Join(root, "usr", "local", "bin")
	require.Contains(t, dockerfile, "COPY --from=build /out/ /usr/local/bin/\n")
	require.Equal(t, len(packages), strings.Count(dockerfile, "go build"))
	require.NoError(t, os.MkdirAll(bin, 0o755))
	for name := range packages {
		require.NoError(t, os.Link(program(t, name), filepath.Join(bin, name)))
	}

	var entrypoint, arguments []string
	list := func(instruction string, to *[]string) {
		m := regexp.MustCompile(`(?m)^` + instruction + ` (\[.*\])$`).FindStringSubmatch(dockerfile)
		require.NotNil(t, m, instruction)
		require.NoError(t, yaml.Unmarshal([]byte(m[1]), to))
	}
	list("ENTRYPOINT", &entrypoint)
	list("CMD", &arguments)
	address := newSite(t).addr(11, 8080)
	arguments[slices.Index(arguments, ":8080")] = address
	require.NoError(t, os.Rename(mosparoDir(t, nil), filepath.Join(root, "mosparo")))
	for path := root; path != os.TempDir(); path = filepath.Dir(path) {
		require.NoError(t, os.Chmod(path, 0o755)) //nolint:gosec // the node's user reads it
	}
	cmd := exec.Command(entrypoint[0], append(arguments, "--dir", "/mosparo", "--zone", "Europe/Zurich", "--drain", "0s")...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Chroot: root, Credential: &syscall.Credential{Uid: 33, Gid: 33}}
	cmd.Dir = "/"
	cmd.Env = []string{"database_path=/mosparo/data.sqlite"}
	var log strings.Builder
	cmd.Stderr = &log
	require.NoError(t, cmd.Start())
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	defer func() { _ = cmd.Process.Kill() }()
	require.Eventually(t, func() bool { return len(ended) > 0 || ready(address) == nil }, patience, 20*time.Millisecond)
	require.Empty(t, ended, "the node ended")
	require.NoError(t, cmd.Process.Signal(syscall.SIGTERM))
	require.NoError(t, <-ended, log.String())
}
