package connect_test

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/mosparo/go-cluster/cache"
	"github.com/mosparo/go-cluster/cache/memoryadapter"
	"github.com/mosparo/go-cluster/cleanup"
	"github.com/mosparo/go-cluster/cleanup/cleanuptest"
	"github.com/mosparo/go-cluster/cleanup/sqlcleaner"
	"github.com/mosparo/go-cluster/cssstore"
	"github.com/mosparo/go-cluster/cssstore/cachestore"
	"github.com/mosparo/go-cluster/envconfig"
	"github.com/mosparo/go-cluster/envconfig/connect"
	"github.com/mosparo/go-cluster/envconfig/dotenv"
	"github.com/mosparo/go-cluster/envconfig/health"
	"github.com/mosparo/go-cluster/lock"
	"github.com/mosparo/go-cluster/lock/memorylocker"
)

// known are settings of a mosparo that this module knows, and of nothing else.
var known = []string{"mosparo_installed=1", "mosparo_installed_version=1.5.4", "MOSPARO_PREPARE_CSS_FILES_IN_SHARED_CACHE=1"}

// project is one with prepared CSS.
var project = cssstore.Resource{Project: cssstore.UUID{1}, Hash: cssstore.Hash{2}, CSS: []byte(".a{}")}

type projectList []cssstore.Project

func (l projectList) Projects(context.Context) ([]cssstore.Project, error) { return l, nil }

// fakes are the parts of a cluster in memory.
type fakes struct {
	cache    *memoryadapter.Adapter
	lock     lock.Backend
	database *cleanuptest.Fake
}

func newFakes() fakes {
	return fakes{memoryadapter.New(), memorylocker.New(), cleanuptest.NewFake()}
}

// open opens a node on the fakes.
func (f fakes) open(t *testing.T, opts ...connect.Option) *connect.Node {
	t.Helper()
	n, err := connect.Open(t.Context(), settings(t, known...), append([]connect.Option{
		connect.WithCache(f.cache), connect.WithLock(f.lock), connect.WithDatabase(f.database),
		connect.WithProjects(projectList{{UUID: project.Project, Hash: project.Hash}}),
	}, opts...)...)
	require.NoError(t, err)
	return n
}

func status(h http.Handler, path string) int {
	r := httptest.NewRequest(http.MethodGet, path, nil)
	r.RemoteAddr = "127.0.0.1:4711"
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w.Code
}

// Two nodes of an application run for a day on fakes.
func TestOpen_ANodeOnFakesRunsInABubble(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFakes()
		pool := cache.NewPool(f.cache)
		require.NoError(t, cleanup.NextCleanup.Set(t.Context(), pool, time.Now(), 0))
		require.NoError(t, cachestore.New(pool).Put(t.Context(), project))
		ctx, stop := context.WithCancel(t.Context())
		ended := make(chan error)
		nodes := []*connect.Node{f.open(t, connect.WithMode(cleanup.ModeClean)), f.open(t, connect.WithMode(cleanup.ModeClean)), f.open(t)}
		for _, n := range nodes {
			require.Equal(t, http.StatusServiceUnavailable, status(n.Handler(), health.ReadyPath), "it does not run yet")
			go func() { ended <- n.Run(ctx) }()
		}
		time.Sleep(25 * time.Hour)
		for _, n := range nodes {
			require.Equal(t, http.StatusOK, status(n.Handler(), health.ReadyPath))
			require.Equal(t, http.StatusOK, status(n.Handler(), health.CheckPath))
			require.Equal(t, http.StatusOK, status(n.Handler(), "/resources/"+project.Project.String()+"/"+project.Hash.String()+".css"))
			require.Equal(t, http.StatusServiceUnavailable, status(n.Handler(), "/api/v1/frontend/verify"))
		}
		stop()
		for _, n := range nodes {
			require.NoError(t, <-ended)
			require.NoError(t, n.Close())
			require.NoError(t, n.Close(), "twice")
		}
		require.InDelta(t, 4, f.database.Cleans(), 1, "every six hours")
		require.Zero(t, f.database.OverlappingCleans())
		require.NoError(t, cleanup.NextCleanup.Set(t.Context(), pool, time.Now(), 0), "a part that was given stays open")
	})
}

func TestExampleOpen_fakes(t *testing.T) { testServer(t) }

func TestOpen_ObservesUnlessItIsToldToCleanAVersionThatItKnows(t *testing.T) {
	for name, c := range map[string]struct {
		environ []string
		opts    []connect.Option
		why     string
	}{
		"not told":           {known, nil, "not told"},
		"told":               {known, []connect.Option{connect.WithMode(cleanup.ModeClean)}, ""},
		"told otherwise":     {known, []connect.Option{connect.WithMode(cleanup.ModeClean), connect.WithMode(cleanup.ModeObserve)}, "not told"},
		"not installed":      {nil, []connect.Option{connect.WithMode(cleanup.ModeClean)}, "not installed"},
		"of another version": {[]string{"mosparo_installed=1", "mosparo_installed_version=1.6.0"}, []connect.Option{connect.WithMode(cleanup.ModeClean)}, "1.6.0"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := newFakes()
				require.NoError(t, cleanup.NextCleanup.Set(t.Context(), cache.NewPool(f.cache), time.Now(), 0))
				n, err := connect.Open(t.Context(), settings(t, c.environ...), append(c.opts, connect.WithCache(f.cache), connect.WithLock(f.lock), connect.WithDatabase(f.database))...)
				require.NoError(t, err)
				ctx, stop := context.WithTimeout(t.Context(), time.Hour)
				defer stop()
				require.NoError(t, n.Run(ctx))
				require.NoError(t, n.Close())
				require.Nil(t, n.CSS, "no projects, no css")
				if c.why == "" {
					require.Equal(t, cleanup.ModeClean, n.Mode)
					require.Empty(t, n.WhyObserve)
					require.Equal(t, 1, f.database.Cleans())
					return
				}
				require.Equal(t, cleanup.ModeObserve, n.Mode)
				require.Contains(t, n.WhyObserve, c.why)
				require.Zero(t, f.database.Cleans())
			})
		})
	}
}

func TestOpen_SaysHowANodeServesCSS(t *testing.T) {
	f := newFakes()
	for text, opts := range map[string][]connect.Option{
		"give one with WithProjects":                      nil,
		"set MOSPARO_PREPARE_CSS_FILES_IN_SHARED_CACHE=1": {connect.WithProjects(projectList{})},
	} {
		var log bytes.Buffer
		n, err := connect.Open(t.Context(), settings(t), append(opts, connect.WithCache(f.cache), connect.WithLock(f.lock),
			connect.WithDatabase(f.database), connect.WithLogger(slog.New(slog.NewTextHandler(&log, nil))))...)
		require.NoError(t, err)
		defer n.Close()
		require.Nil(t, n.CSS)
		require.Contains(t, log.String(), text)
		require.NotContains(t, log.String(), "FILESYSTEM_CACHE_PATH", "nothing uses it")
	}
}

// The cache is given, and the locks lie below the directory of the settings.
func TestOpen_WarnsOfTheCachePathThatOnlyLocksUse(t *testing.T) {
	f := newFakes()
	var log bytes.Buffer
	n, err := connect.Open(t.Context(), settings(t, "FILESYSTEM_CACHE_PATH="+relative(t)), connect.WithCache(f.cache),
		connect.WithDatabase(f.database), connect.WithLogger(slog.New(slog.NewTextHandler(&log, nil))))
	require.NoError(t, err)
	defer n.Close()
	require.Contains(t, log.String(), "FILESYSTEM_CACHE_PATH")
}

// relative makes a temporary working directory, and returns a path in it.
func relative(t *testing.T) string {
	t.Chdir(t.TempDir())
	return "cache"
}

// noDatabase is the list of projects in a database that is missing.
type noDatabase struct{}

func (noDatabase) Projects(context.Context) ([]cssstore.Project, error) {
	return nil, errors.New("unable to open database file")
}

func TestOpen_ANodeWhoseDatabaseIsMissingSaysSoFromTheStart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newFakes().open(t, connect.WithProjects(noDatabase{}))
		ctx, stop := context.WithCancel(t.Context())
		ended := make(chan error)
		go func() { ended <- n.Run(ctx) }()
		time.Sleep(2 * time.Second)
		w := httptest.NewRecorder()
		n.Health.Admin().ServeHTTP(w, httptest.NewRequest(http.MethodGet, health.ReadyPath, nil))
		require.Equal(t, http.StatusServiceUnavailable, w.Code)
		require.Contains(t, w.Body.String(), "the projects have not been read from the database")
		stop()
		require.NoError(t, <-ended)
		require.NoError(t, n.Close())
	})
}

// PHP nodes keep submissions longer from now on, or use another server.
func TestOpen_DoesNotCleanWithSettingsThatHaveChanged(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, os.Mkdir(filepath.Join(dir, "config"), 0o755))
	write := func(name, text string) {
		t.Helper()
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644))
	}
	database := func(host, password string) {
		write("config/env.mosparo.php", "<?php return ['mosparo_installed' => true, 'mosparo_installed_version' => '1.5.4', 'database_driver' => 'pdo_pgsql', "+
			"'database_host' => '"+host+"', 'database_name' => 'mosparo', 'database_user' => 'mosparo', 'database_password' => '"+password+"'];")
	}
	const env = "MOSPARO_CACHE_ADAPTER=redis\nREDIS_URL=redis://:secret@127.0.0.1:1?timeout=2\nMOSPARO_SUBMISSION_RETENTION_PERIOD=7\n"
	database("one", "old")
	write(".env", env)
	s, err := envconfig.Load(dir, nil)
	require.NoError(t, err)
	n, err := connect.Open(t.Context(), s, connect.WithMode(cleanup.ModeClean))
	require.NoError(t, err)
	defer n.Close()
	check := func() error { return n.CheckSettings(t.Context()) }
	refused := func(about string) {
		t.Helper()
		require.ErrorIs(t, check(), cleanup.ErrRefused)
		require.ErrorContains(t, check(), "settings of the "+about+" have changed")
	}
	require.NoError(t, check())
	write(".env", strings.Replace(env, "PERIOD=7", "PERIOD=14", 1))
	refused("cleanup")
	write(".env", strings.Replace(env, "127.0.0.1", "127.0.0.2", 1))
	refused("shared cache")
	write(".env", env+"MOSPARO_PREPARE_CSS_FILES_IN_SHARED_CACHE=1\n")
	require.NoError(t, check())
	database("two", "old")
	refused("database")
	database("one", "new")
	require.NoError(t, check(), "the password alone")
	write("config/env.mosparo.php", "<?php return ['mosparo_installed' => true, 'mosparo_installed_version' => '1.5.4', 'database_driver' => 'pgsql', 'database_path' => '/not/used', "+
		"'database_host' => 'one', 'database_name' => 'mosparo'];")
	require.NoError(t, check(), "PHP's other driver, and a path that only SQLite has")
	write(".env", strings.Replace(env, "secret@127.0.0.1:1?timeout=2", "changed@127.0.0.1:1?timeout=3", 1)+"MEMCACHED_URL=memcached://127.0.0.3\n")
	require.NoError(t, check(), "password, timeout and the adapter that is not used")

	// Parts that the program provides do not change with the settings.
	f := newFakes()
	n, err = connect.Open(t.Context(), s, connect.WithMode(cleanup.ModeClean), connect.WithCache(f.cache), connect.WithLock(f.lock), connect.WithDatabase(f.database))
	require.NoError(t, err)
	defer n.Close()
	database("two", "old")
	write(".env", strings.Replace(env, "127.0.0.1", "127.0.0.2", 1))
	require.NoError(t, check())
	write(".env", strings.Replace(env, "PERIOD=7", "PERIOD=14", 1))
	refused("cleanup")
}

// A program may change the settings between Load and Open, such as for a tunnel.
func TestOpen_CleansWithSettingsOfTheProgramUntilTheFilesChange(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, os.Mkdir(filepath.Join(dir, "config"), 0o755))
	write := func(retention string) {
		require.NoError(t, os.WriteFile(filepath.Join(dir, ".env"), []byte("MOSPARO_SUBMISSION_RETENTION_PERIOD="+retention+"\n"), 0o644))
	}
	require.NoError(t, os.WriteFile(filepath.Join(dir, "config", "env.mosparo.php"), []byte("<?php return ['mosparo_installed' => true, 'mosparo_installed_version' => '1.5.4', "+
		"'database_driver' => 'pdo_pgsql', 'database_host' => 'far', 'database_name' => 'mosparo', 'database_user' => 'mosparo', 'database_password' => ''];"), 0o644))
	write("7")
	s, err := envconfig.Load(dir, nil)
	require.NoError(t, err)
	s.Database.Host = "127.0.0.1"
	f := newFakes()
	open := func() *connect.Node {
		n, err := connect.Open(t.Context(), s, connect.WithMode(cleanup.ModeClean), connect.WithCache(f.cache), connect.WithLock(f.lock))
		require.NoError(t, err)
		t.Cleanup(func() { n.Close() })
		return n
	}
	n := open()
	require.NoError(t, n.CheckSettings(t.Context()))
	write("14")
	require.ErrorIs(t, n.CheckSettings(t.Context()), cleanup.ErrRefused)
	require.ErrorIs(t, open().CheckSettings(t.Context()), cleanup.ErrRefused, "the settings that it was given are outdated")
}

// mosparo is updated while the node runs.
func TestOpen_ReadsTheVersionAgainBeforeEachRun(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, os.Mkdir(filepath.Join(dir, "config"), 0o755))
	write := func(version string) {
		text := fmt.Sprintf("<?php return ['mosparo_installed' => true, 'mosparo_installed_version' => '%s'];", version)
		require.NoError(t, os.WriteFile(filepath.Join(dir, "config", "env.mosparo.php"), []byte(text), 0o644))
	}
	write("1.5.4")
	synctest.Test(t, func(t *testing.T) {
		s, err := envconfig.Load(dir, nil)
		require.NoError(t, err)
		f := newFakes()
		n, err := connect.Open(t.Context(), s, connect.WithMode(cleanup.ModeClean), connect.WithCache(f.cache), connect.WithLock(f.lock), connect.WithDatabase(f.database))
		require.NoError(t, err)
		defer n.Close()
		require.NoError(t, n.Scheduler.Check(t.Context()))
		require.Equal(t, http.StatusOK, status(n.Handler(), health.CheckPath))
		write("1.6.0")
		require.ErrorIs(t, n.Scheduler.Check(t.Context()), cleanup.ErrRefused)
		require.NoError(t, os.Remove(filepath.Join(dir, "config", "env.mosparo.php")))
		require.ErrorContains(t, n.Scheduler.Check(t.Context()), "unknown")
	})
}

// names are the settings that an error names.
func names(err error) (all []string) {
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		for _, e := range joined.Unwrap() {
			all = append(all, names(e)...)
		}
		return all
	}
	var s *connect.SettingError
	if errors.As(err, &s) {
		return []string{s.Setting}
	}
	return []string{err.Error()}
}

func TestOpen_NamesEverySettingThatIsWrong(t *testing.T) {
	for _, c := range []struct {
		environ []string
		opts    []connect.Option
		want    []string
		text    string
	}{
		{want: []string{"database_driver"}, text: "no database is configured"},
		{environ: []string{"MOSPARO_CACHE_ADAPTER=redis"}, want: []string{"database_driver"}, text: "does not use the cache of a cluster"},
		{environ: []string{"DATABASE_URL=mysql://a:hunter2@b/c"}, want: []string{"database_driver"}, text: "DATABASE_URL (environment) is set, which is no setting of mosparo"},
		{
			environ: []string{"MOSPARO_CACHE_ADAPTER=redis", "REDIS_URL=rediss://localhost?ssl[cafile]=/nowhere", "database_driver=pdo_mysql", "database_password=hunter2"},
			want:    []string{"database_driver", "REDIS_URL"}, text: `import _ "github.com/go-sql-driver/mysql"`,
		},
		{
			environ: []string{"MOSPARO_CACHE_ADAPTER=redis", "database_driver=oci8"},
			opts:    []connect.Option{connect.WithLockURL("nonsense")},
			want:    []string{"database_driver", "WithLockURL"}, text: "pdo_pgsql",
		},
	} {
		n, err := connect.Open(t.Context(), settings(t, c.environ...), c.opts...)
		require.Nil(t, n)
		require.Equal(t, c.want, names(err), err)
		require.ErrorContains(t, err, c.text)
		require.NotContains(t, err.Error(), "hunter2")
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := connect.Open(ctx, settings(t, known...))
	require.ErrorIs(t, err, context.Canceled)
}

// One error may be about several settings, as those of envconfig.Load are.
func TestOpen_NamesEachSettingOfAJoinedError(t *testing.T) {
	_, err := envconfig.FromEnviron([]string{"MOSPARO_CACHE_ADAPTER=apcu", "MOSPARO_CLEANUP_PROCESS_INTERVAL=x", "database_port=99999"})
	require.Error(t, err)
	full := errors.New("disk full")
	for _, c := range []struct {
		err  error
		want []string
	}{
		{err, []string{"MOSPARO_CACHE_ADAPTER", "MOSPARO_CLEANUP_PROCESS_INTERVAL", "database_port"}},
		{fmt.Errorf("reading again: %w", err), []string{"MOSPARO_CACHE_ADAPTER", "MOSPARO_CLEANUP_PROCESS_INTERVAL", "database_port"}},
		{errors.Join(full, &envconfig.ValueError{Name: "REDIS_URL", Err: full}), []string{"REDIS_URL", "database_driver"}},
		{errors.Join(full, full), []string{"database_driver"}},
	} {
		err := connect.SettingErrors(settings(t), "database_driver", c.err)
		require.Equal(t, c.want, names(err), err)
	}
}

// Settings that were returned together with an error are for display: with the default of a
// value that was set, or without a file that could not be read, the node would be one of
// another cluster.
func TestOpen_RefusesSettingsOfAnError(t *testing.T) {
	withFakes := []connect.Option{
		connect.WithCache(memoryadapter.New()), connect.WithLock(memorylocker.New()), connect.WithDatabase(cleanuptest.NewFake()),
	}
	s, err := envconfig.FromEnviron([]string{"MOSPARO_CLEANUP_PROCESS_INTERVAL=often", "MOSPARO_SUBMISSION_RETENTION_PERIOD=long"})
	require.Equal(t, err, s.Err())
	n, err := connect.Open(t.Context(), s, withFakes...)
	require.Nil(t, n)
	require.Equal(t, []string{"MOSPARO_SUBMISSION_RETENTION_PERIOD", "MOSPARO_CLEANUP_PROCESS_INTERVAL"}, names(err))

	dir := t.TempDir()
	file := filepath.Join(dir, "config", "env.mosparo.php")
	require.NoError(t, os.Mkdir(filepath.Dir(file), 0o755))
	require.NoError(t, os.WriteFile(file, []byte("<?php return ["), 0o600))
	s, err = envconfig.Load(dir, nil)
	require.Error(t, err)
	_, err = connect.Open(t.Context(), s, withFakes...)
	var broken *dotenv.FileError
	require.ErrorAs(t, err, &broken)
	require.Equal(t, file, broken.Path)

	require.NoError(t, settings(t).Err())
}

func TestOpen_NamesTheAdapterThatIsUnknown(t *testing.T) {
	s, err := envconfig.FromEnviron([]string{"MOSPARO_CACHE_ADAPTER=apcu"})
	require.Error(t, err)
	_, err = connect.Open(t.Context(), s, connect.WithDatabase(cleanuptest.NewFake()))
	require.Equal(t, []string{"MOSPARO_CACHE_ADAPTER"}, names(err), "cache and locks say it once")
}

func TestOpen_UsesMosparosTables(t *testing.T) {
	file := filepath.Join(t.TempDir(), "data.sqlite")
	db, err := sql.Open("sqlite", "file:"+file)
	require.NoError(t, err)
	defer db.Close()
	environ := append([]string{"database_driver=pdo_sqlite", "database_path=" + file, "FILESYSTEM_CACHE_PATH=" + t.TempDir()}, known...)
	for _, opts := range [][]connect.Option{nil, {connect.WithSQL(db, sqlcleaner.SQLite)}} {
		n, err := connect.Open(t.Context(), settings(t, environ...), opts...)
		require.NoError(t, err)
		require.NotNil(t, n.CSS)
		require.IsType(t, (*sqlcleaner.DB)(nil), n.Database)
		require.NoError(t, n.Close())
	}
	require.NoError(t, db.PingContext(t.Context()), "a database that was given stays open")
}
