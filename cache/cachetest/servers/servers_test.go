package servers_test

import (
	"bufio"
	"context"
	"database/sql"
	"fmt"
	"net"
	"os"
	osexec "os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	_ "github.com/go-sql-driver/mysql"
	_ "github.com/jackc/pgx/v5/stdlib"
	"github.com/stretchr/testify/require"

	"github.com/mosparo/go-cluster/cache/cachetest/servers"
)

func answers(t *testing.T, addr, question, answer string) {
	t.Helper()
	c, err := net.Dial("tcp", addr)
	require.NoError(t, err)
	defer c.Close()
	_, err = fmt.Fprintf(c, "%s\r\n", question)
	require.NoError(t, err)
	line, err := bufio.NewReader(c).ReadString('\n')
	require.NoError(t, err)
	require.True(t, strings.HasPrefix(line, answer), line)
}

func TestServers_Answer(t *testing.T) {
	t.Parallel()
	answers(t, servers.Redis(t).Addr(), "PING", "+PONG")
	answers(t, servers.Memcached(t).Addr(), "version", "VERSION")
	answers(t, servers.TwemproxyMemcached(t, servers.Memcached(t).Addr(), servers.Memcached(t).Addr()).Addr(), "version", "VERSION")
	answers(t, servers.TwemproxyRedis(t, servers.Redis(t).Addr()).Addr(), "*1\r\n$4\r\nPING", "+PONG")
	require.Equal(t, "3", servers.PHP(t).Run(`echo $argv[1] + 1;`, "2"))
}

// Symfony resolves references after all files are read since 6.4.35.
func TestPHP_HasTheSymfonyOfMosparo(t *testing.T) {
	file := filepath.Join(t.TempDir(), ".env")
	require.NoError(t, os.WriteFile(file, []byte("A=${B:-early}\nB=late\n"), 0o600))
	a := servers.PHP(t).Run(`(new Symfony\Component\Dotenv\Dotenv)->load($argv[1]); echo $_ENV["A"];`, file)
	require.Equal(t, "late", a)
}

// skipped is a test that notes why it was skipped.
type skipped struct {
	testing.TB
	why string
}

func (s *skipped) Skipf(format string, args ...any) {
	s.why = fmt.Sprintf(format, args...)
	s.SkipNow()
}

func TestPHP_SkipsWithoutTheUnpackedSymfony(t *testing.T) {
	servers.PHP(t)
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	t.Setenv("MOSPARO_TEST_REQUIRE", "")
	var inner skipped
	t.Run("inner", func(t *testing.T) {
		inner.TB = t
		servers.PHP(&inner)
	})
	require.Contains(t, inner.why, "skipped: needs Symfony 6.4")
}

func TestDatabases_LetTheirUserIn(t *testing.T) {
	t.Parallel()
	t.Run("MariaDB", func(t *testing.T) {
		t.Parallel()
		m := servers.MariaDB(t)
		db := opened(t, "mysql", m.DSN())
		exec(t, db, "CREATE TABLE t (id INT)")
		exec(t, db, "INSERT INTO t VALUES (1)")
		m.Kill()
		_, err := db.Exec("INSERT INTO t VALUES (2)")
		require.Error(t, err)
		m.Restart()
		require.Equal(t, 1, number(t, db, "SELECT COUNT(*) FROM t"), "committed, so it is there after a power cut")
		require.Error(t, opened(t, "mysql", m.DSNFor(servers.DatabaseUser, "wrong", servers.DatabaseName)).Ping())
	})
	t.Run("PostgreSQL", func(t *testing.T) {
		t.Parallel()
		p := servers.PostgreSQL(t)
		t.Run("while it is paused", func(t *testing.T) { isSilentWhilePaused(t, p) })
		t.Run("PgBouncer", func(t *testing.T) {
			db := opened(t, "pgx", servers.PgBouncer(t, p).DSN())
			require.Equal(t, 1, number(t, db, "SELECT 1"))
		})
		db := opened(t, "pgx", p.DSN())
		exec(t, db, "CREATE TABLE t (id INT)")
		exec(t, db, "INSERT INTO t VALUES (1)")
		p.Kill()
		_, err := db.Exec("INSERT INTO t VALUES (2)")
		require.Error(t, err)
		p.Restart()
		require.Equal(t, 1, number(t, db, "SELECT COUNT(*) FROM t"), "committed, so it is there after a power cut")
		require.Error(t, opened(t, "pgx", p.DSNFor(servers.DatabaseUser, "wrong", servers.DatabaseName)).Ping())
	})
}

func TestStandby_FollowsUntilItIsPromoted(t *testing.T) {
	t.Parallel()
	p := servers.PostgreSQL(t)
	db := opened(t, "pgx", p.DSN())
	exec(t, db, "CREATE TABLE t (id INT)")
	s := p.Standby()
	second := opened(t, "pgx", s.DSN())
	exec(t, db, "INSERT INTO t VALUES (1)")
	require.Eventually(t, func() bool { return number(t, second, "SELECT COUNT(*) FROM t") == 1 }, 30*time.Second, 10*time.Millisecond)
	_, err := second.Exec("INSERT INTO t VALUES (2)")
	require.ErrorContains(t, err, "read-only")
	p.Kill()
	exec(t, second, "SELECT pg_promote()")
	exec(t, second, "INSERT INTO t VALUES (2)")
}

func isSilentWhilePaused(t *testing.T, p *servers.PostgreSQLServer) {
	db := opened(t, "pgx", p.DSN())
	db.SetMaxOpenConns(1)
	require.NoError(t, db.Ping())
	p.Pause()
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	_, err := db.ExecContext(ctx, "SELECT 1")
	require.ErrorIs(t, err, context.DeadlineExceeded, "the session's own process is stopped, too")
	p.Resume()
	require.Equal(t, 1, number(t, db, "SELECT 1"))
}

func opened(t *testing.T, driver, dsn string) *sql.DB {
	t.Helper()
	db, err := sql.Open(driver, dsn)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	return db
}

func exec(t *testing.T, db *sql.DB, query string) {
	t.Helper()
	_, err := db.Exec(query)
	require.NoError(t, err)
}

func number(t *testing.T, db *sql.DB, query string) (n int) {
	t.Helper()
	require.NoError(t, db.QueryRow(query).Scan(&n))
	return n
}

func TestProcess_ComesBackOnItsPort(t *testing.T) {
	r := servers.Redis(t, "--appendonly", "yes", "--appendfsync", "always")
	answers(t, r.Addr(), "SET k v", "+OK")
	r.Kill()
	_, err := net.Dial("tcp", r.Addr())
	require.Error(t, err)
	r.Restart()
	answers(t, r.Addr(), "EXISTS k", ":1")
}

func TestProcess_IsSilentWhilePaused(t *testing.T) {
	r := servers.Redis(t)
	r.Pause()
	c, err := net.Dial("tcp", r.Addr())
	require.NoError(t, err)
	defer c.Close()
	fmt.Fprint(c, "PING\r\n")
	require.NoError(t, c.SetReadDeadline(time.Now().Add(100*time.Millisecond)))
	_, err = c.Read(make([]byte, 1))
	require.ErrorIs(t, err, os.ErrDeadlineExceeded)
	r.Resume()
	require.NoError(t, c.SetReadDeadline(time.Now().Add(10*time.Second)))
	_, err = c.Read(make([]byte, 1))
	require.NoError(t, err)
}

// started is what the killed test starts, by the name that the child gets.
var started = map[string]func(t *testing.T) *servers.Process{
	"redis":      func(t *testing.T) *servers.Process { return servers.Redis(t).Process },
	"mariadb":    func(t *testing.T) *servers.Process { return servers.MariaDB(t).Process },
	"postgresql": func(t *testing.T) *servers.Process { return servers.PostgreSQL(t).Process },
}

// The child is this test binary; it is killed in the middle of a test.
func TestServers_EndWithATestThatIsKilled(t *testing.T) {
	if name := os.Getenv("SERVERS_CHILD"); name != "" {
		p := started[name](t)
		fmt.Printf("ADDR %s %s\n", p.Addr(), p.Dir())
		time.Sleep(time.Minute)
		return
	}
	for name := range started {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			endsWithItsTest(t, name)
		})
	}
}

func endsWithItsTest(t *testing.T, name string) {
	cmd := osexec.Command(os.Args[0], "-test.run=^TestServers_EndWithATestThatIsKilled$", "-test.v")
	cmd.Env = append(os.Environ(), "SERVERS_CHILD="+name)
	out, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	var addr, dir, said string
	for lines := bufio.NewScanner(out); addr == "" && lines.Scan(); {
		said += lines.Text() + "\n"
		_, _ = fmt.Sscanf(lines.Text(), "ADDR %s %s", &addr, &dir)
		if _, why, ok := strings.Cut(lines.Text(), "skipped: needs"); ok {
			t.Skip("skipped: needs" + why)
		}
	}
	require.NotEmpty(t, addr, said)
	require.NoError(t, cmd.Process.Kill())
	_ = cmd.Wait()
	require.Eventually(t, func() bool {
		c, err := net.Dial("tcp", addr)
		if err == nil {
			c.Close()
			return false
		}
		_, err = os.Stat(dir)
		return os.IsNotExist(err)
	}, 30*time.Second, 10*time.Millisecond)
}
