package page_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-sql-driver/mysql"
	"github.com/stretchr/testify/require"

	"github.com/mosparo/go-cluster/cache"
	"github.com/mosparo/go-cluster/cache/cachetest"
	"github.com/mosparo/go-cluster/cache/cachetest/servers"
	"github.com/mosparo/go-cluster/cleanup"
	"github.com/mosparo/go-cluster/cleanup/cleanuptest"
	"github.com/mosparo/go-cluster/cleanup/sqlcleaner"
	"github.com/mosparo/go-cluster/cleanup/sqlcleaner/schema"
	"github.com/mosparo/go-cluster/cssstore"
	"github.com/mosparo/go-cluster/envconfig"
	"github.com/mosparo/go-cluster/envconfig/connect"
	"github.com/mosparo/go-cluster/envconfig/connect/doctor"
	"github.com/mosparo/go-cluster/envconfig/connect/mysqlconnector"
	"github.com/mosparo/go-cluster/examples/node/page"
	"github.com/mosparo/go-cluster/lock/locktest"
	"github.com/mosparo/go-cluster/lock/memorylocker"
)

// stoppable is a real server.
type stoppable interface {
	Pause()
	Resume()
	Stop()
}

// Also what ignores its deadline does not keep an operator waiting.
func TestPage_AnswersWithin2SecondsWhateverHangs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, err := envconfig.FromEnviron(settings)
		require.NoError(t, err)
		shared, locks, db := cachetest.NewFake(), locktest.NewFaulty(memorylocker.New()), cleanuptest.NewFake()
		n, err := connect.Open(t.Context(), s, connect.WithCache(shared), connect.WithLock(locks), connect.WithDatabase(db), connect.WithProjects(hanging{}))
		require.NoError(t, err)
		defer n.Close()
		defer shared.Inject(cachetest.Fault{Delay: hangs})()
		locks.Delay(hangs)
		db.Fail = func(string) error { time.Sleep(hangs); return nil }
		p := page.New(n, page.WithExamination(func(context.Context) doctor.Report { time.Sleep(hangs); return doctor.Report{} }))
		for range 2 {
			began := time.Now()
			w := get(t.Context(), p, "/")
			require.Less(t, time.Since(began), 2*time.Second)
			require.Equal(t, http.StatusServiceUnavailable, w.Code)
			require.Contains(t, content(w), "What the cluster does is unknown.")
			time.Sleep(time.Minute)
		}
		time.Sleep(100 * hangs) // the reads end, of which one waits for several answers
	})
}

const hangs = time.Hour

// hanging are projects that do not come.
type hanging struct{}

func (hanging) Projects(context.Context) ([]cssstore.Project, error) {
	time.Sleep(hangs)
	return nil, nil
}

// An operator looks at the page when something is down. It answers, and says which server
// it is.
func TestPage_SaysWhichServerIsDown(t *testing.T) {
	const fine = "Next cleanup in 5"
	redis, locks, memcached, maria := servers.Redis(t), servers.Redis(t), servers.Memcached(t), servers.MariaDB(t)
	db, err := sql.Open("mysql", maria.DSN())
	require.NoError(t, err)
	require.NoError(t, schema.Create(t.Context(), db, sqlcleaner.MySQL))
	require.NoError(t, db.Close())

	// Locks may be on a server of their own.
	t.Run("locks", func(t *testing.T) {
		n := onServers(t, maria, []connect.Option{connect.WithLockURL("redis://" + locks.Addr())}, "MOSPARO_CACHE_ADAPTER=redis", "REDIS_URL=redis://"+redis.Addr())
		locks.Pause()
		p := page.New(n)
		var body string
		require.Eventually(t, func() bool { // the database may take longer than the page waits
			w := get(t.Context(), p, "/")
			body = content(w)
			return w.Code == http.StatusOK
		}, time.Minute, 50*time.Millisecond)
		require.Contains(t, body, ">The lock server does not answer</h2>")
		require.Contains(t, body, fine)
		require.Contains(t, body, "The locks cannot be read.")
	})
	for name, c := range map[string]struct {
		environ []string
		cache   stoppable
	}{
		"Redis":     {[]string{"MOSPARO_CACHE_ADAPTER=redis", "REDIS_URL=redis://" + redis.Addr()}, redis},
		"memcached": {[]string{"MOSPARO_CACHE_ADAPTER=memcached", "MEMCACHED_URL=memcached://" + memcached.Addr()}, memcached},
	} {
		t.Run(name, func(t *testing.T) {
			n := onServers(t, maria, nil, c.environ...)
			p := page.New(n)
			// says reads the page until it says something.
			says := func(want string, not ...string) {
				t.Helper()
				require.Eventually(t, func() bool {
					w := get(t.Context(), p, "/")
					if w.Code == http.StatusOK != (want == fine) || !strings.Contains(w.Body.String(), want) {
						return false
					}
					for _, text := range not {
						require.NotContains(t, w.Body.String(), text)
					}
					return true
				}, time.Minute, 50*time.Millisecond, want)
			}
			says(fine)
			c.cache.Pause()
			says(">The shared cache does not answer</h2>", "The database does")
			c.cache.Resume()
			says(fine)

			maria.Pause()
			says(">The database does not answer</h2>", "The shared cache does")
			c.cache.Pause()
			says("The shared cache does not answer")
			says("The database does not answer")
			c.cache.Resume()
			maria.Resume()
			says(fine)

			c.cache.Stop()
			says(">The shared cache cannot be reached</h2>")
		})
	}
}

// onServers returns a node on real servers.
func onServers(t *testing.T, maria *servers.MariaDBServer, opts []connect.Option, environ ...string) *connect.Node {
	t.Helper()
	s, err := envconfig.FromEnviron(append(append(environ, settings...),
		"database_driver=pdo_mysql", "database_host=127.0.0.1", "database_port="+strconv.Itoa(maria.Port()),
		"database_name="+servers.DatabaseName, "database_user="+servers.DatabaseUser, "database_password="+servers.DatabasePassword))
	require.NoError(t, err)
	n, err := connect.Open(t.Context(), s, append(opts, connect.WithMySQLTLS(mysql.RegisterTLSConfig))...)
	require.NoError(t, err)
	t.Cleanup(func() { _ = n.Close() }) // a server may be gone
	require.NoError(t, cleanup.NextCleanup.Set(t.Context(), cache.NewPool(n.Pool.Adapter()), time.Now().Add(time.Hour), 0))
	return n
}

// Errors of clients and drivers name servers and networks that a reader of the page need
// not know. They are in the log.
func TestPage_ShowsNoAddressesOfServers(t *testing.T) {
	const redis, database, resolver, client = "10.0.0.31:6379", "127.0.0.1:1", "10.0.0.53:53", "10.0.0.11"
	down := fmt.Errorf("%w: lookup cache.internal on %s: dial tcp %s: connect: connection refused", cache.ErrUnavailable, resolver, redis)
	faulty := cachetest.NewFake()
	c := newClusterWith(t, installed(t, "one"), connect.WithCache(faulty), connect.WithSchedulerOptions(
		cleanup.WithCheck(func(context.Context, cleanup.Snapshot) error {
			return errors.Join(fmt.Errorf("%w: the tables are not mosparo's", cleanup.ErrRefused), down)
		})))
	c.next(time.Hour)
	c.start()
	s, err := envconfig.FromEnviron(append([]string{"database_driver=pdo_mysql", "database_host=127.0.0.1", "database_port=1", "database_user=mosparo", "database_password=hunter2"}, settings...))
	require.NoError(t, err)
	log := &logged{}
	p := page.New(c.node, page.WithLogger(log.logger()), page.WithExamination(func(ctx context.Context) doctor.Report {
		r := doctor.Examine(ctx, s, doctor.WithMySQL(mysqlconnector.New))
		r.Findings = append(r.Findings, doctor.Finding{Code: "nodes_unreadable", Severity: doctor.Warning, Subject: "nodes", What: down.Error()},
			doctor.Finding{Code: "database_migrations", Severity: doctor.Error, Subject: "database", What: "the migrations of mosparo cannot be read\nSELECT command denied to user 'mosparo'@'" + client + "'"})
		return r
	}))
	require.Error(t, c.node.Scheduler.Check(t.Context()))
	var body string
	says := func(texts ...string) {
		t.Helper()
		require.Eventually(t, func() bool {
			body = content(get(t.Context(), p, "/"))
			for _, text := range texts {
				if !strings.Contains(body, text) {
					return false
				}
			}
			return true
		}, time.Minute, 20*time.Millisecond, "%q", texts)
		for _, address := range []string{redis, database, resolver, client, "cache.internal", "hunter2"} {
			require.NotContains(t, body, address)
		}
	}
	says("this node must not clean: the tables are not mosparo&#39;s.", "The database cannot be reached; the error is in the log of this node.",
		"The records of the other nodes cannot be read; the error is in the log of this node.", "the migrations of mosparo cannot be read")
	require.Contains(t, log.String(), database)
	require.Contains(t, log.String(), client)
	require.Contains(t, log.String(), redis)

	defer faulty.Fail(down)()
	says("The shared cache cannot be reached")
	faulty.Heal()
	defer faulty.Inject(cachetest.Fault{Match: func(_ cachetest.Op, keys []string) bool { return slices.Contains(keys, "mosparoGoPause") }, Err: down})()
	says("The state of the cleanup cannot be read")
	require.Equal(t, 1, strings.Count(log.String(), "cannot read a part"), log.String())
}
