//go:build unix

package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"github.com/mosparo/go-cluster/lock"
	"github.com/mosparo/go-cluster/lock/filelocker"
)

// The test binary is mosparoctl when MOSPAROCTL_CHILD is set.
func TestMain(m *testing.M) {
	if os.Getenv("MOSPAROCTL_CHILD") != "" {
		main()
		return
	}
	os.Exit(m.Run())
}

// asProgram is the environment of a child that is mosparoctl. With the race detector a
// program would sleep for a second before it exits.
func asProgram(more ...string) []string {
	return append(append(os.Environ(), "MOSPAROCTL_CHILD=1", "GORACE=atexit_sleep_ms=0"), more...)
}

// node is a mosparoctl process, without a terminal as under cron.
type node struct {
	t      *testing.T
	cmd    *exec.Cmd
	out    *bufio.Scanner
	stderr bytes.Buffer
}

func startNode(t *testing.T, env []string, args ...string) *node {
	t.Helper()
	n := &node{t: t, cmd: exec.Command(os.Args[0], append([]string{"lock", "run"}, args...)...)}
	n.cmd.Env = asProgram(env...)
	n.cmd.Stderr = &n.stderr
	n.cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	n.cmd.WaitDelay = 10 * time.Second // what a command left behind holds the pipe
	out, err := n.cmd.StdoutPipe()
	require.NoError(t, err)
	n.out = bufio.NewScanner(out)
	require.NoError(t, n.cmd.Start())
	t.Cleanup(func() {
		_ = n.cmd.Process.Kill() // it may have ended by itself
		_ = n.cmd.Wait()
		if t.Failed() {
			t.Log(n.stderr.String())
		}
	})
	return n
}

// line is the next line that the command writes.
func (n *node) line() string {
	n.t.Helper()
	require.True(n.t, n.out.Scan(), "the command says nothing more")
	return n.out.Text()
}

// code waits for the end; a node that hangs is ended with a trace of what it does.
func (n *node) code() int {
	n.t.Helper()
	hangs := time.AfterFunc(2*time.Minute, func() { _ = n.cmd.Process.Signal(syscall.SIGQUIT) })
	defer hangs.Stop()
	for n.out.Scan() {
	}
	_ = n.cmd.Wait() // its code is what is asked for
	return n.cmd.ProcessState.ExitCode()
}

func (n *node) signal(s syscall.Signal) {
	n.t.Helper()
	require.NoError(n.t, n.cmd.Process.Signal(s))
}

func requireGone(t *testing.T, pid string) {
	t.Helper()
	n, err := strconv.Atoi(pid)
	require.NoError(t, err)
	require.Eventually(t, func() bool { return syscall.Kill(n, 0) == syscall.ESRCH }, 20*time.Second, 5*time.Millisecond, "process %d goes on", n)
}

// onFiles is [onRedis] for a cache in a directory.
func onFiles(t *testing.T) (environ []string, other *lock.Locker) {
	t.Helper()
	dir := t.TempDir()
	b, err := filelocker.New(filepath.Join(dir, lock.KeyPrefix))
	if errors.Is(err, errors.ErrUnsupported) {
		t.Skip("skipped: needs flock")
	}
	require.NoError(t, err)
	other = lock.New(b, lock.WithPoll(5*time.Millisecond))
	t.Cleanup(other.Close)
	return []string{"MOSPARO_CACHE_ADAPTER=filesystem", "FILESYSTEM_CACHE_PATH=" + dir}, other
}

// onEach runs a test on Redis and on files.
func onEach(t *testing.T, test func(t *testing.T, env []string, other *lock.Locker)) {
	t.Helper()
	t.Parallel()
	t.Run("redis", func(t *testing.T) {
		env, other, _ := onRedis(t)
		test(t, env, other)
	})
	t.Run("file", func(t *testing.T) {
		env, other := onFiles(t)
		test(t, env, other)
	})
}

func TestLockRun_ExitsAsFlockDoes(t *testing.T) { onEach(t, exitsAsFlockDoes) }

func exitsAsFlockDoes(t *testing.T, env []string, other *lock.Locker) {
	run := func(args ...string) outcome { return ctl(t, env, "input", append([]string{"lock", "run"}, args...)...) }
	for _, c := range []struct {
		code int
		args []string
	}{
		{0, []string{"n", "--", "true"}},
		{0, []string{"n", "true"}},
		{7, []string{"--ttl", "5s", "n", "--", "sh", "-c", "exit 7"}},
		{7, []string{"n", "sh", "-c", "exit 7"}}, // its own flags are the command's
		{128 + 9, []string{"n", "--", "sh", "-c", "kill -9 $$"}},
		{exitUnavailable, []string{"n", "--", "/nonexistent/command"}},
	} {
		got := run(c.args...)
		require.Equal(t, c.code, got.code, "%v: %s", c.args, got.stderr)
		requireFree(t, other, "n")
	}
	got := run("n", "--", "sh", "-c", `cat; echo " $MOSPARO_LOCK_NAME $MOSPARO_LOCK_FENCE"; echo oops >&2`)
	name, fence, _ := strings.Cut(strings.TrimPrefix(got.stdout, "input "), " ")
	require.Equal(t, "n", name)
	n, err := strconv.ParseUint(strings.TrimSpace(fence), 10, 64)
	require.NoError(t, err)
	require.NotZero(t, n)
	require.Equal(t, "oops\n", got.stderr)

	_, err = other.Acquire(t.Context(), "n", lock.WithTTL(time.Minute))
	require.NoError(t, err)
	for want, args := range map[int][]string{
		1: {"n", "--", "echo"},
		0: {"n", "--conflict-exit-code", "0", "--", "echo"},
		9: {"-E", "9", "n", "--wait", "20ms", "--", "echo"},
	} {
		got := run(args...)
		require.Equal(t, want, got.code)
		require.Empty(t, got.stdout+got.stderr, "cron mails what is said")
	}
	require.Contains(t, run("n", "--verbose", "--", "echo").stderr, "is held by")
}

func TestLockRun_DoesNotRunWhenTheServerIsSilent(t *testing.T) {
	env, _, s := onRedis(t)
	s.Kill()
	got := ctl(t, env, "", "lock", "run", "n", "--", "echo", "ran")
	require.Equal(t, exitTempFail, got.code)
	require.Empty(t, got.stdout)
	require.Contains(t, got.stderr, "unavailable")
}

func TestLockRun_RunsOnOneOfThreeNodes(t *testing.T) {
	env, _, _ := onRedis(t)
	first := startNode(t, env, "job", "--", "sh", "-c", "echo ran; exec sleep 1000")
	require.Equal(t, "ran", first.line())
	for range 2 {
		n := startNode(t, env, "job", "--", "echo", "ran")
		require.Equal(t, 1, n.code())
	}
	waiting := startNode(t, env, "job", "--wait", "1m", "--", "echo", "ran")
	first.signal(syscall.SIGTERM)
	require.Equal(t, 128+int(syscall.SIGTERM), first.code())
	require.Equal(t, "ran", waiting.line())
	require.Zero(t, waiting.code())
}

func TestLockRun_MinHoldKeepsALateNodeOut(t *testing.T) {
	env, other, _ := onRedis(t)
	run := []string{"lock", "run", "job", "--min-hold", "1h", "--", "echo", "ran"}
	require.Equal(t, "ran\n", ctl(t, env, "", run...).stdout)
	late := ctl(t, env, "", run...)
	require.Equal(t, 1, late.code)
	require.Empty(t, late.stdout)
	h, err := other.Holder(t.Context(), "job")
	require.NoError(t, err)
	require.Greater(t, h.TTL, 58*time.Minute)
	require.Equal(t, "echo", h.Owner.Label)
}

func TestLockRun_ASlotIsUsedOnceAlsoByARunThatFailsOrDies(t *testing.T) { onEach(t, usesASlotOnce) }

func usesASlotOnce(t *testing.T, env []string, _ *lock.Locker) {
	run := func(slot, script string) outcome {
		return ctl(t, env, "", "lock", "run", "job", "--slot", slot, "--", "sh", "-c", script)
	}
	require.Equal(t, 7, run("monday", "exit 7").code)
	again := run("monday", "echo ran")
	require.Equal(t, 1, again.code)
	require.Empty(t, again.stdout)
	require.Equal(t, "ran\n", run("tuesday", "echo ran").stdout)

	dies := startNode(t, env, "job", "--ttl", "1s", "--slot", "wednesday", "--", "sh", "-c", "echo ran; exec sleep 1000")
	require.Equal(t, "ran", dies.line())
	require.NoError(t, dies.cmd.Process.Kill())
	dies.code()
	require.Equal(t, 1, run("wednesday", "echo ran").code)
	thursday := ctl(t, env, "", "lock", "run", "job", "--wait", "1m", "--slot", "thursday", "--", "echo", "ran")
	require.Equal(t, "ran\n", thursday.stdout, thursday.stderr)
}

func TestLockRun_PassesSignalsOn(t *testing.T) { onEach(t, passesSignalsOn) }

func passesSignalsOn(t *testing.T, env []string, other *lock.Locker) {
	n := startNode(t, env, "job", "--", "sh", "-c", `trap 'echo usr1' USR1; trap 'echo term; exit 5' TERM; echo ready; while :; do sleep 0.05; done`)
	require.Equal(t, "ready", n.line())
	n.signal(syscall.SIGUSR1)
	require.Equal(t, "usr1", n.line())
	_, err := other.Holder(t.Context(), "job")
	require.NoError(t, err, "it goes on")
	n.signal(syscall.SIGTERM)
	require.Equal(t, "term", n.line())
	require.Equal(t, 5, n.code())
	requireFree(t, other, "job")
}

func TestLockRun_ASignalEndsTheWaiting(t *testing.T) {
	env, other, _ := onRedis(t)
	lease, err := other.Acquire(t.Context(), "job", lock.WithTTL(time.Minute))
	require.NoError(t, err)
	n := startNode(t, env, "--wait", "-1s", "job", "--", "echo", "ran")
	// It listens to signals before it asks for the lock, and asking shows in
	// nothing that others see: so signals come until it has heard one.
	done := make(chan int)
	go func() { done <- n.code() }()
	for {
		select {
		case code := <-done:
			require.Contains(t, []int{128 + int(syscall.SIGTERM), -1}, code) // -1: it came before main
			require.NoError(t, lease.Err())
			return
		case <-time.After(300 * time.Millisecond):
			_ = n.cmd.Process.Signal(syscall.SIGTERM) // it may have ended
		}
	}
}

func TestLockRun_ASignalBeforeItListensKeepsItFromRunning(t *testing.T) {
	env, other := onFiles(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel() // as main does
	var out, errs bytes.Buffer
	a := &app{stdin: strings.NewReader(""), stdout: &out, stderr: &errs, environ: env}
	require.Equal(t, 128+int(syscall.SIGTERM), a.main(ctx, []string{"lock", "run", "job", "--", "echo", "ran"}), errs.String())
	require.Empty(t, out.String())
	requireFree(t, other, "job")
}

func TestLockRun_EndsTheCommandWhenTheLockIsLost(t *testing.T) { onEach(t, endsTheCommand) }

func endsTheCommand(t *testing.T, env []string, other *lock.Locker) {
	// A command that ignores SIGTERM, with a child that does not know of it.
	n := startNode(t, env, "job", "--ttl", "900ms", "--", "sh", "-c", `trap '' TERM; sleep 1000 & echo $!; echo $$; wait; wait; sleep 1000`)
	child, command := n.line(), n.line()
	require.NoError(t, other.Break(t.Context(), "job"))
	require.Equal(t, exitTempFail, n.code())
	require.Contains(t, n.stderr.String(), "lock lost")
	requireGone(t, command)
	requireGone(t, child)
}

// A shell ends at SIGTERM, and not what it waits for.
func TestLockRun_EndsWhatTheCommandLeavesBehindWhenTheLockIsLost(t *testing.T) {
	t.Parallel()
	env, other, _ := onRedis(t)
	for name, script := range map[string]string{
		"deaf":   `trap '' TERM; sleep 1000 >/dev/null 2>&1 & echo $!; trap - TERM; wait`,
		"polite": `sh -c 'trap "sleep 0.05; echo tidied; exit" TERM; echo $$; while :; do sleep 0.02; done' 2>/dev/null & wait`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			n := startNode(t, env, name, "--ttl", "6s", "--kill-after", "2s", "--", "sh", "-c", script)
			child := n.line()
			require.NoError(t, other.Break(t.Context(), name))
			if name == "polite" {
				require.Equal(t, "tidied", n.line(), "it has its time, too")
			}
			require.Equal(t, exitTempFail, n.code())
			requireGone(t, child)
		})
	}
}

func TestLockRun_TheCommandIsGoneBeforeAnotherNodeCanHaveTheLock(t *testing.T) {
	t.Parallel()
	_, other, s := onRedis(t)
	c := redis.NewClient(&redis.Options{Addr: s.Addr()})
	t.Cleanup(func() { require.NoError(t, c.Close()) })
	require.NoError(t, c.Do(t.Context(), "ACL", "SETUSER", "node", "on", ">pw", "~*", "+@all").Err())
	env := []string{"MOSPARO_CACHE_ADAPTER=redis", "REDIS_URL=redis://node:pw@" + s.Addr()}
	n := startNode(t, env, "job", "--ttl", "4500ms", "--kill-after", "1500ms", "--",
		"sh", "-c", `trap 'echo told; exit 0' TERM; echo $$; while :; do sleep 0.05; done`)
	command, err := strconv.Atoi(n.line())
	require.NoError(t, err)
	// From now on the server refuses this node's renewals, and serves others.
	require.NoError(t, c.Do(t.Context(), "ACL", "SETUSER", "node", "off").Err())
	require.NoError(t, c.Do(t.Context(), "CLIENT", "KILL", "USER", "node").Err())
	_, err = other.Acquire(t.Context(), "job", lock.WithWait(time.Minute))
	require.NoError(t, err)
	require.Equal(t, syscall.ESRCH, syscall.Kill(command, 0), "the command runs beside the next holder")
	require.Equal(t, "told", n.line())
	require.Equal(t, exitTempFail, n.code(), "although the command has ended well")
}

func TestLockRun_AStoppedNodeEndsItsCommandAsSoonAsItGoesOn(t *testing.T) {
	t.Parallel()
	env, other, _ := onRedis(t)
	n := startNode(t, env, "job", "--ttl", "1s", "--", "sh", "-c", `trap '' TERM; echo $MOSPARO_LOCK_FENCE; echo $$; sleep 1000; sleep 1000`)
	fence, command := n.line(), n.line()
	n.signal(syscall.SIGSTOP)
	lease, err := other.Acquire(t.Context(), "job", lock.WithWait(time.Minute))
	require.NoError(t, err)
	old, err := strconv.ParseUint(fence, 10, 64)
	require.NoError(t, err)
	require.Greater(t, lease.Fence(), old, "by which a store can tell them apart")
	n.signal(syscall.SIGCONT)
	requireGone(t, command)
	require.Equal(t, exitTempFail, n.code())
	require.NoError(t, lease.Err(), "and the next holder keeps its lock")
	require.NoError(t, lease.Release(t.Context()))
}

func TestLockRun_AKilledNodeFreesTheLockAfterItsTTL(t *testing.T) {
	t.Parallel()
	env, other, _ := onRedis(t)
	n := startNode(t, env, "job", "--ttl", "1s", "--", "sh", "-c", "echo $$; exec sleep 1000")
	command := n.line()
	require.NoError(t, n.cmd.Process.Kill())
	require.Equal(t, -1, n.code())
	if runtime.GOOS == "linux" {
		requireGone(t, command)
	}
	require.NoError(t, func() error {
		lease, err := other.Acquire(t.Context(), "job", lock.WithWait(time.Minute))
		if err == nil {
			err = lease.Release(t.Context())
		}
		return err
	}())
}

// Eight nodes raise a number in a file that is read and written in two steps.
func TestLockRun_GuardsACounterBetweenNodes(t *testing.T) {
	env, _, _ := onRedis(t)
	file := filepath.Join(t.TempDir(), "n")
	require.NoError(t, os.WriteFile(file, []byte("0\n"), 0o600))
	var all []*node
	for range 8 {
		all = append(all, startNode(t, env, "counter", "--wait", "1m", "--", "sh", "-c", `read n < "$0"; echo $((n+1)) > "$0"`, file))
	}
	for _, n := range all {
		require.Zero(t, n.code(), n.stderr.String())
	}
	b, err := os.ReadFile(file)
	require.NoError(t, err)
	require.Equal(t, "8\n", string(b))
}

// A run whose terminal is gone leaves nothing for which other nodes wait.
func TestCleanup_AHangUpEndsItInOrder(t *testing.T) {
	if signal.Ignored(syscall.SIGHUP) {
		t.Skip("a hang-up is ignored here, as under nohup")
	}
	i := install(t, "1.5.4")
	i.due()
	cmd := exec.Command(os.Args[0], "cleanup", "observe", "--dir", i.dir)
	cmd.Env = asProgram(i.environ...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	out, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	t.Cleanup(func() { _ = cmd.Process.Kill() })
	require.True(t, bufio.NewScanner(out).Scan(), "it is at work")
	require.NoError(t, cmd.Process.Signal(syscall.SIGHUP))
	_, _ = io.Copy(io.Discard, out)
	require.NoError(t, cmd.Wait())
}
