package sqlcleaner_test

import (
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"slices"
	"sync"
	"testing"
	"time"

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

func TestGalera(t *testing.T) {
	first, second := galera(t)
	seed(first)
	t.Run("sees a row that the other node has just committed", func(t *testing.T) {
		one, two := sqlcleaner.New(first.DB, sqlcleaner.MySQL, cleanup.Policy{}), sqlcleaner.New(second.DB, sqlcleaner.MySQL, cleanup.Policy{})
		first.exec("CREATE TABLE ballast (id INT AUTO_INCREMENT PRIMARY KEY, x VARCHAR(500))")
		first.exec("INSERT INTO ballast (x) SELECT REPEAT('x', 500) FROM seq_1_to_20000")
		for range 3 {
			first.exec("UPDATE ballast SET x = CONCAT('y', SUBSTR(x, 1, 498))") // the other node is busy with it
			id, err := one.Begin(t.Context(), time.Now(), cleanup.ExecutorCommand)
			require.NoError(t, err)
			rows, err := two.Recent(t.Context(), 10)
			require.NoError(t, err)
			require.True(t, slices.ContainsFunc(rows, func(r cleanup.Row) bool { return r.ID == id }), "row %d", id)
		}
		require.Zero(t, second.number("SELECT @@wsrep_sync_wait"), "the connection went back as it came")
	})
	t.Run("cleans on both nodes at once", func(t *testing.T) {
		first.empty()
		w := random(rand.New(rand.NewPCG(31, 32)), 1000)
		now := time.Now().UTC()
		w.fill(first, now)
		var all sync.WaitGroup
		for _, db := range []*database{first, second} {
			all.Go(func() {
				_, err := sqlcleaner.New(db.DB, sqlcleaner.MySQL, w.policy).Clean(t.Context(), cleanup.Limits{Rows: 100})
				assert.NoError(t, err)
			})
		}
		all.Wait()
		exhaust(t, sqlcleaner.New(second.DB, sqlcleaner.MySQL, w.policy), cleanup.Limits{})
		w.exhaust(now, sqlcleaner.MySQL)
		w.holds(second)
	})
}
