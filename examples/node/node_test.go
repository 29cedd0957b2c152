package main

import (
	"bytes"
	"context"
	"database/sql"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"github.com/mosparo/go-cluster/cache"
	"github.com/mosparo/go-cluster/cache/cachetest/servers"
	"github.com/mosparo/go-cluster/cache/fileadapter"
	"github.com/mosparo/go-cluster/cache/redisadapter"
	"github.com/mosparo/go-cluster/cleanup"
	"github.com/mosparo/go-cluster/cleanup/sqlcleaner"
	"github.com/mosparo/go-cluster/cleanup/sqlcleaner/schema"
	"github.com/mosparo/go-cluster/cssstore"
	"github.com/mosparo/go-cluster/cssstore/cachestore"
	"github.com/mosparo/go-cluster/cssstore/filestore"
)

// logBuffer is what a node has logged so far.
type logBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *logBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *logBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// patience is how long a node on a busy machine may take.
const patience = 3 * time.Minute

var address = regexp.MustCompile(`url=(http://\S+) admin=(\S+)`)

// running is a node that runs.
type running struct {
	t     *testing.T
	log   *logBuffer
	url   string
	admin string // for operators; off in a demonstration
	stop  func() error
}

func start(t *testing.T, environ []string, args ...string) *running {
	t.Helper()
	r := &running{t: t, log: &logBuffer{}}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	args = append([]string{"--listen", "127.0.0.1:0"}, args...)
	if !slices.Contains(args, "--demo") {
		args = append(args, "--admin", ":0", "--drain", "0s")
	}
	go func() { ended <- run(ctx, args, environ, r.log) }()
	var once sync.Once
	var err error
	r.stop = func() error {
		once.Do(func() { cancel(); err = <-ended })
		return err
	}
	t.Cleanup(func() { _ = r.stop() })
	require.Eventually(t, func() bool {
		select {
		case err := <-ended:
			ended <- err
			t.Errorf("the node ended: %v\n%s", err, r.log)
			return true
		default:
		}
		m := address.FindStringSubmatch(r.log.String())
		if m != nil {
			r.url, r.admin = m[1], m[2]
		}
		return m != nil
	}, patience, 10*time.Millisecond)
	require.False(t, t.Failed())
	return r
}

func (r *running) get(path string) (int, string) {
	r.t.Helper()
	return r.fetch(r.url + path)
}

// page is the one for operators.
func (r *running) page() (int, string) {
	r.t.Helper()
	return r.fetch(r.admin)
}

func (r *running) fetch(url string) (int, string) {
	r.t.Helper()
	res, err := http.Get(url)
	require.NoError(r.t, err)
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	require.NoError(r.t, err)
	return res.StatusCode, string(b)
}

// nextCleanup is the line of the page that shows when the next cleanup is due.
var nextCleanup = regexp.MustCompile(`Next cleanup</dt><dd><time datetime="[^"]+">([-0-9: ]+) UTC`)

func TestDemo_CleansWithinSecondsAndShowsIt(t *testing.T) {
	tmp := t.TempDir()
	t.Setenv("TMPDIR", tmp)
	n := start(t, []string{"PATH=/usr/bin"}, "--demo")
	require.Eventually(t, func() bool {
		status, page := n.get("")
		return status == http.StatusOK && strings.Contains(page, ">complete</span>")
	}, patience, 50*time.Millisecond)
	_, page := n.get("")
	require.Contains(t, page, "A demonstration")
	for _, sentence := range []string{"mosparo is ", "A node is ", "A cleanup deletes "} {
		require.Contains(t, page, sentence)
	}
	require.Eventually(t, func() bool {
		_, page := n.get("")
		shown := nextCleanup.FindStringSubmatch(page)
		if shown == nil {
			return false // a server took longer than the page waits
		}
		next, err := time.Parse(time.DateTime, shown[1])
		return err == nil && time.Until(next) > 0 && time.Until(next) <= demoInterval
	}, patience, 50*time.Millisecond, "it cleans every minute")
	status, body := n.get("api/v1/health/check")
	require.Equal(t, http.StatusOK, status)
	require.JSONEq(t, `{"service":"mosparo","healthy":true,"databaseStatus":"connected","error":null,"statusCode":200}`, body)
	require.NoDirExists(t, filepath.Join(tmp, "symfony-cache"), "the cache of a PHP node on this machine")

	require.NoError(t, n.stop())
	require.Contains(t, n.log.String(), "result=completed")
	left, err := os.ReadDir(tmp)
	require.NoError(t, err)
	require.Empty(t, left, "the temporary directory is removed with the program")
}

func TestDemo_ServesTheCSSOfItsProjects(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	n := start(t, []string{"PATH=/usr/bin"}, "--demo")
	var links []string
	require.Eventually(t, func() bool { // a server may take longer than the page waits
		_, page := n.get("")
		links = regexp.MustCompile(`resources/[0-9a-f-]{36}`).FindAllString(page, -1)
		return len(links) == 3
	}, patience, 50*time.Millisecond)
	for i, link := range links {
		status, css := n.get(link + ".css") // redirects to the current version
		require.Equal(t, http.StatusOK, status)
		require.Contains(t, css, demoColours[i])
		status, url := n.get(link + "/url")
		require.Equal(t, http.StatusOK, status)
		require.True(t, strings.HasPrefix(url, n.url+link+"/"), url)
	}
	status, _ := n.get("resources/00000000-0000-0000-0000-000000000000.css")
	require.Equal(t, http.StatusNotFound, status)
	_, logo := n.get("resources/logo.svg?fc=1&pcs=d")
	require.Contains(t, logo, "fill:#FFFFFF")
	status, _ = n.get("build/mosparo-frontend.css")
	require.Equal(t, http.StatusOK, status)
	require.NoError(t, n.stop())
}

func TestJoin_ServesTheCSSOfTheCluster(t *testing.T) {
	files := t.TempDir()
	adapter, err := fileadapter.New(files)
	require.NoError(t, err)
	pool := cache.NewPool(adapter)
	dir, db := installed(t, pool, "1.5.4")
	r := cssstore.Resource{Project: cssstore.UUID{1}, Hash: cssstore.Hash{2}, CSS: []byte(".shared{}")}
	for _, s := range []string{
		"INSERT INTO project (id, uuid, name, statistic_storage_limit) VALUES (1, '" + r.Project.String() + "', 'x', '14D')",
		`INSERT INTO project_config_value VALUES (1, 1, 'designConfigHash', 's:64:"` + r.Hash.String() + `";')`,
	} {
		_, err := db.Exec(s)
		require.NoError(t, err)
	}
	resources := filepath.Join(dir, "public", "resources")
	require.NoError(t, os.MkdirAll(resources, 0o755))
	require.NoError(t, cachestore.New(pool).Put(t.Context(), r))
	r.CSS = []byte(".file{}")
	require.NoError(t, filestore.New(resources).Put(t.Context(), r))
	for switched, want := range map[string]string{"0": ".file{}", "1": ".shared{}"} {
		n := start(t, []string{"FILESYSTEM_CACHE_PATH=" + files, "MOSPARO_PREPARE_CSS_FILES_IN_SHARED_CACHE=" + switched}, "--dir", dir)
		status, css := n.get("resources/" + r.Project.String() + ".css")
		require.Equal(t, http.StatusOK, status, n.log)
		require.Equal(t, want, css)
		require.NoError(t, n.stop())
	}
}

// snapshot is everything on the server.
func snapshot(t *testing.T, c *redis.Client) map[string]string {
	t.Helper()
	all := map[string]string{}
	keys, err := c.Keys(t.Context(), "*").Result()
	require.NoError(t, err)
	for _, k := range keys {
		all[k], err = c.Dump(t.Context(), k).Result()
		require.NoError(t, err)
	}
	return all
}

func TestDemo_IsRefusedBesideASharedCache(t *testing.T) {
	s := servers.Redis(t)
	c := redis.NewClient(&redis.Options{Addr: s.Addr()})
	defer c.Close()
	pool := cache.NewPool(redisadapter.New(c))
	require.NoError(t, cleanup.NextCleanup.Set(t.Context(), pool, time.Now().Add(-time.Hour), 0))
	before := snapshot(t, c)
	for _, environ := range [][]string{
		{"REDIS_URL=redis://" + s.Addr()},
		{"REDIS_URL=redis://" + s.Addr(), "MOSPARO_CACHE_ADAPTER=redis"},
		{"MOSPARO_CACHE_ADAPTER=redis"},
		{"MEMCACHED_URL=memcached://" + s.Addr()},
		{"FILESYSTEM_CACHE_PATH=" + t.TempDir()},
	} {
		ctx, cancel := context.WithTimeout(t.Context(), patience)
		require.ErrorIs(t, run(ctx, []string{"--listen", "127.0.0.1:0", "--clean"}, environ, io.Discard), errNoDatabase, environ)
		require.ErrorIs(t, run(ctx, []string{"--listen", "127.0.0.1:0", "--demo"}, environ, io.Discard), errDemoOnCluster, environ)
		cancel()
	}
	require.Equal(t, before, snapshot(t, c))
}

// installed is mosparo's directory with a SQLite database in which a
// cleanup is due.
func installed(t *testing.T, pool *cache.Pool, version string) (dir string, db *sql.DB) {
	t.Helper()
	dir = t.TempDir()
	file := filepath.Join(dir, "data.sqlite")
	db, err := sql.Open("sqlite", "file:"+file+"?_pragma=busy_timeout(5000)")
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	require.NoError(t, schema.Create(t.Context(), db, sqlcleaner.SQLite))
	require.NoError(t, os.Mkdir(filepath.Join(dir, "config"), 0o755))
	config := fmt.Sprintf("<?php\n\nreturn ['database_driver' => 'pdo_sqlite', 'database_path' => '%s', 'mosparo_installed' => true, 'mosparo_installed_version' => '%s'];\n", file, version)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "config", "env.mosparo.php"), []byte(config), 0o644))
	_, err = db.Exec("INSERT INTO delay (valid_until) VALUES ('2020-01-01 00:00:00')")
	require.NoError(t, err)
	require.NoError(t, cleanup.NextCleanup.Set(t.Context(), pool, time.Now().Add(-time.Hour), 0))
	return dir, db
}

func count(t *testing.T, db *sql.DB, table string) (n int) {
	t.Helper()
	require.NoError(t, db.QueryRow("SELECT COUNT(*) FROM "+table).Scan(&n))
	return n
}

func TestJoin_ObservesUntilToldToClean(t *testing.T) {
	s := servers.Redis(t)
	c := redis.NewClient(&redis.Options{Addr: s.Addr()})
	defer c.Close()
	pool := cache.NewPool(redisadapter.New(c))
	environ := []string{"MOSPARO_CACHE_ADAPTER=redis", "REDIS_URL=redis://" + s.Addr()}

	for version, want := range map[string]struct {
		args      []string
		log, page string
	}{
		"1.5.4": {nil, "the cleanup is due; this node only observes", "would clean"},
		"1.6.0": {[]string{"--clean"}, "this node must not clean", "is not 1.5.x"},
		// One rule says which versions are known, here and for the health check.
		"1.5.0-beta": {[]string{"--clean"}, "this node only observes", "is not 1.5.x"},
	} {
		dir, db := installed(t, pool, version)
		before := snapshot(t, c)
		n := start(t, environ, append(want.args, "--dir", dir)...)
		require.Eventually(t, func() bool { return strings.Contains(n.log.String(), want.log) }, patience, 10*time.Millisecond, n.log)
		require.Eventually(t, func() bool { // a server may take longer than the page waits
			status, page := n.page()
			return status == http.StatusOK && strings.Contains(page, want.page)
		}, patience, 50*time.Millisecond, want.page)
		_, health := n.get("api/v1/health/check")
		require.Equal(t, version == "1.5.4", strings.Contains(health, "connected"), health)
		require.NoError(t, n.stop())
		require.Equal(t, before, snapshot(t, c), "an observer writes nothing")
		require.Equal(t, 1, count(t, db, "delay"))
		require.Zero(t, count(t, db, "cleanup_statistic"))
	}

	dir, db := installed(t, pool, "1.5.4")
	n := start(t, environ, "--dir", dir, "--clean")
	require.Eventually(t, func() bool { return strings.Contains(n.log.String(), "result=completed") }, patience, 10*time.Millisecond)
	require.NoError(t, n.stop())
	require.Zero(t, count(t, db, "delay"))
	require.Equal(t, 1, count(t, db, "cleanup_statistic"))
	next, err := cleanup.NextCleanup.Get(t.Context(), pool)
	require.NoError(t, err)
	require.True(t, next.After(time.Now()))
}

func TestJoin_NeedsASettingsFileThatCanBeRead(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, os.Mkdir(filepath.Join(dir, "config"), 0o755))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "config", "env.mosparo.php"), []byte("<?php return ['database_password' => getenv('SECRET')];"), 0o644))
	err := run(t.Context(), []string{"--listen", "127.0.0.1:0", "--dir", dir, "--clean"}, nil, io.Discard)
	require.ErrorContains(t, err, "env.mosparo.php:1:38")
}
