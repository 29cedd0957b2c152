package sqlcleaner_test

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/mosparo/go-cluster/cache"
	"github.com/mosparo/go-cluster/cache/cachetest/servers"
	"github.com/mosparo/go-cluster/cache/memoryadapter"
	"github.com/mosparo/go-cluster/cleanup"
	"github.com/mosparo/go-cluster/cleanup/sqlcleaner"
	"github.com/mosparo/go-cluster/lock"
	"github.com/mosparo/go-cluster/lock/memorylocker"
)

func TestCheck_RefusesUnknownTables(t *testing.T) {
	onEach(t, func(t *testing.T, db *database) {
		check := func() error {
			return sqlcleaner.New(db.DB, db.dialect).Check(t.Context(), cleanup.Policy{}, cleanup.Snapshot{})
		}
		refuses := func(words, do, undo string) {
			t.Helper()
			require.NoError(t, check())
			db.exec(do)
			err := check()
			require.ErrorIs(t, err, cleanup.ErrRefused)
			require.ErrorContains(t, err, words)
			db.exec(undo)
			require.NoError(t, check())
		}
		refuses("submission.score", "ALTER TABLE submission ADD score INT", "ALTER TABLE submission DROP COLUMN score")
		refuses("column duration is missing", `ALTER TABLE "delay" DROP COLUMN duration`, `ALTER TABLE "delay" ADD duration INT DEFAULT 0 NOT NULL`)
		refuses("attachment.of_submission → submission",
			"CREATE TABLE attachment (id INT, of_submission INT, CONSTRAINT of_s FOREIGN KEY (of_submission) REFERENCES submission (id) ON DELETE CASCADE)", "DROP TABLE attachment")
		if db.dialect != sqlcleaner.SQLite { // no key can be dropped there
			drop := map[sqlcleaner.Dialect]string{sqlcleaner.MySQL: "FOREIGN KEY", sqlcleaner.PostgreSQL: "CONSTRAINT"}[db.dialect]
			key := "ALTER TABLE submit_token DROP " + drop + " fk_submit_token_last_submission_id"
			add := "ALTER TABLE submit_token ADD CONSTRAINT fk_submit_token_last_submission_id FOREIGN KEY (last_submission_id) REFERENCES submission (id)"
			refuses("submit_token.last_submission_id → submission of mosparo 1.5 is missing", key, add)
			if db.dialect == sqlcleaner.MySQL {
				off := open(t, db.driver, db.dsn+"&foreign_key_checks=0").DB
				defer off.Close()
				require.ErrorContains(t, sqlcleaner.New(off, db.dialect).Check(t.Context(), cleanup.Policy{}, cleanup.Snapshot{}), "foreign_key_checks")
			}
			db.exec(key)
			db.exec(add + " ON DELETE CASCADE")
			err := check()
			require.ErrorIs(t, err, cleanup.ErrRefused)
			require.ErrorContains(t, err, "submit_token.last_submission_id → submission ON DELETE CASCADE")
			db.exec(key)
			db.exec(add)
		}
		refuses("Version20990101000000",
			"INSERT INTO doctrine_migration_versions (version) VALUES ('Version20990101000000')", "DELETE FROM doctrine_migration_versions WHERE version = 'Version20990101000000'")
		refuses("20260406155235", "UPDATE doctrine_migration_versions SET executed_at = NULL, version = REPLACE(version, '155235', '155235x') WHERE version LIKE '%20260406155235'",
			"UPDATE doctrine_migration_versions SET version = REPLACE(version, '155235x', '155235')")
		refuses("migrations", "ALTER TABLE doctrine_migration_versions RENAME TO gone", "ALTER TABLE gone RENAME TO doctrine_migration_versions")
		db.exec("DROP TABLE lockout")
		require.ErrorContains(t, check(), "lockout")
	})
}

func TestCheck_RefusesAServerThatAcceptsNoWrites(t *testing.T) {
	// Servers of its own: the setting is that of the whole server.
	maria := servers.MariaDB(t, "--read-only")
	db := open(t, "mysql", maria.DSN())
	defer db.Close()
	d := sqlcleaner.New(db.DB, sqlcleaner.MySQL)
	seed(db)
	err := d.Check(t.Context(), cleanup.Policy{}, cleanup.Snapshot{})
	require.ErrorIs(t, err, cleanup.ErrRefused)
	require.ErrorContains(t, err, "read-only")
	db.exec("SET GLOBAL read_only = OFF")
	require.NoError(t, d.Check(t.Context(), cleanup.Policy{}, cleanup.Snapshot{}))
}

// A node whose clock is a month ahead would delete everything.
func TestCheck_RefusesAnotherClock(t *testing.T) {
	db := create(t, sqlcleaner.MySQL)
	for hours, ok := range map[time.Duration]bool{-30 * 24: false, 1: false, 0: true} {
		server := open(t, db.driver, fmt.Sprintf("%s?timestamp=%d", db.dsn, time.Now().Add(hours*time.Hour).Unix()))
		err := sqlcleaner.New(server.DB, db.dialect).Check(t.Context(), cleanup.Policy{}, cleanup.Snapshot{})
		if ok {
			require.NoError(t, err)
		} else {
			require.ErrorIs(t, err, cleanup.ErrRefused)
			require.ErrorContains(t, err, "clock")
		}
		require.NoError(t, server.Close())
	}
}

func zone(t *testing.T, name string) *time.Location {
	t.Helper()
	loc, err := time.LoadLocation(name)
	require.NoError(t, err)
	return loc
}

func TestCheck_RefusesAnotherZone(t *testing.T) {
	zurich, berlin, tokyo := zone(t, "Europe/Zurich"), zone(t, "Europe/Berlin"), zone(t, "Asia/Tokyo")
	now := time.Now()
	in := func(loc *time.Location) *time.Time { at := now.In(loc); return &at }
	onEach(t, func(t *testing.T, db *database) {
		check := func(loc *time.Location, s cleanup.Snapshot) error {
			return sqlcleaner.New(db.DB, db.dialect, sqlcleaner.WithZone(loc)).Check(t.Context(), cleanup.Policy{}, s)
		}
		refused := func(err error, words ...string) {
			t.Helper()
			require.ErrorIs(t, err, cleanup.ErrRefused)
			for _, w := range words {
				require.ErrorContains(t, err, w)
			}
		}
		refused(check(time.UTC, cleanup.Snapshot{Started: in(zurich)}), "Europe/Zurich", "UTC")
		refused(check(tokyo, cleanup.Snapshot{Next: in(zurich)}), "Europe/Zurich", "Asia/Tokyo")
		require.NoError(t, check(zurich, cleanup.Snapshot{Started: in(zurich)}))
		require.NoError(t, check(berlin, cleanup.Snapshot{Started: in(zurich)}), "the same clock under another name")
		require.NoError(t, check(tokyo, cleanup.Snapshot{Next: in(time.FixedZone("+09:00", 9*3600))}))
		refused(check(tokyo, cleanup.Snapshot{Next: in(time.FixedZone("+08:00", 8*3600))}), "+08:00")
		refused(check(tokyo, cleanup.Snapshot{Next: in(time.FixedZone("Asia/Nowhere", 9*3600))}), "Asia/Nowhere", "time/tzdata")

		// A row that PHP wrote in Tokyo's time lies ahead of UTC, not of Tokyo.
		db.exec("INSERT INTO project (id) VALUES (1)")
		db.exec("INSERT INTO submit_token (id, project_id, token, created_at) VALUES (1, 1, 't', ?)", now.In(tokyo).Format(time.DateTime))
		refused(check(time.UTC, cleanup.Snapshot{}), "submit_token.created_at", "UTC")
		require.NoError(t, check(tokyo, cleanup.Snapshot{}))
		db.exec("UPDATE submit_token SET created_at = ?", now.UTC().Add(4*time.Minute).Format(time.DateTime))
		require.NoError(t, check(time.UTC, cleanup.Snapshot{}), "clocks differ a little")
		db.exec("DELETE FROM submit_token")

		// A run that PHP noted in UTC, six hours before the next one.
		db.exec(`INSERT INTO cleanup_statistic (date_time, cleanup_executor, number_of_stored_submit_tokens, number_of_deleted_submit_tokens,
			number_of_stored_submissions, number_of_deleted_submissions, execution_time, cleanup_status) VALUES (?, 1, 0, 0, 0, 0, 2.5, 2)`,
			now.UTC().Add(-time.Hour).Format(time.DateTime))
		next := now.UTC().Add(5 * time.Hour)
		require.NoError(t, check(time.UTC, cleanup.Snapshot{Next: &next}))
		refused(check(tokyo, cleanup.Snapshot{Next: &next}), "UTC", "Asia/Tokyo")
		next = next.Add(3 * time.Hour)
		require.NoError(t, check(tokyo, cleanup.Snapshot{Next: &next}), "another interval says nothing of zones")
	})
}

func TestCheck_RefusesAnotherZoneThanThatOfTheLastGoNode(t *testing.T) {
	onEach(t, func(t *testing.T, db *database) {
		pool, locks := cache.NewPool(memoryadapter.New()), memorylocker.New()
		with := func(loc *time.Location, do func(*cleanup.Scheduler) error) error {
			locker := lock.New(locks)
			defer locker.Close()
			return do(cleanup.New(pool, locker, sqlcleaner.New(db.DB, db.dialect, sqlcleaner.WithZone(loc)),
				cleanup.WithMode(cleanup.ModeClean), cleanup.WithGuard(time.Millisecond)))
		}
		run := func(loc *time.Location) error {
			return with(loc, func(s *cleanup.Scheduler) error {
				_, err := s.TryRun(t.Context(), cleanup.ExecutorCommand)
				return err
			})
		}
		check := func(loc *time.Location) error {
			return with(loc, func(s *cleanup.Scheduler) error { return s.Check(t.Context()) })
		}
		newYork := zone(t, "America/New_York")
		db.exec("INSERT INTO project (id) VALUES (1)")
		db.exec("INSERT INTO submit_token (id, project_id, token, created_at) VALUES (1, 1, 't', ?)", time.Now().Add(-20*time.Hour).In(newYork).Format(time.DateTime))
		require.NoError(t, run(newYork))
		err := run(time.UTC) // four or five hours ahead: the token seems to be older than a day
		require.ErrorIs(t, err, cleanup.ErrRefused)
		require.ErrorContains(t, err, "time zone UTC")
		require.Equal(t, []int64{1}, db.ids("submit_token"))
		require.NoError(t, run(newYork))

		// The ids belong to other runs when a backup has been restored.
		db.exec("UPDATE cleanup_statistic SET date_time = ?", time.Now().Add(-26*time.Hour-time.Minute).In(newYork).Format(time.DateTime))
		require.NoError(t, run(newYork))

		// It was New York that was wrong: PHP's next cleanup shows that.
		require.ErrorContains(t, check(time.UTC), "wait for a cleanup of a PHP node")
		db.exec(`INSERT INTO cleanup_statistic (date_time, cleanup_executor, number_of_stored_submit_tokens, number_of_deleted_submit_tokens,
			number_of_stored_submissions, number_of_deleted_submissions, execution_time, cleanup_status) VALUES (?, 1, 0, 0, 0, 0, 0, 2)`, time.Now().UTC().Format(time.DateTime))
		require.NoError(t, check(time.UTC))
	})
}

func TestGrants_AreEnough(t *testing.T) {
	for _, dialect := range []sqlcleaner.Dialect{sqlcleaner.MySQL, sqlcleaner.PostgreSQL} {
		t.Run(dialect.String(), func(t *testing.T) {
			db := create(t, dialect)
			w := random(rand.New(rand.NewPCG(5, 6)), 300)
			now := time.Now().UTC()
			w.fill(db, now)
			name := fmt.Sprintf("node_%d", databases.Add(1))
			user, password := "'"+name+"'@'%'", "IDENTIFIED BY"
			if dialect == sqlcleaner.PostgreSQL {
				user, password = name, "PASSWORD"
			}
			db.exec("CREATE USER " + user + " " + password + " 'few-rights'")
			defer db.exec("DROP USER " + user)
			for _, g := range sqlcleaner.Grants(dialect, user) {
				db.exec(g)
			}
			if dialect == sqlcleaner.PostgreSQL {
				defer db.exec("DROP OWNED BY " + user)
			}
			node := open(t, db.driver, as(db, name, "few-rights"))
			defer node.Close()
			_, err := node.Exec("UPDATE submit_token SET token = 'x'")
			require.Error(t, err)
			_, err = node.Exec("UPDATE submission SET spam = NULL")
			require.Error(t, err)

			d := sqlcleaner.New(node.DB, dialect)
			require.NoError(t, d.Ping(t.Context()))
			require.NoError(t, d.Check(t.Context(), cleanup.Policy{}, cleanup.Snapshot{}))
			id, err := d.Begin(t.Context(), now, cleanup.ExecutorCommand)
			require.NoError(t, err)
			require.NoError(t, d.Touch(t.Context(), id, now))
			_, err = d.DryRun(t.Context(), w.policy)
			require.NoError(t, err)
			_, err = d.Clean(t.Context(), cleanup.Job{Policy: w.policy})
			require.NoError(t, err)
			require.NoError(t, d.Finish(t.Context(), cleanup.Run{ID: id, Time: now, Status: cleanup.StatusComplete}))
			id, err = d.Begin(t.Context(), now, cleanup.ExecutorCommand)
			require.NoError(t, err)
			require.NoError(t, d.Withdraw(t.Context(), id))
			w.clean(now, dialect)
			w.holds(db)
		})
	}
}

func TestStatistics_ChangeOnlyRowsOfUnknownStatus(t *testing.T) {
	zurich := zone(t, "Europe/Zurich")
	onEach(t, func(t *testing.T, db *database) {
		d := sqlcleaner.New(db.DB, db.dialect, sqlcleaner.WithZone(zurich))
		at := time.Date(2026, 7, 1, 10, 0, 0, 0, time.UTC)
		id, err := d.Begin(t.Context(), at, cleanup.ExecutorFrontendAPI)
		require.NoError(t, err)
		require.EqualValues(t, 1, db.number("SELECT COUNT(*) FROM cleanup_statistic WHERE date_time = '2026-07-01 12:00:00'"))

		require.NoError(t, d.Touch(t.Context(), id, at.Add(time.Minute)))
		rows, err := d.Recent(t.Context(), 5)
		require.NoError(t, err)
		require.Len(t, rows, 1)
		require.True(t, rows[0].Time.Equal(at.Add(time.Minute)))
		require.Equal(t, cleanup.StatusUnknown, rows[0].Status)

		require.NoError(t, d.Finish(t.Context(), cleanup.Run{ID: id, Time: at, Status: cleanup.StatusComplete, Duration: 1500 * time.Millisecond}))
		require.ErrorIs(t, d.Finish(t.Context(), cleanup.Run{ID: id, Time: at, Status: cleanup.StatusIncomplete}), cleanup.ErrNoRun)
		require.NoError(t, d.Touch(t.Context(), id, at.Add(time.Hour)))
		require.NoError(t, d.Withdraw(t.Context(), id))
		rows, err = d.Recent(t.Context(), 5)
		require.NoError(t, err)
		require.Len(t, rows, 1)
		require.Equal(t, cleanup.StatusComplete, rows[0].Status)
		require.True(t, rows[0].Time.Equal(at))
		require.Equal(t, 1500*time.Millisecond, rows[0].Duration)
	})
}
