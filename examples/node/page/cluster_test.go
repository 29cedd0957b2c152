package page_test

import (
	"context"
	"database/sql"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	_ "modernc.org/sqlite"

	"github.com/mosparo/go-cluster/cache"
	"github.com/mosparo/go-cluster/cache/memoryadapter"
	"github.com/mosparo/go-cluster/cleanup"
	"github.com/mosparo/go-cluster/cleanup/sqlcleaner"
	"github.com/mosparo/go-cluster/cleanup/sqlcleaner/schema"
	"github.com/mosparo/go-cluster/cssstore"
	"github.com/mosparo/go-cluster/cssstore/cachestore"
	"github.com/mosparo/go-cluster/envconfig"
	"github.com/mosparo/go-cluster/envconfig/connect"
	"github.com/mosparo/go-cluster/envconfig/connect/nodes"
	"github.com/mosparo/go-cluster/envconfig/health"
	"github.com/mosparo/go-cluster/lock/memorylocker"
)

// cluster is a cluster in memory, with a node of it.
type cluster struct {
	t    *testing.T
	db   *sql.DB
	pool *cache.Pool
	node *connect.Node
}

var settings = []string{
	"mosparo_installed=1", "mosparo_installed_version=1.5.4", "MOSPARO_PREPARE_CSS_FILES_IN_SHARED_CACHE=1",
}

// newCluster returns a cluster without projects and runs.
func newCluster(t *testing.T) *cluster {
	t.Helper()
	s, err := envconfig.FromEnviron(settings)
	require.NoError(t, err)
	return newClusterWith(t, s)
}

// installed returns the settings of a mosparo's directory with one setting of its own.
func installed(t *testing.T, value string) *envconfig.Settings {
	t.Helper()
	dir := t.TempDir()
	require.NoError(t, os.Mkdir(filepath.Join(dir, "config"), 0o755))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "config", "env.mosparo.php"), []byte("<?php\n\nreturn ['encryption_key' => 'k', 'mosparo_name' => '"+value+"'];\n"), 0o600))
	s, err := envconfig.Load(dir, settings)
	require.NoError(t, err)
	return s
}

func newClusterWith(t *testing.T, s *envconfig.Settings, opts ...connect.Option) *cluster {
	t.Helper()
	db, err := sql.Open("sqlite", "file:"+filepath.ToSlash(filepath.Join(t.TempDir(), "data.sqlite"))+"?_pragma=busy_timeout(5000)")
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	require.NoError(t, schema.Create(t.Context(), db, sqlcleaner.SQLite))
	adapter := memoryadapter.New()
	n, err := connect.Open(t.Context(), s, append([]connect.Option{
		connect.WithMode(cleanup.ModeClean), connect.WithCache(adapter), connect.WithLock(memorylocker.New()), connect.WithSQL(db, sqlcleaner.SQLite),
	}, opts...)...)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, n.Close()) })
	return &cluster{t: t, db: db, pool: n.Pool, node: n}
}

func (c *cluster) exec(statement string, args ...any) {
	c.t.Helper()
	_, err := c.db.ExecContext(c.t.Context(), statement, args...)
	require.NoError(c.t, err)
}

// other adds another node with a record in the cache.
func (c *cluster) other(host string, s *envconfig.Settings) {
	c.t.Helper()
	registry := nodes.New(c.pool, c.node.Locker, s, nodes.WithMode(cleanup.ModeClean), nodes.WithHost(host))
	ctx, stop := context.WithCancel(c.t.Context())
	ended := make(chan error, 1)
	go func() { ended <- registry.Run(ctx) }()
	c.t.Cleanup(func() { stop(); require.NoError(c.t, <-ended) })
	require.Eventually(c.t, func() bool {
		all, err := nodes.Read(ctx, c.pool)
		return err == nil && slices.ContainsFunc(all, func(n nodes.Node) bool { return n.Host == host && n.Fingerprints.Key != "" })
	}, time.Minute, 10*time.Millisecond)
}

// project adds a project with CSS, or without prepared CSS if that is empty.
func (c *cluster) project(i int, name, css string) cssstore.UUID {
	c.t.Helper()
	id := cssstore.UUID{byte(i), 0xa}
	c.exec("INSERT INTO project (id, uuid, name) VALUES (?, ?, ?)", i, id.String(), name)
	if css == "" {
		return id
	}
	hash := cssstore.Hash{byte(i)}
	c.exec("INSERT INTO project_config_value (project_id, name, value) VALUES (?, 'designConfigHash', ?)", i, fmt.Sprintf("s:64:%q;", hash.String()))
	require.NoError(c.t, cachestore.New(c.pool).Put(c.t.Context(), cssstore.Resource{Project: id, Hash: hash, CSS: []byte(css)}))
	return id
}

// run adds a run of the past.
func (c *cluster) run(at time.Time, status cleanup.Status, submissions int) {
	c.t.Helper()
	c.exec(`INSERT INTO cleanup_statistic (date_time, cleanup_executor, number_of_stored_submit_tokens, number_of_deleted_submit_tokens,
		number_of_stored_submissions, number_of_deleted_submissions, execution_time, cleanup_status) VALUES (?, 2, 8040, ?, 12345, ?, 1.84, ?)`,
		at.UTC().Format(time.DateTime), submissions*2/3, submissions, int(status))
}

func (c *cluster) next(in time.Duration) {
	c.t.Helper()
	require.NoError(c.t, cleanup.NextCleanup.Set(c.t.Context(), c.pool, time.Now().Add(in), 0))
}

// get returns the answer of a handler.
func get(ctx context.Context, h http.Handler, path string) *httptest.ResponseRecorder {
	r := httptest.NewRequestWithContext(ctx, http.MethodGet, path, nil)
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

// content returns what readers see of a page.
func content(w *httptest.ResponseRecorder) string {
	_, main, _ := strings.Cut(w.Body.String(), "<main")
	main, _, _ = strings.Cut(main, "</main>")
	return main
}

// start runs the node until the test ends, and waits until it is ready.
func (c *cluster) start() {
	c.t.Helper()
	ctx, stop := context.WithCancel(c.t.Context())
	ended := make(chan error, 1)
	go func() { ended <- c.node.Run(ctx) }()
	c.t.Cleanup(func() { stop(); require.NoError(c.t, <-ended) })
	require.Eventually(c.t, func() bool {
		return get(ctx, c.node.Health.Admin(), health.ReadyPath).Code == http.StatusOK
	}, time.Minute, 10*time.Millisecond)
}
