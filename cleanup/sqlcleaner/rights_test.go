package sqlcleaner_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/mosparo/go-cluster/cleanup"
	"github.com/mosparo/go-cluster/cleanup/sqlcleaner"
)

// reader makes a user who may only read, under a name that has to be quoted, and
// a client of that user.
func reader(t *testing.T, db *database) (node *database, user string) {
	t.Helper()
	name := fmt.Sprintf("node-%d", databases.Add(1))
	user, password, all := "'"+name+"'@'%'", "IDENTIFIED BY", []string{"GRANT SELECT ON *.* TO '" + name + "'@'%'"}
	if db.dialect == sqlcleaner.PostgreSQL {
		user, password, all = `"`+name+`"`, "PASSWORD", []string{`GRANT SELECT ON ALL TABLES IN SCHEMA public TO "` + name + `"`}
	}
	// Quoted names stay as they are.
	_, err := db.Exec("CREATE USER " + user + " " + password + " 'few-rights'")
	require.NoError(t, err)
	t.Cleanup(func() {
		if db.dialect == sqlcleaner.PostgreSQL {
			_, err := db.Exec("DROP OWNED BY " + user)
			require.NoError(t, err)
		}
		_, err := db.Exec("DROP USER " + user)
		require.NoError(t, err)
	})
	for _, g := range all {
		_, err := db.Exec(g)
		require.NoError(t, err)
	}
	node = open(t, db.driver, as(db, name, "few-rights"))
	t.Cleanup(func() { node.Close() })
	return node, user
}

func TestCheckRights_NamesTheGrantsThatAreMissing(t *testing.T) {
	for _, dialect := range []sqlcleaner.Dialect{sqlcleaner.MySQL, sqlcleaner.PostgreSQL} {
		t.Run(dialect.String(), func(t *testing.T) {
			db := create(t, dialect)
			node, user := reader(t, db)
			// Neither keeps the check from saying it.
			db.exec("DROP TABLE doctrine_migration_versions")
			d := sqlcleaner.New(node.DB, dialect, sqlcleaner.WithZone(zone(t, "Asia/Tokyo")))
			started := time.Now().In(zone(t, "Europe/Zurich"))

			var lacks *sqlcleaner.RightsError
			err := d.Check(t.Context(), cleanup.Policy{}, cleanup.Snapshot{Started: &started})
			require.ErrorIs(t, err, cleanup.ErrRefused)
			require.ErrorAs(t, err, &lacks)
			require.Equal(t, user, lacks.User)
			require.Contains(t, err.Error(), lacks.Grants[0])
			require.Len(t, lacks.Grants, 8, "all tables but project and the migrations")

			for _, g := range lacks.Grants {
				_, err := db.Exec(g)
				require.NoError(t, err, g)
			}
			require.NoError(t, d.CheckRights(t.Context()))
			err = d.Check(t.Context(), cleanup.Policy{}, cleanup.Snapshot{Started: &started})
			require.ErrorIs(t, err, cleanup.ErrRefused)
			require.ErrorContains(t, err, "migrations")

			revoke := "REVOKE UPDATE (last_submission_id) ON submit_token FROM " + user
			_, err = db.Exec(revoke)
			require.NoError(t, err)
			require.ErrorAs(t, d.CheckRights(t.Context()), &lacks)
			require.Len(t, lacks.Grants, 1)
			require.Contains(t, lacks.Grants[0], "UPDATE (last_submission_id)")
			_, err = db.Exec(lacks.Grants[0])
			require.NoError(t, err)
			require.NoError(t, d.CheckRights(t.Context()))
		})
	}
}

func TestCheck_RefusesAFileThatItCannotWrite(t *testing.T) {
	db := create(t, sqlcleaner.SQLite)
	for _, extra := range []string{"&mode=ro", "&_pragma=query_only(1)"} {
		node := open(t, db.driver, db.dsn+extra)
		err := sqlcleaner.New(node.DB, db.dialect).Check(t.Context(), cleanup.Policy{}, cleanup.Snapshot{})
		require.ErrorIs(t, err, cleanup.ErrRefused, extra)
		require.ErrorContains(t, err, "cannot be written")
		require.NoError(t, node.Close())
	}
	before := db.number("PRAGMA data_version")
	other := open(t, db.driver, db.dsn)
	defer other.Close()
	require.NoError(t, sqlcleaner.New(other.DB, db.dialect).Check(t.Context(), cleanup.Policy{}, cleanup.Snapshot{}))
	require.Equal(t, before, db.number("PRAGMA data_version"), "the check has written")
}
