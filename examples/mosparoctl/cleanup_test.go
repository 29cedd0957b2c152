package main

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"github.com/mosparo/go-cluster/cache"
	"github.com/mosparo/go-cluster/cache/cachetest/servers"
	"github.com/mosparo/go-cluster/cache/fileadapter"
	"github.com/mosparo/go-cluster/cache/redisadapter"
	"github.com/mosparo/go-cluster/cleanup"
	"github.com/mosparo/go-cluster/cleanup/sqlcleaner"
	"github.com/mosparo/go-cluster/cleanup/sqlcleaner/schema"
	"github.com/mosparo/go-cluster/envconfig/connect"
	"github.com/mosparo/go-cluster/lock"
	"github.com/mosparo/go-cluster/lock/redislocker"
)

// installation is a mosparo directory with SQLite and a cache.
type installation struct {
	t       *testing.T
	dir     string
	environ []string
	pool    *cache.Pool
	db      *sql.DB
	rows    *sqlcleaner.DB
}

// emptyDatabase returns the file of a database with mosparo's tables.
var emptyDatabase = sync.OnceValues(func() (content []byte, err error) {
	dir, err := os.MkdirTemp("", "mosparoctl-test-") //nolint:usetesting // for all tests
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	file := filepath.Join(dir, "data.sqlite")
	db, err := sql.Open("sqlite", "file:"+filepath.ToSlash(file))
	if err != nil {
		return nil, err
	}
	if err := errors.Join(schema.Create(context.Background(), db, sqlcleaner.SQLite), db.Close()); err != nil {
		return nil, err
	}
	return os.ReadFile(file)
})

// install makes one with the filesystem cache, or with another if environ
// says so.
func install(t *testing.T, version string, environ ...string) *installation {
	t.Helper()
	i := &installation{t: t, dir: t.TempDir()}
	file := filepath.Join(i.dir, "data.sqlite")
	empty, err := emptyDatabase()
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(file, empty, 0o600))
	i.db, err = sql.Open("sqlite", "file:"+filepath.ToSlash(file)+"?_pragma=busy_timeout(10000)&_pragma=synchronous(off)")
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, i.db.Close()) })
	i.rows = sqlcleaner.New(i.db, sqlcleaner.SQLite)
	require.NoError(t, os.Mkdir(filepath.Join(i.dir, "config"), 0o700))
	php := "<?php\nreturn ['database_driver' => 'pdo_sqlite', 'database_path' => '" + filepath.ToSlash(file) +
		"', 'encryption_key' => 'e1c3', 'mosparo_installed' => true, 'mosparo_installed_version' => '" + version + "'];\n"
	require.NoError(t, os.WriteFile(filepath.Join(i.dir, "config", "env.mosparo.php"), []byte(php), 0o600))
	i.environ = environ
	if len(environ) == 0 {
		files := t.TempDir()
		i.environ = []string{"FILESYSTEM_CACHE_PATH=" + files}
		a, err := fileadapter.New(files)
		require.NoError(t, err)
		i.pool = cache.NewPool(a)
	}
	return i
}

// ctl runs the command line.
func (i *installation) ctl(args ...string) (code int, stdout, stderr string) {
	i.t.Helper()
	var out, errs bytes.Buffer
	a := &app{stdin: bytes.NewReader(nil), stdout: &out, stderr: &errs, environ: i.environ}
	code = a.main(i.t.Context(), args)
	requireListed(i.t, a, code, args)
	return code, out.String(), errs.String()
}

// json runs a command that writes JSON.
func (i *installation) json(v any, args ...string) {
	i.t.Helper()
	code, out, errs := i.ctl(args...)
	require.Zero(i.t, code, errs)
	require.NoError(i.t, json.Unmarshal([]byte(out), v), out)
}

func (i *installation) due() {
	i.t.Helper()
	require.NoError(i.t, cleanup.NextCleanup.Set(i.t.Context(), i.pool, time.Now().Add(-time.Minute), 0))
}

func (i *installation) exec(query string, args ...any) {
	i.t.Helper()
	_, err := i.db.ExecContext(i.t.Context(), query, args...)
	require.NoError(i.t, err)
}

// What Go nodes keep in the cache.
const (
	runKey     cache.Key[runRecord] = "mosparoGoCleanup"
	historyKey cache.Key[[]any]     = "mosparoGoRuns"
)

// runRecord is the record of a run, as other nodes write it.
type runRecord struct {
	Format   int       `php:"format"`
	Row      int64     `php:"row"`
	Executor int       `php:"executor"`
	Marker   time.Time `php:"marker"`
	Previous time.Time `php:"previous"`
	Host     string    `php:"host"`
	PID      int       `php:"pid"`
	Started  time.Time `php:"started"`
	Alive    time.Time `php:"alive"`
}

func TestCleanup_RunsWhenItIsDueAndShowsIt(t *testing.T) {
	i := install(t, "1.5.4")
	var state cleanupState
	i.json(&state, "cleanup", "status", "--dir", i.dir, "--json")
	require.Equal(t, "not_due", state.Decision)
	require.Equal(t, "nothing planned yet", state.Why)

	i.due()
	i.exec("INSERT INTO submission (project_id, submitted_at) VALUES (1, '2020-01-01 00:00:00')") // without a token
	i.json(&state, "cleanup", "status", "--dir", i.dir, "--json")
	require.Equal(t, "run", state.Decision)

	var r cleanupResult
	i.json(&r, "cleanup", "run", "--dir", i.dir, "--json")
	require.Equal(t, "completed", r.Result)
	require.Equal(t, 1, r.Rows["submission"])
	i.json(&r, "cleanup", "run", "--dir", i.dir, "--json")
	require.Equal(t, "not_due", r.Result)
	i.json(&r, "cleanup", "run", "--force", "--dir", i.dir, "--json")
	require.Equal(t, "completed", r.Result)

	_, err := i.rows.Begin(t.Context(), time.Now().Add(-time.Hour), cleanup.ExecutorCommand) // a PHP node's, which died
	require.NoError(t, err)
	var history struct{ Runs []cleanupLine }
	i.json(&history, "cleanup", "history", "--dir", i.dir, "--json", "-n", "3")
	require.Len(t, history.Runs, 3)
	host, err := os.Hostname()
	require.NoError(t, err)
	require.Equal(t, host, history.Runs[0].Node)
	require.Equal(t, "command", history.Runs[0].Executor)
	require.Equal(t, "command", history.Runs[1].Executor, "also when it keeps to the schedule")
	require.Equal(t, "PHP", history.Runs[2].Node)
	require.Equal(t, "unknown", history.Runs[2].Status)

	code, out, _ := i.ctl("cleanup", "status", "--dir", i.dir)
	require.Zero(t, code)
	require.Contains(t, out, "regular schedule")
	require.Contains(t, out, "SUBMISSIONS DELETED")
}

func TestCleanup_DryRunSaysWhatWouldGoAndDeletesNothing(t *testing.T) {
	i := install(t, "1.5.4")
	i.exec("INSERT INTO submission (project_id, submitted_at) VALUES (1, '2020-01-01 00:00:00')")
	i.exec("INSERT INTO lockout (valid_until) VALUES ('2020-01-01 00:00:00')")
	for _, due := range []string{"not_due", "observed"} {
		var r cleanupResult
		i.json(&r, "cleanup", "run", "--dry-run", "--dir", i.dir, "--json")
		require.Equal(t, due, r.Result)
		require.True(t, r.DryRun)
		require.Equal(t, 1, r.Submissions)
		require.Equal(t, 1, r.Rows["lockout"])
		i.due()
	}
	rows, err := i.rows.Recent(t.Context(), 1)
	require.NoError(t, err)
	require.Empty(t, rows)
	var left int
	require.NoError(t, i.db.QueryRowContext(t.Context(), "SELECT COUNT(*) FROM submission").Scan(&left))
	require.Equal(t, 1, left)
	var r cleanupResult
	i.json(&r, "cleanup", "run", "--force", "--dir", i.dir, "--json")
	require.Equal(t, 1, r.Submissions)
}

// The guide sends operators to it for both: what would go, and whether a check forbids it.
func TestCleanup_DryRunSaysWhatForbidsARun(t *testing.T) {
	i := install(t, "1.5.4")
	i.exec("INSERT INTO submit_token (project_id, token, created_at) VALUES (1, 'x', ?)", time.Now().UTC().Format(time.DateTime))
	for range 2 { // not due, then due
		code, _, _ := i.ctl("cleanup", "run", "--dry-run", "--dir", i.dir)
		require.Zero(t, code)
		code, _, errs := i.ctl("cleanup", "run", "--dry-run", "--dir", i.dir, "--zone", "Pacific/Honolulu")
		require.Equal(t, 77, code)
		require.Regexp(t, "this node must not clean: .*Pacific/Honolulu", errs)
		i.due()
	}
	code, out, _ := i.ctl("cleanup", "run", "--force", "--dir", i.dir)
	require.Zero(t, code, out)
	require.NoError(t, i.pool.Delete(t.Context(), string(cleanup.NextCleanup))) // which has the zone, too
	i.exec("DELETE FROM submit_token")
	code, _, errs := i.ctl("cleanup", "run", "--dry-run", "--dir", i.dir, "--zone", "Asia/Tokyo")
	require.Equal(t, 77, code)
	require.Contains(t, errs, "a Go node noted cleanup")
	i.exec("ALTER TABLE cleanup_statistic RENAME TO gone")
	code, out, errs = i.ctl("cleanup", "run", "--dry-run", "--dir", i.dir)
	require.NotZero(t, code)
	require.Contains(t, errs, "cleanup_statistic")
	require.NotContains(t, out, "remain", "nothing was counted")
}

func TestCleanup_ReachesADatabaseServerByItsURL(t *testing.T) {
	var postgreSQL *servers.PostgreSQLServer
	for name, server := range map[string]func(t *testing.T) (url, driver, dsn string, dialect sqlcleaner.Dialect){
		"MariaDB": func(t *testing.T) (string, string, string, sqlcleaner.Dialect) {
			m := servers.MariaDB(t)
			return m.URL(), "mysql", m.DSN(), sqlcleaner.MySQL
		},
		"PostgreSQL": func(t *testing.T) (string, string, string, sqlcleaner.Dialect) {
			postgreSQL = servers.PostgreSQL(t)
			return postgreSQL.URL(), "pgx", postgreSQL.DSN(), sqlcleaner.PostgreSQL
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			url, driver, dsn, dialect := server(t)
			db, err := sql.Open(driver, dsn)
			require.NoError(t, err)
			t.Cleanup(func() { require.NoError(t, db.Close()) })
			require.NoError(t, schema.Create(t.Context(), db, dialect))
			i := install(t, "1.5.4")
			i.due()
			var r cleanupResult
			i.json(&r, "cleanup", "run", "--dir", i.dir, "--dsn", url, "--json")
			require.Equal(t, "completed", r.Result)
			var runs int
			require.NoError(t, db.QueryRowContext(t.Context(), "SELECT COUNT(*) FROM cleanup_statistic WHERE cleanup_status = 2").Scan(&runs))
			require.Equal(t, 1, runs)
			if dialect == sqlcleaner.PostgreSQL {
				t.Run("behind PgBouncer", func(t *testing.T) { runsAgainBehindPgBouncer(t, postgreSQL, db) })
			}
		})
	}
}

// A pooler gives each transaction another connection, on which what an earlier
// run prepared by name would be there already.
func runsAgainBehindPgBouncer(t *testing.T, server *servers.PostgreSQLServer, db *sql.DB) {
	t.Helper()
	pooled := servers.PgBouncer(t, server)
	_, err := db.ExecContext(t.Context(), "INSERT INTO project (id) VALUES (1)")
	require.NoError(t, err)
	i := install(t, "1.5.4")
	i.due()
	for n := range 3 {
		_, err := db.ExecContext(t.Context(), "INSERT INTO submit_token (project_id, token, created_at) VALUES (1, 'a', $1)", time.Now().UTC().AddDate(0, 0, -30).Format(time.DateTime))
		require.NoError(t, err)
		var r cleanupResult
		i.json(&r, "cleanup", "run", "--force", "--dir", i.dir, "--dsn", pooled.DSN()+"&application_name=node", "--json")
		require.Equal(t, "completed", r.Result)
		require.Equal(t, 1, r.Tokens, "run %d", n)
	}
}

func TestCleanup_RefusesUnlessEverythingIsSure(t *testing.T) {
	for name, c := range map[string]struct {
		version string
		args    []string
		says    string
	}{
		"a version that is not known": {version: "1.6.0", says: `version "1.6.0"`},
		"a zone that is wrong":        {version: "1.5.4", args: []string{"--zone", "Pacific/Honolulu"}, says: "Pacific/Honolulu"},
	} {
		t.Run(name, func(t *testing.T) {
			i := install(t, c.version)
			i.due()
			i.exec("INSERT INTO submit_token (project_id, token, created_at) VALUES (1, 'x', ?)", time.Now().UTC().Format(time.DateTime))
			before, err := i.pool.Adapter().Get(t.Context(), string(cleanup.NextCleanup))
			require.NoError(t, err)
			for _, force := range [][]string{nil, {"--force"}} {
				code, out, errs := i.ctl(append(append([]string{"cleanup", "run", "--dir", i.dir}, c.args...), force...)...)
				require.Equal(t, 77, code)
				require.Contains(t, out, "refused: this node must not clean")
				require.Contains(t, errs, c.says)
			}
			rows, err := i.rows.Recent(t.Context(), 1)
			require.NoError(t, err)
			require.Empty(t, rows)
			after, err := i.pool.Adapter().Get(t.Context(), string(cleanup.NextCleanup), string(cleanup.CleanupStartedAt))
			require.NoError(t, err)
			require.Equal(t, before[0], after[0])
			require.Nil(t, after[1])
		})
	}
	t.Run("no database", func(t *testing.T) {
		i := install(t, "1.5.4")
		code, _, errs := i.ctl("cleanup", "run")
		require.Equal(t, 1, code)
		require.Contains(t, errs, "--dir")
	})
	t.Run("a database without its mosparo", func(t *testing.T) {
		i := install(t, "1.5.4")
		i.due()
		code, out, errs := i.ctl("cleanup", "run", "--dsn", "sqlite://"+filepath.ToSlash(filepath.Join(i.dir, "data.sqlite")))
		require.Equal(t, 77, code)
		require.Contains(t, out, "refused: this node must not clean")
		require.Contains(t, errs, "mosparo is not installed")
	})
}

// An operator looks when something is wrong.
func TestCleanup_StatusShowsWhatCanBeReadWithoutTheLockServer(t *testing.T) {
	i := install(t, "1.5.4")
	i.due()
	for _, asJSON := range [][]string{nil, {"--json"}} {
		code, out, errs := i.ctl(append([]string{"cleanup", "status", "--dir", i.dir, "--lock-url", "redis://127.0.0.1:1"}, asJSON...)...)
		require.Equal(t, 1, code)
		require.Contains(t, out, "run")
		require.Contains(t, errs, "unavailable")
	}
}

func TestCleanup_ObserveSaysWhatANodeWouldDoAndWritesNothing(t *testing.T) {
	i := install(t, "1.5.4")
	i.due()
	before, err := i.pool.Adapter().Get(t.Context(), string(cleanup.NextCleanup))
	require.NoError(t, err)
	ctx, interrupt := context.WithTimeout(t.Context(), time.Minute)
	defer interrupt()
	out := untilWritten{then: interrupt}
	var errs bytes.Buffer
	a := &app{stdin: bytes.NewReader(nil), stdout: &out, stderr: &errs, environ: i.environ}
	require.Zero(t, a.main(ctx, []string{"cleanup", "observe", "--json", "--dir", i.dir}), errs.String())
	var line struct{ Result string }
	require.NoError(t, json.NewDecoder(&out).Decode(&line))
	require.Equal(t, "observed", line.Result)
	after, err := i.pool.Adapter().Get(t.Context(), string(cleanup.NextCleanup))
	require.NoError(t, err)
	require.Equal(t, before, after)
	rows, err := i.rows.Recent(t.Context(), 1)
	require.NoError(t, err)
	require.Empty(t, rows)
}

func TestCleanup_PauseKeepsRunsAway(t *testing.T) {
	i := install(t, "1.5.4")
	i.due()
	var p pauseState
	i.json(&p, "cleanup", "pause", "--dir", i.dir, "--for", "2h", "--reason", "migration\x1b[2J", "--json")
	require.WithinDuration(t, time.Now().Add(2*time.Hour), p.Until, time.Minute)
	var state cleanupState
	i.json(&state, "cleanup", "status", "--dir", i.dir, "--json")
	require.Equal(t, "paused", state.Decision)
	require.Equal(t, "migration\x1b[2J", state.Pause.Reason)
	_, shown, _ := i.ctl("cleanup", "status", "--dir", i.dir)
	require.Contains(t, shown, ": migration\ufffd[2J\n", "nothing that a terminal would obey")
	for _, force := range []string{"--json", "--force"} {
		code, out, errs := i.ctl("cleanup", "run", "--dir", i.dir, force)
		require.Equal(t, 75, code, errs)
		require.Contains(t, out, "paused")
	}
	code, _, _ := i.ctl("cleanup", "pause", "--dir", i.dir, "--for", "25h")
	require.Equal(t, exitUsage, code)
	code, _, errs := i.ctl("cleanup", "resume", "--dir", i.dir)
	require.Zero(t, code, errs)
	var r cleanupResult
	i.json(&r, "cleanup", "run", "--dir", i.dir, "--json")
	require.Equal(t, "completed", r.Result)
}

func TestCleanup_ADatabaseURLIsMosparosSettings(t *testing.T) {
	for dsn, want := range map[string][]string{
		"mysql://u:p%40ss@db/mosparo": {"database_driver=pdo_mysql", "database_host=db", "database_port=3306", "database_name=mosparo", "database_user=u", "database_password=p@ss"},
		"postgres://u@[::1]:99/m":     {"database_driver=pdo_pgsql", "database_host=::1", "database_port=99", "database_name=m", "database_user=u", "database_password="},
		"sqlite:///var/data.sqlite":   {"database_driver=pdo_sqlite", "database_path=/var/data.sqlite"},
	} {
		got, err := databaseVars(dsn)
		require.NoError(t, err)
		require.Equal(t, want, got)
	}
	for _, dsn := range []string{"oracle://secret@x/y", "sqlite://relative", "mysql://u:secret@db/m#x=1", "mysql://u:secret@db:port/m", ""} {
		_, err := databaseVars(dsn)
		require.Error(t, err)
		require.NotContains(t, err.Error(), "secret")
	}
}

const phpSchedule = `
$pool = new Symfony\Component\Cache\Adapter\RedisAdapter(Symfony\Component\Cache\Adapter\RedisAdapter::createConnection('redis://' . $argv[1]));
$started = $pool->getItem('mosparoCleanupStartedAt');
$next = $pool->getItem('mosparoNextCleanup');
if ($next->get() === null) echo 'no schedule';
elseif ($next->get() > new DateTime()) echo 'in the future';
elseif ($started->get() !== null && $started->get() > (new DateTime())->sub(new DateInterval('PT5M'))) echo 'running';
else echo 'due';`

func TestLeave_PHPGoesOnAsBefore(t *testing.T) {
	php := servers.PHP(t, "redis")
	server := servers.Redis(t)
	client := redis.NewClient(&redis.Options{Addr: server.Addr(), ContextTimeoutEnabled: true})
	t.Cleanup(func() { require.NoError(t, client.Close()) })
	i := install(t, "1.5.4", "MOSPARO_CACHE_ADAPTER=redis", "REDIS_URL=redis://"+server.Addr())
	i.pool = cache.NewPool(redisadapter.New(client))
	i.due()
	require.NoError(t, client.Set(t.Context(), "other:application", "stays", 0).Err())
	require.Equal(t, "due", php.Run(phpSchedule, server.Addr()))

	// A Go node has died in the middle of a run, and history and pause are there.
	var r cleanupResult
	i.json(&r, "cleanup", "run", "--dir", i.dir, "--force", "--json")
	require.Equal(t, "completed", r.Result)
	i.due()
	code, _, errs := i.ctl("cleanup", "pause", "--dir", i.dir)
	require.Zero(t, code, errs)
	started := time.Now().UTC().Truncate(time.Microsecond)
	id, err := i.rows.Begin(t.Context(), started, cleanup.ExecutorFrontendAPI)
	require.NoError(t, err)
	record := runRecord{Row: id, Executor: int(cleanup.ExecutorFrontendAPI), Marker: started, Previous: started, Started: started, Host: "gone"}
	require.NoError(t, cache.Write(t.Context(), i.pool, runKey.With(record, time.Hour), cleanup.CleanupStartedAt.With(started, 0)))
	require.Equal(t, "running", php.Run(phpSchedule, server.Addr()))

	code, _, errs = i.ctl("leave", "--dir", i.dir)
	require.Zero(t, code, errs)
	require.Equal(t, "due", php.Run(phpSchedule, server.Addr()), "no node waits for the crashed run")
	rows, err := i.rows.Recent(t.Context(), 1)
	require.NoError(t, err)
	require.Equal(t, cleanup.StatusIncomplete, rows[0].Status)
	require.NotEmpty(t, client.Keys(t.Context(), "mosparoGo*").Val(), "other Go nodes go on")

	code, _, errs = i.ctl("leave", "--last", "--dir", i.dir)
	require.Zero(t, code, errs)
	require.Empty(t, client.Keys(t.Context(), "mosparoGo*").Val())
	require.Equal(t, "stays", client.Get(t.Context(), "other:application").Val())
	require.Equal(t, "due", php.Run(phpSchedule, server.Addr()))
}

func TestLeave_RemovesTheLocksBesideTheFilesOfTheCache(t *testing.T) {
	i := install(t, "1.5.4")
	i.due()
	var r cleanupResult
	i.json(&r, "cleanup", "run", "--dir", i.dir, "--json")
	require.Equal(t, "completed", r.Result)
	_, files, _ := strings.Cut(i.environ[0], "=")
	locks := filepath.Join(files, lock.KeyPrefix)
	if _, err := os.Stat(locks); err != nil {
		t.Skip("skipped: needs flock")
	}
	code, _, errs := i.ctl("leave", "--dir", i.dir)
	require.Zero(t, code, errs)
	require.DirExists(t, locks, "other Go nodes go on")
	code, _, errs = i.ctl("leave", "--last", "--dir", i.dir)
	require.Zero(t, code, errs)
	require.NoDirExists(t, locks)
	for key, err := range i.pool.Adapter().(cache.Lister).List(t.Context(), "") {
		require.NoError(t, err)
		require.NotContains(t, key, goKeys)
	}
	next, err := cleanup.NextCleanup.Get(t.Context(), i.pool)
	require.NoError(t, err)
	require.True(t, next.After(time.Now()), "PHP goes on with the schedule")
}

func TestLeave_NotWhileAGoNodeCleans(t *testing.T) {
	server := servers.Redis(t)
	client := redis.NewClient(&redis.Options{Addr: server.Addr(), ContextTimeoutEnabled: true})
	t.Cleanup(func() { require.NoError(t, client.Close()) })
	i := install(t, "1.5.4", "MOSPARO_CACHE_ADAPTER=redis", "REDIS_URL=redis://"+server.Addr())
	l := lock.New(redislocker.New(client))
	t.Cleanup(l.Close)
	held, err := l.Acquire(t.Context(), cleanup.LockName)
	require.NoError(t, err)
	for _, args := range [][]string{{"leave", "--dir", i.dir}, {"leave", "--last", "--dir", i.dir}} {
		code, _, errs := i.ctl(args...)
		require.Equal(t, 1, code)
		require.Contains(t, errs, "held")
	}
	require.NoError(t, held.Release(context.Background()))
	code, _, errs := i.ctl("leave", "--last", "--dir", i.dir)
	require.Zero(t, code, errs)
}

// What mosparo made of the variables, recorded.
func TestCleanup_SettingsOutOfRangeAreWhatTheyAreForMosparo(t *testing.T) {
	content, err := os.ReadFile(filepath.Join("..", "..", "envconfig", "testdata", "env-processors.json"))
	require.NoError(t, err)
	var doc struct {
		Cases []struct {
			Kind             string
			Given, Effective map[string]int
		}
	}
	require.NoError(t, json.Unmarshal(content, &doc))
	n := 0
	for _, c := range doc.Cases {
		if c.Kind != "cleanup_limits" {
			continue
		}
		n++
		var environ []string
		for name, v := range c.Given {
			environ = append(environ, "MOSPARO_"+strings.ToUpper(name)+"="+strconv.Itoa(v))
		}
		s, err := (&clusterFlags{}).settings(environ)
		require.NoError(t, err)
		p := connect.CleanupPolicy(s)
		require.Equal(t, c.Effective, map[string]int{
			"submit_token_retention_hours":        int(p.SubmitTokenRetention / time.Hour),
			"submission_retention_days":           int(p.SubmissionRetention / (24 * time.Hour)),
			"cleanup_process_interval_hours":      int(p.ProcessInterval / time.Hour),
			"cleanup_unfinished_interval_minutes": int(p.UnfinishedInterval / time.Minute),
		}, c.Given)
	}
	require.Equal(t, 26, n)
}

func TestCleanup_RunSaysByItsExitCodeHowItEnded(t *testing.T) {
	i := install(t, "1.5.4")
	run := func(args ...string) int {
		t.Helper()
		code, out, errs := i.ctl(append([]string{"cleanup", "run", "--dir", i.dir}, args...)...)
		t.Log(out, errs)
		return code
	}
	require.Zero(t, run(), "not due")
	i.due()
	require.Zero(t, run("--dry-run"))
	require.Zero(t, run(), "completed")
	id, err := i.rows.Begin(t.Context(), time.Now(), cleanup.ExecutorFrontendAPI) // a PHP node cleans
	require.NoError(t, err)
	require.Equal(t, 75, run("--force"))
	require.NoError(t, i.rows.Withdraw(t.Context(), id))
	require.Equal(t, 77, run("--force", "--zone", "Pacific/Honolulu"))
	require.Equal(t, 69, run("--force", "--lock-url", "redis://127.0.0.1:1"))
	i.exec("INSERT INTO submission (project_id, submitted_at) VALUES (1, '2020-01-01 00:00:00')")
	i.exec("CREATE TRIGGER broken BEFORE DELETE ON submission BEGIN SELECT RAISE(ABORT, 'the disk is full'); END")
	require.Equal(t, 1, run("--force"))
	code, out, _ := i.ctl("cleanup", "run", "--help")
	require.Zero(t, code)
	require.Contains(t, out, "77 a check forbids")
}

func TestCleanup_StatusSaysWhetherANodeMayClean(t *testing.T) {
	i := install(t, "1.5.4")
	var state cleanupState
	i.json(&state, "cleanup", "status", "--dir", i.dir, "--json")
	require.Equal(t, &checkState{Result: "ok"}, state.Check)
	i.exec("ALTER TABLE delay ADD COLUMN foreign_to_mosparo INT")
	code, out, errs := i.ctl("cleanup", "status", "--dir", i.dir)
	require.Zero(t, code, errs)
	require.Regexp(t, `(?m)^check\trefused: .*foreign_to_mosparo`, out)
	require.Empty(t, errs, "it is said once")
}

func TestCleanup_TheGracePeriodIsNamed(t *testing.T) {
	i := install(t, "1.5.4")
	i.environ = append(i.environ, "MOSPARO_CLEANUP_GRACE_PERIOD_ENABLED=1", "MOSPARO_SUBMIT_TOKEN_RETENTION_PERIOD=2")
	i.due()
	for _, command := range []string{"status", "run"} {
		code, out, errs := i.ctl("cleanup", command, "--dir", i.dir)
		require.Zero(t, code, errs)
		require.Contains(t, out, "put off by the grace period of 2 h")
	}
}

// Hosts come from the cache, texts of errors from servers.
func TestCleanup_NothingOfTheClusterIsObeyedByATerminal(t *testing.T) {
	const hostile = "go-1\x1b]0;x\a\r\u009b2J\u202e"
	i := install(t, "1.5.4")
	var r cleanupResult
	i.json(&r, "cleanup", "run", "--force", "--dir", i.dir, "--json")
	rows, err := i.rows.Recent(t.Context(), 1)
	require.NoError(t, err)
	require.NoError(t, historyKey.Set(t.Context(), i.pool, []any{map[string]any{"row": rows[0].ID, "host": hostile, "pid": 1}}, time.Hour))
	_, err = i.db.ExecContext(t.Context(), `CREATE TRIGGER broken BEFORE UPDATE ON cleanup_statistic BEGIN SELECT RAISE(ABORT, 'no`+hostile+`'); END`)
	require.NoError(t, err)
	for _, args := range [][]string{
		{"cleanup", "status"},
		{"cleanup", "status", "--json"},
		{"cleanup", "history"},
		{"cleanup", "history", "--json"},
		{"cleanup", "run", "--force"},
		{"cleanup", "run", "--force", "--json"},
	} {
		_, out, errs := i.ctl(append(args, "--dir", i.dir)...)
		text := out + errs
		require.True(t, strings.Contains(text, "go-1") || strings.Contains(text, "no"), text)
		require.Empty(t, strings.Map(func(r rune) rune {
			if unicode.IsPrint(r) || r == '\n' || r == '\t' {
				return -1
			}
			return r
		}, text), "%v: %q", args, text)
		if args[len(args)-1] == "--json" && args[1] != "run" {
			require.Contains(t, out, `\u009b2J\u202e`)
		}
	}
}

func TestCleanup_HistorySaysUnknownAfterARestartOfTheCache(t *testing.T) {
	i := install(t, "1.5.4")
	var r cleanupResult
	i.json(&r, "cleanup", "run", "--force", "--dir", i.dir, "--json")
	require.NoError(t, historyKey.Delete(t.Context(), i.pool))
	var history struct{ Runs []cleanupLine }
	i.json(&history, "cleanup", "history", "--dir", i.dir, "--json")
	require.Equal(t, "unknown", history.Runs[0].Node)
	_, out, _ := i.ctl("cleanup", "status", "--dir", i.dir)
	require.Contains(t, out, "\tunknown\tcommand\t")
}

func TestLeaveAndClear_NoticeGoNodesAtWork(t *testing.T) {
	server := servers.Redis(t)
	client := redis.NewClient(&redis.Options{Addr: server.Addr(), ContextTimeoutEnabled: true})
	t.Cleanup(func() { require.NoError(t, client.Close()) })
	i := install(t, "1.5.4", "MOSPARO_CACHE_ADAPTER=redis", "REDIS_URL=redis://"+server.Addr())
	i.pool = cache.NewPool(redisadapter.New(client))
	l := lock.New(redislocker.New(client))
	t.Cleanup(l.Close)
	refused := func(says string, args ...string) {
		t.Helper()
		code, _, errs := i.ctl(args...)
		require.Equal(t, 1, code)
		require.Contains(t, errs, says)
	}

	held, err := l.Acquire(t.Context(), "mosparo/something")
	require.NoError(t, err)
	refused(`"mosparo/something"`, "cache", "clear", "--yes")
	refused(`"mosparo/something"`, "leave", "--last", "--dir", i.dir)
	require.NoError(t, held.Release(context.Background()))

	held, err = l.Acquire(t.Context(), "backup") // a job of the operator
	require.NoError(t, err)
	refused(`"backup"`, "leave", "--last", "--dir", i.dir)
	code, _, errs := i.ctl("cache", "clear", "--yes")
	require.Zero(t, code, errs)
	require.NoError(t, held.Err())
	code, _, errs = i.ctl("leave", "--last", "--force", "--dir", i.dir)
	require.Zero(t, code, errs)

	now := time.Now().UTC()
	alive := runRecord{Marker: now, Started: now, Alive: now.Add(time.Minute), Host: "go-1", PID: 7}
	for says, record := range map[string]runRecord{
		"go-1 (pid 7) has been cleaning": alive,
		"newer version":                  {Format: 1, Marker: now, Started: now},
	} {
		require.NoError(t, runKey.Set(t.Context(), i.pool, record, time.Hour))
		refused(says, "cache", "clear", "--yes")
		refused(says, "leave", "--last", "--dir", i.dir)
		refused("held", "leave", "--last", "--force", "--dir", i.dir)
		refused("held", "leave", "--dir", i.dir)
	}
	code, _, errs = i.ctl("cache", "clear", "--yes", "--force")
	require.Zero(t, code, errs)
	_, err = runKey.Get(t.Context(), i.pool)
	require.ErrorIs(t, err, cache.ErrNotFound)
}
