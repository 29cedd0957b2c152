//go:build linux

package lock_test

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/mosparo/go-cluster/lock"
	"github.com/mosparo/go-cluster/lock/memorylocker"
)

// The child is this test binary; it is stopped for longer than its TTL. The
// first thing it does when it goes on is to ask the lease.
func TestLease_IsOverWhenAStoppedProcessGoesOn(t *testing.T) {
	const ttl = 600 * time.Millisecond
	if os.Getenv("LOCK_STOPPED") == "1" {
		l := lock.New(memorylocker.New())
		defer l.Close()
		lease, err := l.Acquire(t.Context(), "n", lock.WithTTL(ttl))
		require.NoError(t, err)
		fmt.Println("HELD")
		for last := time.Now(); ; last = time.Now() {
			time.Sleep(time.Millisecond)
			now := time.Now()
			if err := lease.Err(); err != nil || now.Sub(last) > ttl {
				fmt.Println("ENDED", err)
				return
			}
		}
	}
	cmd := exec.Command(os.Args[0], "-test.run=^TestLease_IsOverWhenAStoppedProcessGoesOn$", "-test.v")
	cmd.Env = append(os.Environ(), "LOCK_STOPPED=1")
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	out, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	lines := bufio.NewScanner(out)
	for lines.Scan() && lines.Text() != "HELD" {
	}
	require.NoError(t, cmd.Process.Signal(syscall.SIGSTOP))
	time.Sleep(ttl + 100*time.Millisecond)
	require.NoError(t, cmd.Process.Signal(syscall.SIGCONT))
	var ended string
	for lines.Scan() {
		if text, ok := strings.CutPrefix(lines.Text(), "ENDED "); ok {
			ended = text
		}
	}
	require.NoError(t, cmd.Wait())
	require.Equal(t, lock.ErrLost.Error(), ended)
}
