package sqlcleaner_test

import (
	"context"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/mosparo/go-cluster/cache/cachetest/servers"
	"github.com/mosparo/go-cluster/cleanup"
	"github.com/mosparo/go-cluster/cleanup/sqlcleaner"
)

// ownServer is a database on a server of its own.
func ownServer(t *testing.T, driver, dsn string) (*database, *world, time.Time) {
	t.Helper()
	db := open(t, driver, dsn)
	t.Cleanup(func() { db.Close() })
	db.driver, db.dsn = driver, dsn
	seed(db)
	w := random(rand.New(rand.NewPCG(21, 22)), 800)
	now := time.Now().UTC()
	w.fill(db, now)
	return db, w, now
}

// after calls f once when a run has deleted some submissions.
func after(submissions int, f func()) sqlcleaner.Option {
	var once sync.Once
	return sqlcleaner.WithProgress(func(p sqlcleaner.Progress) {
		if p.Rows["submission"] >= submissions {
			once.Do(f)
		}
	})
}

func TestClean_ContinuesWhenTheServerIsBack(t *testing.T) {
	test := func(t *testing.T, driver, dsn string, p *servers.Process) {
		db, w, now := ownServer(t, driver, dsn)
		var back sync.WaitGroup
		d := sqlcleaner.New(db.DB, db.dialect, after(200, func() {
			p.Kill()
			back.Go(p.Restart)
		}), sqlcleaner.WithReconnect(time.Minute))
		report, err := d.Clean(t.Context(), cleanup.Job{Policy: w.policy, Limits: cleanup.Limits{Rows: 100}})
		back.Wait()
		require.NoError(t, err)
		require.True(t, report.Finished)
		w.clean(now, db.dialect)
		w.holds(db)
	}
	t.Run("MySQL", func(t *testing.T) {
		s := servers.MariaDB(t)
		test(t, "mysql", s.DSN(), s.Process)
	})
	t.Run("PostgreSQL", func(t *testing.T) {
		s := servers.PostgreSQL(t)
		test(t, "pgx", s.DSN(), s.Process)
	})
}

func TestClean_EndsWhenTheServerDoesNotComeBack(t *testing.T) {
	s := servers.PostgreSQL(t)
	db, w, _ := ownServer(t, "pgx", s.DSN())
	report, err := sqlcleaner.New(db.DB, db.dialect, after(100, s.Kill), sqlcleaner.WithReconnect(200*time.Millisecond)).
		Clean(t.Context(), cleanup.Job{Policy: w.policy, Limits: cleanup.Limits{Rows: 100}})
	require.Error(t, err)
	require.NotErrorIs(t, err, cleanup.ErrRefused)
	require.False(t, report.Finished)
	require.Positive(t, report.DeletedSubmissions)
}

func TestClean_StopsOnAReplicaAndContinuesOnceItIsPromoted(t *testing.T) {
	first := servers.PostgreSQL(t)
	_, w, now := ownServer(t, "pgx", first.DSN())
	second := first.Standby()
	// Both addresses, as a driver is told of a cluster.
	db := open(t, "pgx", strings.Replace(first.DSN(), first.Addr(), first.Addr()+","+second.Addr(), 1))
	defer db.Close()
	d := sqlcleaner.New(db.DB, db.dialect, after(200, first.Kill), sqlcleaner.WithReconnect(time.Minute))
	_, err := d.Clean(t.Context(), cleanup.Job{Policy: w.policy, Limits: cleanup.Limits{Rows: 100}})
	require.ErrorIs(t, err, cleanup.ErrRefused)
	require.ErrorContains(t, err, "read-only")
	require.ErrorIs(t, d.Check(t.Context(), cleanup.Policy{}, cleanup.Snapshot{}), cleanup.ErrRefused)

	db.exec("SELECT pg_promote()")
	require.NoError(t, d.Check(t.Context(), cleanup.Policy{}, cleanup.Snapshot{}))
	report, err := d.Clean(t.Context(), cleanup.Job{Policy: w.policy})
	require.NoError(t, err)
	require.True(t, report.Finished)
	w.clean(now, db.dialect)
	w.holds(db)
}

func TestClean_StopsWhenItsServerBecomesReadOnly(t *testing.T) {
	s := servers.MariaDB(t)
	admin, w, now := ownServer(t, "mysql", s.DSN())
	// One without the right to write all the same.
	admin.exec("CREATE USER node@'%' IDENTIFIED BY 'few-rights'")
	for _, g := range sqlcleaner.Grants(sqlcleaner.MySQL, "node@'%'") {
		admin.exec(g)
	}
	db := open(t, "mysql", s.DSNFor("node", "few-rights", servers.DatabaseName))
	defer db.Close()
	d := sqlcleaner.New(db.DB, db.dialect, after(200, func() { admin.exec("SET GLOBAL read_only = ON") }))
	report, err := d.Clean(t.Context(), cleanup.Job{Policy: w.policy, Limits: cleanup.Limits{Rows: 100}})
	require.ErrorIs(t, err, cleanup.ErrRefused)
	require.False(t, report.Finished)
	admin.exec("SET GLOBAL read_only = OFF")
	report, err = d.Clean(t.Context(), cleanup.Job{Policy: w.policy})
	require.NoError(t, err)
	require.True(t, report.Finished)
	w.clean(now, db.dialect)
	w.holds(admin)
}

// Such a server takes no writes with the isolation that is asked for first. One
// connection is all there is, too.
func TestClean_GoesWithABinaryLogOfStatements(t *testing.T) {
	s := servers.MariaDB(t, "--log-bin=log", "--server-id=1", "--binlog-format=STATEMENT")
	db, w, now := ownServer(t, "mysql", s.DSN())
	db.SetMaxOpenConns(1)
	d := sqlcleaner.New(db.DB, db.dialect)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	require.NoError(t, d.Check(ctx, cleanup.Policy{}, cleanup.Snapshot{}))
	_, err := d.DryRun(ctx, w.policy)
	require.NoError(t, err)
	report, err := d.Clean(ctx, cleanup.Job{Policy: w.policy, Limits: cleanup.Limits{Between: func(ctx context.Context) error {
		_, err := d.Recent(ctx, 5)
		return err
	}}})
	require.NoError(t, err)
	require.True(t, report.Finished)
	w.clean(now, db.dialect)
	w.holds(db)
	require.EqualValues(t, 50, db.number("SELECT @@innodb_lock_wait_timeout"), "the connection went back as it came")
}
