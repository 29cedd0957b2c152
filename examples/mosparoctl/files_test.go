package main

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/mosparo/go-cluster/cache"
	"github.com/mosparo/go-cluster/cleanup"
	"github.com/mosparo/go-cluster/envconfig"
	"github.com/mosparo/go-cluster/envconfig/connect/nodes"
	"github.com/mosparo/go-cluster/lock"
	"github.com/mosparo/go-cluster/lock/memorylocker"
)

// file writes a file of the installation.
func (i *installation) file(name, content string) {
	i.t.Helper()
	p := filepath.Join(i.dir, filepath.FromSlash(name))
	require.NoError(i.t, os.MkdirAll(filepath.Dir(p), 0o755))
	require.NoError(i.t, os.WriteFile(p, []byte(content), 0o644))
}

// Two PHP nodes without a Go node publish from their cron jobs.
func TestFiles_ShowWhichPHPNodeDiffers(t *testing.T) {
	a := install(t, "1.5.4")
	b := install(t, "1.5.4", a.environ...)
	code, out, stderr := a.ctl("files", "status", "--dir", a.dir)
	require.Zero(t, code, stderr)
	require.Contains(t, out, "no node has a record")

	publish := func(i *installation, host string, more ...string) {
		t.Helper()
		code, out, stderr := i.ctl(append([]string{"files", "publish", "--dir", i.dir, "--host", host, "--may-differ", "database_path"}, more...)...)
		require.Zero(t, code, stderr)
		require.Contains(t, out, "published the record of "+host)
	}
	publish(a, "web1")
	publish(b, "web2")
	code, out, _ = a.ctl("files", "status", "--dir", a.dir)
	require.Zero(t, code, out)
	require.Regexp(t, `(?m)^web1\t.*\tpublished\t.*\t1\.5\.4\t`, out)
	require.Contains(t, out, "differ in the setting database_path")
	require.Contains(t, out, "(declared)")

	a.file("public/resources/x.css", "a")
	publish(a, "web1", "--full")
	code, _, stderr = a.ctl("files", "compare", "--dir", a.dir)
	require.Equal(t, 1, code)
	require.Contains(t, stderr, "but 1")
	publish(b, "web2", "--full")
	code, out, _ = a.ctl("files", "status", "--dir", a.dir)
	require.Equal(t, 1, code)
	require.Contains(t, out, "the files of public/resources")
	require.Contains(t, out, ": x.css")
	code, out, _ = a.ctl("files", "compare", "--dir", a.dir)
	require.Equal(t, 1, code)
	require.Contains(t, out, "public/resources/x.css: 1 bytes, ")
	require.Contains(t, out, "missing on web2\nfiles that differ: 1\n")

	b.file("public/resources/x.css", "a")
	publish(b, "web2", "--full")
	code, out, _ = a.ctl("files", "compare", "--dir", a.dir)
	require.Zero(t, code, out)
	a.file("public/resources/x.css", "b")
	code, out, _ = a.ctl("files", "compare", "--dir", a.dir, "--local", "--host", "web1", "--json")
	require.Equal(t, 1, code, "the files as they are now")
	var s listsState
	require.NoError(t, json.Unmarshal([]byte(out), &s))
	require.Len(t, s.Lists, 2)
	require.Len(t, s.Differences, 1)
}

func TestFiles_JSONHasAllFingerprints(t *testing.T) {
	a := install(t, "1.5.4")
	code, out, stderr := a.ctl("files", "publish", "--dir", a.dir, "--json")
	require.Zero(t, code, stderr)
	var p nodes.Publication
	require.NoError(t, json.Unmarshal([]byte(out), &p))
	code, out, _ = a.ctl("files", "status", "--dir", a.dir, "--json")
	require.Zero(t, code)
	var s filesState
	require.NoError(t, json.Unmarshal([]byte(out), &s))
	require.Len(t, s.Nodes, 1)
	require.Equal(t, p.Node.Fingerprints.Settings, s.Nodes[0].Fingerprints.Settings)
	require.NotContains(t, out, "e1c3")
}

func TestFiles_WrongCommandLines(t *testing.T) {
	a := install(t, "1.5.4")
	for _, args := range [][]string{
		{"files", "status", "x"},
		{"files", "publish"},
		{"files", "publish", "--dir", a.dir, "--ttl", "1s"},
		{"files", "publish", "--dir", a.dir, "--ttl", "100h"},
		{"files", "publish", "--dir", a.dir, "x"},
		{"files", "compare", "--local"},
		{"files", "compare", "x"},
	} {
		code, _, stderr := a.ctl(args...)
		require.Equal(t, exitUsage, code, args)
		require.NotEmpty(t, stderr)
	}
	code, _, stderr := (&installation{t: t, environ: []string{"MOSPARO_CACHE_ADAPTER=redis", "REDIS_URL=redis://127.0.0.1:1"}}).ctl("files", "status")
	require.Equal(t, 1, code)
	require.NotEmpty(t, stderr)
}

func TestLeave_LastIsRefusedWhileAnotherNodeRuns(t *testing.T) {
	a := install(t, "1.5.4")
	settings, err := envconfig.Load(a.dir, a.environ)
	require.NoError(t, err)
	locker := lock.New(memorylocker.New())
	defer locker.Close()
	ctx, stop := context.WithCancel(t.Context())
	var running sync.WaitGroup
	running.Go(func() {
		_ = nodes.New(a.pool, locker, settings, nodes.WithMode(cleanup.ModeClean), nodes.WithHost("web2")).Run(ctx)
	})
	require.Eventually(t, func() bool {
		all, err := nodes.Read(t.Context(), a.pool)
		return err == nil && len(all) == 1
	}, 10*time.Second, 10*time.Millisecond)
	code, _, stderr := a.ctl("leave", "--dir", a.dir)
	require.Zero(t, code, stderr)
	code, _, stderr = a.ctl("leave", "--last", "--dir", a.dir)
	require.Equal(t, 1, code)
	require.Contains(t, stderr, "web2, last seen 20")
	stop()
	running.Wait()
	code, out, stderr := a.ctl("leave", "--last", "--dir", a.dir)
	require.Zero(t, code, stderr)
	require.Contains(t, out, "2 more found", "the record and the list")
	all, err := nodes.Read(t.Context(), a.pool)
	require.NoError(t, err)
	require.Empty(t, all)
}

// What other nodes have written cannot steer the terminal.
func TestFiles_HostileTextIsMadePlain(t *testing.T) {
	a := install(t, "1.5.4")
	const id = "0123456789abcdef"
	require.NoError(t, cache.Key[any]("mosparoGoNodes").Set(t.Context(), a.pool, map[string]any{"format": 0, "written": time.Now().Unix(), "ids": []string{id}}, time.Hour))
	evil := "e\x1b[2Jvil\n"
	mac := strings.Repeat("A", 22)
	require.NoError(t, cache.Key[any]("mosparoGoNode."+id).Set(t.Context(), a.pool, map[string]any{
		"host": evil, "mode": evil, "library": evil, "mosparo": evil, "source": evil, "problem": evil, "key": mac,
		"settings": []any{map[string]any{"name": evil, "mac": mac}},
		"folders":  []any{map[string]any{"name": nodes.FolderData, "mac": mac, "problem": evil}},
	}, time.Hour))
	code, _, stderr := a.ctl("files", "publish", "--dir", a.dir)
	require.Zero(t, code, stderr)
	for _, more := range [][]string{nil, {"--json"}} {
		code, out, _ := a.ctl(append([]string{"files", "status", "--dir", a.dir}, more...)...)
		require.Equal(t, 1, code)
		require.Contains(t, out, "vil")
		require.NotContains(t, out, "\x1b")
	}
}
