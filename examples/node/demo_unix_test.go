//go:build unix

package main

import (
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/mosparo/go-cluster/cache"
	"github.com/mosparo/go-cluster/cache/fileadapter"
	"github.com/mosparo/go-cluster/cleanup"
	"github.com/mosparo/go-cluster/cleanup/sqlcleaner"
)

// asNode has the arguments with which the test's binary is a node.
const asNode = "NODE_TEST_ARGS"

func TestMain(m *testing.M) {
	args := os.Getenv(asNode)
	if args == "" {
		os.Exit(m.Run())
	}
	os.Args = append([]string{"node"}, strings.Fields(args)...)
	sockets, pid := os.Getenv("LISTEN_FDS"), os.Getenv("LISTEN_PID")
	os.Clearenv()
	if sockets != "" {
		_ = os.Setenv("LISTEN_FDS", sockets)
		_ = os.Setenv("LISTEN_PID", pid)
	}
	main()
}

func startNode(t *testing.T, dir string) (*exec.Cmd, *logBuffer) {
	t.Helper()
	return startProcess(t, exec.Command(os.Args[0]), "--listen 127.0.0.1:0 --demo-dir "+dir)
}

// startProcess starts a command that becomes a node.
func startProcess(t *testing.T, cmd *exec.Cmd, args string) (*exec.Cmd, *logBuffer) {
	t.Helper()
	log := &logBuffer{}
	cmd.Env = append(os.Environ(), asNode+"="+args, "GORACE=atexit_sleep_ms=0")
	cmd.Stderr = log
	require.NoError(t, cmd.Start())
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		if t.Failed() {
			t.Log(log.String())
		}
	})
	return cmd, log
}

// Two nodes that are started at the same moment on an empty directory make one
// cluster, and do each due cleanup once between them.
func TestDemo_NodesOnOneDirectoryShareTheWork(t *testing.T) {
	const due = 3
	dir := t.TempDir()
	one, first := startNode(t, dir)
	other, second := startNode(t, dir)
	for _, log := range []*logBuffer{first, second} {
		require.Eventually(t, func() bool { return strings.Contains(log.String(), "listening") }, patience, 10*time.Millisecond)
	}
	adapter, err := fileadapter.New(filepath.Join(dir, demoCache))
	require.NoError(t, err)
	pool := cache.NewPool(adapter)
	db, err := openDemo(filepath.Join(dir, demoDatabase))
	require.NoError(t, err)
	defer db.Close()
	statistics := sqlcleaner.New(db, sqlcleaner.SQLite)
	completed := func() (n int) {
		rows, err := statistics.Recent(t.Context(), 100)
		require.NoError(t, err)
		for _, r := range rows {
			if r.Status == cleanup.StatusComplete {
				n++
			}
		}
		return n
	}
	for i := range due {
		require.Eventually(t, func() bool { return completed() > i }, patience, 20*time.Millisecond)
		require.Eventually(t, func() bool { // the node has brought the next one forward
			next, err := cleanup.NextCleanup.Get(t.Context(), pool)
			return err == nil && time.Until(next) <= demoInterval
		}, patience, 20*time.Millisecond)
		if i < due-1 {
			require.NoError(t, cleanup.NextCleanup.Set(t.Context(), pool, time.Now().Add(-time.Second), 0))
		}
	}
	hangUp := syscall.SIGHUP
	if signal.Ignored(hangUp) { // as under nohup
		hangUp = syscall.SIGTERM
	}
	for cmd, end := range map[*exec.Cmd]os.Signal{one: syscall.SIGTERM, other: hangUp} {
		require.NoError(t, cmd.Process.Signal(end))
		require.NoError(t, cmd.Wait())
	}
	rows, err := statistics.Recent(t.Context(), 100)
	require.NoError(t, err)
	require.Len(t, rows, due, "rows of both nodes, one for each cleanup that was due")
	require.Equal(t, due, completed())
	for _, r := range rows {
		require.Positive(t, r.DeletedSubmissions, "there is something to delete each time")
	}
	var tokens, projects int
	require.NoError(t, db.QueryRow("SELECT COUNT(*) FROM submit_token").Scan(&tokens))
	require.NoError(t, db.QueryRow("SELECT COUNT(*) FROM project").Scan(&projects))
	require.Less(t, tokens, demoTokens)
	require.Equal(t, len(demoColours), projects, "the data were made once")
}

// An operator need not wait until a node has drained.
func TestMain_ASecondSignalEndsTheProgramImmediately(t *testing.T) {
	const drain = 10 * time.Minute
	node, log := startProcess(t, exec.Command(os.Args[0]), "--listen 127.0.0.1:0 --demo-dir "+t.TempDir()+" --drain "+drain.String())
	require.Eventually(t, func() bool { return strings.Contains(log.String(), "listening") }, patience, 10*time.Millisecond)
	ended := make(chan error, 1)
	go func() { ended <- node.Wait() }()
	require.NoError(t, node.Process.Signal(syscall.SIGTERM))
	require.Eventually(t, func() bool { return strings.Contains(log.String(), "drain="+drain.String()) }, patience, 10*time.Millisecond)
	require.Empty(t, ended, "after one signal it drains")
	require.Eventually(t, func() bool {
		_ = node.Process.Signal(syscall.SIGTERM) // one that comes together with the first is part of it
		return len(ended) > 0
	}, drain/2, 10*time.Millisecond)
	require.Error(t, <-ended)
	state, ok := node.ProcessState.Sys().(syscall.WaitStatus)
	require.True(t, ok)
	require.Equal(t, syscall.SIGTERM, state.Signal())
}

func TestDemo_RefusesDirectoriesOfOthers(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "data.sqlite"), nil, 0o600))
	err := run(t.Context(), []string{"--demo-dir", dir}, nil, &logBuffer{})
	require.ErrorContains(t, err, "data.sqlite")
	err = run(t.Context(), []string{"--demo-dir", t.TempDir()}, []string{"MOSPARO_CACHE_ADAPTER=redis"}, &logBuffer{})
	require.ErrorIs(t, err, errDemoOnCluster)
}
