package sqlcleaner_test

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/mosparo/go-cluster/cache/cachetest/servers"
	"github.com/mosparo/go-cluster/cleanup"
	"github.com/mosparo/go-cluster/cleanup/sqlcleaner"
)

// crowd connects to a server. While others are to come, they take all the
// connections that the server has left, before one is asked for here.
type crowd struct {
	driver.Connector
	mu       sync.Mutex
	toCome   int
	refusals []error
}

func (c *crowd) Connect(ctx context.Context) (driver.Conn, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.toCome == 0 {
		return c.Connector.Connect(ctx)
	}
	c.toCome--
	for {
		conn, err := c.Connector.Connect(ctx)
		if err != nil {
			c.refusals = append(c.refusals, err)
			return nil, err
		}
		defer conn.Close()
	}
}

// come lets others take all connections for the next n times.
func (c *crowd) come(n int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.toCome = n
}

// A server that has too many clients for a moment has neither gone away nor
// refused anything for good.
func TestClean_WaitsWhileTheServerAcceptsNoMoreClients(t *testing.T) {
	test := func(t *testing.T, admin *database, dsn, says string) {
		admin.empty()
		w := random(rand.New(rand.NewPCG(41, 42)), 60)
		now := time.Now().UTC()
		w.fill(admin, now)
		opener, ok := admin.Driver().(driver.DriverContext)
		require.True(t, ok)
		connector, err := opener.OpenConnector(dsn)
		require.NoError(t, err)
		c := &crowd{Connector: connector}
		db := sql.OpenDB(c)
		defer db.Close()
		db.SetMaxIdleConns(-1) // a run connects for every transaction
		d := sqlcleaner.New(db, admin.dialect, after(50, func() { c.come(3) }), sqlcleaner.WithReconnect(time.Minute))

		report, err := d.Clean(t.Context(), cleanup.Job{Policy: w.policy, Limits: cleanup.Limits{Rows: 50}})
		require.NoError(t, err)
		require.True(t, report.Finished)
		require.Len(t, c.refusals, 3)
		for _, err := range c.refusals {
			require.ErrorContains(t, err, says)
		}
		w.clean(now, admin.dialect)
		w.holds(admin)
	}
	t.Run("MySQL", func(t *testing.T) {
		s := servers.MariaDB(t, "--max-connections=10", "--max-user-connections=100") // 0 could not be changed
		db := open(t, "mysql", s.DSN())
		defer db.Close()
		seed(db)
		test(t, db, s.DSN(), "Error 1040")
		// These limits are not for one who may do everything.
		db.exec("CREATE USER node@'%' IDENTIFIED BY 'few-rights'")
		for _, g := range sqlcleaner.Grants(sqlcleaner.MySQL, "node@'%'") {
			db.exec(g)
		}
		node := s.DSNFor("node", "few-rights", servers.DatabaseName)
		db.exec("SET GLOBAL max_user_connections = 3")
		test(t, db, node, "Error 1203")
		db.exec("ALTER USER node@'%' WITH MAX_USER_CONNECTIONS 3")
		test(t, db, node, "Error 1226")
	})
	t.Run("PostgreSQL", func(t *testing.T) {
		s := servers.PostgreSQL(t, "-c", "max_connections=8")
		db := open(t, "pgx", s.DSN())
		defer db.Close()
		seed(db)
		test(t, db, s.DSN(), "53300")
	})
}
