//go:build unix

package main

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/mosparo/go-cluster/cache/cachetest/servers"
)

// exampleCodes are the exit codes of examples that do not succeed on the installation of
// the test.
var exampleCodes = map[string]int{
	"cache clear":        1, // not confirmed
	"debug cache server": 1, // the cache is no memcached
	"css get":            1, // no such project
	"css check":          1, // the projects have no CSS yet
	"doctor":             1, // SQLite with a shared cache
	"lock break":         1, // the lock is free
	"mirror":             1, // a dry run finds differences
	"files compare":      1, // there is one list only
	"leave":              1, // the slot of the example of lock run is used
}

// runsOn are examples that go on until they are interrupted.
var runsOn = []string{"cleanup observe", "--watch"}

// Every example in a help text is a command line that a shell and this program understand.
func TestCommands_ExamplesRun(t *testing.T) {
	server := servers.Redis(t)
	i := install(t, "1.5.4", "none")
	public := i.withDesign()
	environ := asProgram("MOSPARO_CACHE_ADAPTER=redis", "REDIS_URL=redis://"+server.Addr(), "MOSPARO_PREPARE_CSS_FILES_IN_SHARED_CACHE=1")
	bin := t.TempDir()
	require.NoError(t, os.Symlink(testBinary(t), filepath.Join(bin, "mosparoctl")))
	environ = append(environ, "PATH="+bin+":"+os.Getenv("PATH"))
	work := t.TempDir()
	for name, content := range map[string]string{
		"address.txt": "redis://127.0.0.1\n", "project.css": ".a{}", "design.json": `{"project":"` + cssProject + `","rows":[]}`,
	} {
		require.NoError(t, os.WriteFile(filepath.Join(work, name), []byte(content), 0o600))
	}
	require.NoError(t, os.WriteFile(filepath.Join(i.dir, ".env"), []byte("APP_ENV=prod\n"), 0o600))
	require.DirExists(t, public)

	eachCommand(t, func(t *testing.T, path string, c command) {
		for _, example := range c.examples {
			line := strings.NewReplacer("/var/www/mosparo", i.dir, "/usr/local/bin/report", "true", "30s", "0s").Replace(example)
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			out := untilWritten{then: func() {}}
			for _, name := range runsOn {
				if strings.Contains(example, name) {
					ctx, cancel = context.WithTimeout(t.Context(), 2*time.Second)
					defer cancel()
					out.then = cancel
				}
			}
			if strings.HasPrefix(line, "mosparoctl ") {
				line = "exec " + line // so that a signal does not end a shell first
			}
			sh := exec.CommandContext(ctx, "sh", "-c", line)
			sh.Dir, sh.Env, sh.WaitDelay = work, environ, 10*time.Second
			sh.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
			sh.Cancel = func() error { return syscall.Kill(-sh.Process.Pid, syscall.SIGINT) }
			sh.Stdout, sh.Stderr = &out, &out
			err := sh.Run()
			var exit *exec.ExitError
			if err != nil && !errors.As(err, &exit) {
				require.ErrorIs(t, err, ctx.Err()) // it ended when it was interrupted
			}
			code := sh.ProcessState.ExitCode()
			if code != 0 {
				require.Equal(t, exampleCodes[path], code, "%s\n%s", example, out.String())
			}
		}
	})
}

func testBinary(t *testing.T) string {
	t.Helper()
	path, err := os.Executable()
	require.NoError(t, err)
	return path
}
