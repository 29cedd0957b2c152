package sqlcleaner_test

import (
	"context"
	"database/sql"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-sql-driver/mysql"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mosparo/go-cluster/cache/cachetest/servers"
	"github.com/mosparo/go-cluster/cleanup"
	"github.com/mosparo/go-cluster/cleanup/sqlcleaner"
)

const provider = "/usr/lib/galera/libgalera_smm.so"

// galera starts two nodes of a Galera cluster, both empty.
func galera(t *testing.T) (first, second *database) {
	if testing.Short() {
		t.Skip("a cluster takes its time")
	}
	if _, err := os.Stat(provider); err != nil {
		servers.Missing(t, "Galera", "galera-4")
	}
	if _, err := exec.LookPath("rsync"); err != nil {
		servers.Missing(t, "rsync", "rsync")
	}
	port := func() int {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		require.NoError(t, err)
		defer l.Close()
		return l.Addr().(*net.TCPAddr).Port
	}
	node := func(group int, members string) *database {
		s := servers.MariaDB(t, "--wsrep-on=ON", "--wsrep-provider="+provider, "--wsrep-cluster-address=gcomm://"+members,
			"--wsrep-sst-method=rsync", fmt.Sprintf("--wsrep-sst-receive-address=127.0.0.1:%d", port()), "--wsrep-node-address=127.0.0.1", "--binlog-format=ROW", "--innodb-autoinc-lock-mode=2",
			fmt.Sprintf("--wsrep-provider-options=gmcast.listen_addr=tcp://127.0.0.1:%d;ist.recv_addr=127.0.0.1:%d;gcache.size=16M", group, port()))
		db := open(t, "mysql", s.DSN())
		t.Cleanup(func() { db.Close() })
		db.driver, db.dsn = "mysql", s.DSN()
		return db
	}
	group := port()
	first = node(group, "")
	second = node(port(), fmt.Sprintf("127.0.0.1:%d", group))
	require.Eventually(t, func() bool {
		var name, state string
		return second.QueryRow("SHOW STATUS LIKE 'wsrep_local_state_comment'").Scan(&name, &state) == nil && state == "Synced"
	}, time.Minute, 50*time.Millisecond)
	return first, second
}

// certificationFailures is how many transactions of a node were ended because
// another node had changed the same rows: when they were committed, or before.
func certificationFailures(d *database) (n int64) {
	d.t.Helper()
	rows, err := d.Query("SHOW GLOBAL STATUS WHERE variable_name IN ('wsrep_local_cert_failures', 'wsrep_local_bf_aborts')")
	require.NoError(d.t, err)
	defer rows.Close()
	for rows.Next() {
		var name string
		var value int64
		require.NoError(d.t, rows.Scan(&name, &value))
		n += value
	}
	require.NoError(d.t, rows.Err())
	return n
}

// spied is a MariaDB whose driver calls f before it sends a statement that
// begins with a text.
func spied(t *testing.T, d *database, text string, f func()) *sql.DB {
	t.Helper()
	config, err := mysql.ParseDSN(d.dsn)
	require.NoError(t, err)
	config.DialFunc = func(ctx context.Context, network, addr string) (net.Conn, error) {
		var dialer net.Dialer
		c, err := dialer.DialContext(ctx, network, addr)
		return spy{c, text, f}, err
	}
	connector, err := mysql.NewConnector(config)
	require.NoError(t, err)
	db := sql.OpenDB(connector)
	t.Cleanup(func() { db.Close() })
	return db
}

type spy struct {
	net.Conn
	text string
	f    func()
}

func (s spy) Write(b []byte) (int, error) {
	const header = 5 // length, number and command
	if len(b) > header && strings.HasPrefix(string(b[header:]), s.text) {
		s.f()
	}
	return s.Conn.Write(b)
}

func TestGalera(t *testing.T) {
	first, second := galera(t)
	seed(first)
	t.Run("sees a row that the other node has just committed", func(t *testing.T) {
		one, two := sqlcleaner.New(first.DB, sqlcleaner.MySQL), sqlcleaner.New(second.DB, sqlcleaner.MySQL)
		first.exec("CREATE TABLE ballast (id INT AUTO_INCREMENT PRIMARY KEY, x VARCHAR(500))")
		first.exec("INSERT INTO ballast (x) SELECT REPEAT('x', 500) FROM seq_1_to_20000")
		for range 3 {
			first.exec("UPDATE ballast SET x = CONCAT('y', SUBSTR(x, 1, 498))") // the other node is busy with it
			id, err := one.Begin(t.Context(), time.Now(), cleanup.ExecutorCommand)
			require.NoError(t, err)
			rows, err := two.Recent(t.Context(), 10)
			require.NoError(t, err)
			require.True(t, slices.ContainsFunc(rows, func(r cleanup.Run) bool { return r.ID == id }), "row %d", id)
		}
		require.Zero(t, second.number("SELECT @@wsrep_sync_wait"), "the connection went back as it came")
	})
	t.Run("tries again what the other node was faster with", func(t *testing.T) {
		first.empty()
		w := random(rand.New(rand.NewPCG(33, 34)), 300)
		now := time.Now().UTC()
		w.fill(first, now)
		// The other node writes all tokens while a transaction holds some of them. It
		// may have to apply earlier ones before.
		other, err := second.Conn(t.Context())
		require.NoError(t, err)
		defer other.Close()
		_, err = other.ExecContext(t.Context(), "SET wsrep_sync_wait = 3")
		require.NoError(t, err)
		var once sync.Once
		db := spied(t, first, "DELETE FROM submit_token", func() {
			once.Do(func() {
				_, err := other.ExecContext(t.Context(), "UPDATE submit_token SET page_title = 'seen'")
				assert.NoError(t, err)
			})
		})
		before := certificationFailures(first)
		report, err := sqlcleaner.New(db, sqlcleaner.MySQL).Clean(t.Context(), cleanup.Job{Policy: w.policy})
		require.NoError(t, err)
		require.True(t, report.Finished)
		require.Greater(t, certificationFailures(first), before)
		w.clean(now, sqlcleaner.MySQL)
		w.holds(first)
		require.EqualValues(t, len(w.tokens), first.number("SELECT COUNT(*) FROM submit_token WHERE page_title = 'seen'"))
	})
	t.Run("cleans on both nodes at the same time", func(t *testing.T) {
		first.empty()
		w := random(rand.New(rand.NewPCG(31, 32)), 1000)
		now := time.Now().UTC()
		w.fill(first, now)
		var all sync.WaitGroup
		for _, db := range []*database{first, second} {
			all.Go(func() {
				_, err := sqlcleaner.New(db.DB, sqlcleaner.MySQL).Clean(t.Context(), cleanup.Job{Policy: w.policy, Limits: cleanup.Limits{Rows: 100}})
				assert.NoError(t, err)
			})
		}
		all.Wait()
		exhaust(t, sqlcleaner.New(second.DB, sqlcleaner.MySQL), cleanup.Job{Policy: w.policy})
		w.exhaust(now, sqlcleaner.MySQL)
		w.holds(second)
	})
}
