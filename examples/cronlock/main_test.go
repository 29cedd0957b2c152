package main

import (
	"os"
	"os/exec"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/mosparo/go-cluster/cache/cachetest/servers"
)

// The test binary is cronlock when CRONLOCK_CHILD is set.
func TestMain(m *testing.M) {
	if os.Getenv("CRONLOCK_CHILD") != "" {
		main()
		return
	}
	os.Exit(m.Run())
}

func cronlock(env string, args ...string) (string, error) {
	return cronlockIn([]string{"MOSPARO_CACHE_ADAPTER=redis", "REDIS_URL=" + env}, args...)
}

// cronlockIn has no other environment, as in a crontab.
func cronlockIn(environ []string, args ...string) (string, error) {
	cmd := exec.Command(os.Args[0], args...)
	cmd.Env = append([]string{"CRONLOCK_CHILD=1", "GORACE=atexit_sleep_ms=0", "PATH=" + os.Getenv("PATH")}, environ...)
	out, err := cmd.CombinedOutput()
	return string(out), err
}

// Three hosts with private temporary directories, and no environment that names
// the cluster.
func TestCronlock_RunsNothingWithoutALockThatNodesShare(t *testing.T) {
	for range 3 {
		private, home := "TMPDIR="+t.TempDir(), "XDG_CACHE_HOME="+t.TempDir()
		out, err := cronlockIn([]string{private}, "job", "echo", "ran")
		var exit *exec.ExitError
		require.ErrorAs(t, err, &exit)
		require.Equal(t, exitConfig, exit.ExitCode(), out)
		require.NotContains(t, out, "ran\n")
		out, err = cronlockIn([]string{private, home}, "--this-host-only", "job", "echo", "ran")
		require.NoError(t, err, out)
		require.Equal(t, "ran\n", out)
		out, err = cronlockIn([]string{private, "MOSPARO_CACHE_ADAPTER=filesystem", "FILESYSTEM_CACHE_PATH=" + t.TempDir()}, "job", "echo", "ran")
		require.NoError(t, err, "the directory was named: %s", out)
	}
}

func TestCronlock_RefusesTheNamesOfTheLibrary(t *testing.T) {
	for _, args := range [][]string{{"mosparo/cleanup", "true"}, {"job"}, {}, {"--nonsense", "job", "true"}} {
		_, err := cronlock("redis://127.0.0.1:1", args...)
		var exit *exec.ExitError
		require.ErrorAs(t, err, &exit)
		require.Equal(t, 2, exit.ExitCode(), args)
	}
}

func TestCronlock_RunsTheCommandOnOneOfThreeNodes(t *testing.T) {
	url := "redis://" + servers.Redis(t).Addr()
	var nodes sync.WaitGroup
	ran := make(chan string, 3)
	for range 3 {
		nodes.Go(func() {
			out, err := cronlock(url, "job", "echo", "ran")
			if err != nil {
				t.Error(err, out)
			}
			ran <- out
		})
	}
	nodes.Wait()
	close(ran)
	all := ""
	for out := range ran {
		all += out
	}
	require.Equal(t, "ran\n", all)

	out, err := cronlock(url, "other", "false")
	require.Error(t, err)
	require.Contains(t, out, "exit status 1")
	out, err = cronlock("http://wrong", "job", "echo", "ran")
	require.Error(t, err)
	require.NotContains(t, out, "ran\n")
}
