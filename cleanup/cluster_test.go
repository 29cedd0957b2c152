package cleanup_test

import (
	"bufio"
	"context"
	"database/sql"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	_ "github.com/go-sql-driver/mysql"
	_ "github.com/jackc/pgx/v5/stdlib"
	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"
	_ "modernc.org/sqlite"

	"github.com/mosparo/go-cluster/cache"
	"github.com/mosparo/go-cluster/cache/cachetest/servers"
	"github.com/mosparo/go-cluster/cache/redisadapter"
	"github.com/mosparo/go-cluster/cleanup"
	"github.com/mosparo/go-cluster/cleanup/sqlcleaner"
	"github.com/mosparo/go-cluster/cleanup/sqlcleaner/schema"
	"github.com/mosparo/go-cluster/lock"
	"github.com/mosparo/go-cluster/lock/redislocker"
)

// These tests run real processes on a real Redis and one database. The test
// binary is its own child: CLEANUP_NODE holds "redis address|driver|database|
// dialect|guard time|lease|unfinished interval in minutes".

// realCluster is what the processes share.
type realCluster struct {
	t     *testing.T
	redis *servers.RedisServer
	data  storage
	rdb   *redis.Client
	pool  *cache.Pool
	db    *sqlcleaner.DB

	// Of the nodes that are started from now on; the guard time is short, since these tests
	// have no PHP nodes that clean unless they say so.
	guard, lease time.Duration
	unfinished   int
}

// storage is the database of a cluster, for Go's drivers and for PHP's PDO.
type storage struct {
	driver, dsn         string
	dialect             sqlcleaner.Dialect
	pdo, user, password string
}

// sqliteFile is a database in a file.
func sqliteFile(t *testing.T) storage {
	file := filepath.Join(t.TempDir(), "data.sqlite")
	return storage{
		driver: "sqlite", dsn: "file:" + file + "?_pragma=busy_timeout(10000)&_pragma=journal_mode(WAL)&_txlock=immediate",
		dialect: sqlcleaner.SQLite, pdo: "sqlite:" + file,
	}
}

// mariaDB is a database on a server.
func mariaDB(t *testing.T) storage {
	m := servers.MariaDB(t)
	return storage{driver: "mysql", dsn: m.DSN(), dialect: sqlcleaner.MySQL}.at(t, m.Addr(), "mysql")
}

// postgreSQL is a database on another.
func postgreSQL(t *testing.T) storage {
	p := servers.PostgreSQL(t)
	return storage{driver: "pgx", dsn: p.DSN(), dialect: sqlcleaner.PostgreSQL}.at(t, p.Addr(), "pgsql")
}

// at tells PDO where the server is.
func (s storage) at(t *testing.T, addr, pdo string) storage {
	t.Helper()
	host, port, err := net.SplitHostPort(addr)
	require.NoError(t, err)
	s.pdo = fmt.Sprintf("%s:host=%s;port=%s;dbname=%s", pdo, host, port, servers.DatabaseName)
	s.user, s.password = servers.DatabaseUser, servers.DatabasePassword
	return s
}

func (s storage) open(t *testing.T) *sql.DB {
	t.Helper()
	db, err := sql.Open(s.driver, s.dsn)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	return db
}

func openRedis(t *testing.T, addr string) *redis.Client {
	t.Helper()
	c := redis.NewClient(&redis.Options{Addr: addr, ContextTimeoutEnabled: true})
	t.Cleanup(func() { require.NoError(t, c.Close()) })
	return c
}

func newRealCluster(t *testing.T, data storage) *realCluster {
	c := &realCluster{t: t, redis: servers.Redis(t), data: data, guard: 20 * time.Millisecond, lease: 30 * time.Second}
	db := data.open(t)
	require.NoError(t, schema.Create(t.Context(), db, data.dialect))
	c.rdb = openRedis(t, c.redis.Addr())
	c.pool = cache.NewPool(redisadapter.New(c.rdb))
	c.db = sqlcleaner.New(db, data.dialect)
	return c
}

func (c *realCluster) due() {
	c.t.Helper()
	require.NoError(c.t, cleanup.NextCleanup.Set(c.t.Context(), c.pool, time.Now().Add(-time.Hour), 0))
}

// counting is a cleaner that tells Redis when it runs, and takes as long as
// Redis says.
type counting struct{ rdb *redis.Client }

func (c counting) Clean(ctx context.Context, j cleanup.Job) (cleanup.Report, error) {
	if err := c.rdb.Incr(ctx, "test:runs").Err(); err != nil {
		return cleanup.Report{}, err
	}
	for {
		hold, err := c.rdb.Exists(ctx, "test:hold").Result()
		if err != nil {
			return cleanup.Report{}, err
		}
		if hold == 0 {
			return cleanup.Report{Finished: true}, j.Limits.Between(ctx)
		}
		time.Sleep(2 * time.Millisecond)
	}
}

// child is the node of a child process: a line on standard input is one
// TryRun, its result a line on standard output.
func child(t *testing.T, spec string) {
	part := strings.Split(spec, "|")
	addr, data := part[0], storage{driver: part[1], dsn: part[2]}
	number := func(i int) int {
		n, err := strconv.Atoi(part[i])
		require.NoError(t, err)
		return n
	}
	guard, lease, unfinished := time.Duration(number(4)), time.Duration(number(5)), number(6)
	data.dialect = sqlcleaner.Dialect(number(3))
	policy := cleanup.Policy{UnfinishedInterval: time.Duration(unfinished) * time.Minute}
	rdb := openRedis(t, addr)
	locker := lock.New(redislocker.New(rdb))
	defer locker.Close()
	db := withClean{sqlcleaner.New(data.open(t), data.dialect), counting{rdb}.Clean}
	node := cleanup.New(cache.NewPool(redisadapter.New(rdb)), locker, db, cleanup.WithMode(cleanup.ModeClean),
		cleanup.WithPolicy(policy), cleanup.WithGuard(guard), cleanup.WithLeaseTTL(lease))
	fmt.Println("READY")
	for in := bufio.NewScanner(os.Stdin); in.Scan(); {
		a, err := node.TryRun(t.Context(), cleanup.ExecutorFrontendAPI)
		fmt.Println("RESULT", a.Result, err)
	}
}

// process is a child with its pipes.
type process struct {
	cmd *exec.Cmd
	in  *os.File
	out *bufio.Scanner
}

// line returns the next line that begins with a word, without it.
func (p *process) line(word string) (string, bool) {
	for p.out.Scan() {
		if rest, ok := strings.CutPrefix(p.out.Text(), word); ok {
			return strings.TrimSpace(rest), true
		}
	}
	return "", false
}

func (c *realCluster) start() *process {
	c.t.Helper()
	cmd := exec.Command(os.Args[0], "-test.run=^"+strings.Split(c.t.Name(), "/")[0]+"$")
	cmd.Env = append(os.Environ(), fmt.Sprintf("CLEANUP_NODE=%s|%s|%s|%d|%d|%d|%d", c.redis.Addr(), c.data.driver, c.data.dsn, c.data.dialect, c.guard, c.lease, c.unfinished))
	return c.run(cmd, func() {})
}

// run starts a process that answers lines; stop is called at the end.
func (c *realCluster) run(cmd *exec.Cmd, stop func()) *process {
	c.t.Helper()
	r, w, err := os.Pipe()
	require.NoError(c.t, err)
	cmd.Stdin, cmd.Stderr = r, os.Stderr
	out, err := cmd.StdoutPipe()
	require.NoError(c.t, err)
	require.NoError(c.t, cmd.Start())
	require.NoError(c.t, r.Close())
	p := &process{cmd: cmd, in: w, out: bufio.NewScanner(out)}
	c.t.Cleanup(func() {
		_ = w.Close()
		_ = cmd.Process.Kill() // it may have ended by itself
		stop()
		_ = cmd.Wait()
	})
	_, ok := p.line("READY")
	require.True(c.t, ok)
	return p
}

func (p *process) tryRun(t *testing.T) {
	t.Helper()
	_, err := p.in.WriteString("\n")
	require.NoError(t, err)
}

func TestCluster_EightProcessesCleanOnceARound(t *testing.T) {
	if spec := os.Getenv("CLEANUP_NODE"); spec != "" {
		child(t, spec)
		return
	}
	rounds := 20
	if os.Getenv("MOSPARO_TEST_LONG") == "1" {
		rounds = 200
	}
	c := newRealCluster(t, sqliteFile(t))
	var nodes []*process
	for range 8 {
		nodes = append(nodes, c.start())
	}
	for round := 1; round <= rounds; round++ {
		c.due()
		for _, n := range nodes { // they are all waiting for this
			n.tryRun(t)
		}
		completed := 0
		for _, n := range nodes {
			result, ok := n.line("RESULT")
			require.True(t, ok)
			require.True(t, strings.HasSuffix(result, "<nil>"), result)
			if strings.HasPrefix(result, "completed") {
				completed++
			}
		}
		require.Equal(t, 1, completed, "round %d", round)
		runs, err := c.rdb.Get(t.Context(), "test:runs").Int()
		require.NoError(t, err)
		require.Equal(t, round, runs)
	}
}

const phpDecides = `
$pool = new Symfony\Component\Cache\Adapter\RedisAdapter(Symfony\Component\Cache\Adapter\RedisAdapter::createConnection('redis://' . $argv[1]));
$started = $pool->getItem('mosparoCleanupStartedAt');
$next = $pool->getItem('mosparoNextCleanup');
if ($next->get() === null) echo 'no schedule';
elseif ($next->get() > new DateTime()) echo 'in the future';
elseif ($started->get() !== null && $started->get() > (new DateTime())->sub(new DateInterval('PT5M'))) echo 'running';
else echo 'due';`

func TestCluster_AnotherNodeContinuesAfterAKill(t *testing.T) {
	if spec := os.Getenv("CLEANUP_NODE"); spec != "" {
		child(t, spec)
		return
	}
	php := servers.PHP(t, "redis")
	c := newRealCluster(t, sqliteFile(t))
	c.lease = 2 * time.Second
	first, second := c.start(), c.start()
	c.due()
	require.Equal(t, "due", php.Run(phpDecides, c.redis.Addr()))
	require.NoError(t, c.rdb.Set(t.Context(), "test:hold", "1", 0).Err())
	first.tryRun(t)
	require.Eventually(t, func() bool {
		n, err := c.rdb.Get(t.Context(), "test:runs").Int()
		return err == nil && n == 1
	}, 10*time.Second, 5*time.Millisecond, "the first node cleans")
	require.Equal(t, "running", php.Run(phpDecides, c.redis.Addr()), "the Go node keeps PHP out")
	require.NoError(t, first.cmd.Process.Kill())
	require.Equal(t, "running", php.Run(phpDecides, c.redis.Addr()), "a crashed run blocks PHP")
	require.NoError(t, c.rdb.Del(t.Context(), "test:hold").Err())

	killed := time.Now()
	require.Eventually(t, func() bool {
		second.tryRun(t)
		result, ok := second.line("RESULT")
		return ok && strings.HasPrefix(result, "completed")
	}, time.Minute, 10*time.Millisecond)
	require.Less(t, time.Since(killed), time.Minute, "as soon as the lease has expired, not after an interval")
	require.Equal(t, "in the future", php.Run(phpDecides, c.redis.Addr()))
	rows, err := c.db.Recent(t.Context(), 5)
	require.NoError(t, err)
	require.Len(t, rows, 2)
	require.Equal(t, cleanup.StatusComplete, rows[0].Status)
	require.Equal(t, cleanup.StatusIncomplete, rows[1].Status, "the row of the crashed node")
}

func TestCluster_APHPProcessKeepsGoNodesOut(t *testing.T) {
	if spec := os.Getenv("CLEANUP_NODE"); spec != "" {
		child(t, spec)
		return
	}
	php := servers.PHP(t, "redis", "igbinary")
	c := newRealCluster(t, sqliteFile(t))
	c.due()
	node := c.start()
	for _, igbinary := range []string{"true", "false"} {
		php.Run(`
			$marshaller = new Symfony\Component\Cache\Marshaller\DefaultMarshaller(`+igbinary+`);
			$pool = new Symfony\Component\Cache\Adapter\RedisAdapter(Symfony\Component\Cache\Adapter\RedisAdapter::createConnection('redis://' . $argv[1]), '', 0, $marshaller);
			$item = $pool->getItem('mosparoCleanupStartedAt');
			$pool->save($item->set(new DateTime('now', new DateTimeZone('America/New_York')))) or exit(1);`, c.redis.Addr())
		node.tryRun(t)
		result, ok := node.line("RESULT")
		require.True(t, ok)
		require.Equal(t, "already_running <nil>", result)
	}
	require.NoError(t, cleanup.CleanupStartedAt.SetNull(t.Context(), c.pool, 0))
	node.tryRun(t)
	result, ok := node.line("RESULT")
	require.True(t, ok)
	require.Equal(t, "completed <nil>", result)
}
