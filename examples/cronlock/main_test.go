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
	cmd := exec.Command(os.Args[0], args...)
	cmd.Env = append(os.Environ(), "CRONLOCK_CHILD=1", "MOSPARO_CACHE_ADAPTER=redis", "REDIS_URL="+env)
	out, err := cmd.CombinedOutput()
	return string(out), err
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
