package projectdb_test

import (
	"database/sql"
	"path/filepath"
	"strings"
	"testing"

	_ "github.com/go-sql-driver/mysql"
	_ "github.com/jackc/pgx/v5/stdlib"
	"github.com/stretchr/testify/require"
	_ "modernc.org/sqlite"

	"github.com/mosparo/go-cluster/cache/cachetest/servers"
	"github.com/mosparo/go-cluster/cache/php"
	"github.com/mosparo/go-cluster/cleanup/sqlcleaner"
	"github.com/mosparo/go-cluster/cleanup/sqlcleaner/schema"
	"github.com/mosparo/go-cluster/cssstore"
	"github.com/mosparo/go-cluster/cssstore/design"
	"github.com/mosparo/go-cluster/cssstore/projectdb"
)

func open(t *testing.T, driver, dsn string) *sql.DB {
	t.Helper()
	db, err := sql.Open(driver, dsn)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	return db
}

var databases = map[string]struct {
	open    func(t *testing.T) *sql.DB
	dialect sqlcleaner.Dialect
}{
	"SQLite": {
		func(t *testing.T) *sql.DB {
			return open(t, "sqlite", "file:"+filepath.ToSlash(filepath.Join(t.TempDir(), "data.sqlite")))
		},
		sqlcleaner.SQLite,
	},
	"MariaDB":    {func(t *testing.T) *sql.DB { return open(t, "mysql", servers.MariaDB(t).DSN()) }, sqlcleaner.MySQL},
	"PostgreSQL": {func(t *testing.T) *sql.DB { return open(t, "pgx", servers.PostgreSQL(t).DSN()) }, sqlcleaner.PostgreSQL},
}

var (
	first  = cssstore.UUID{1}
	second = cssstore.UUID{2}
	third  = cssstore.UUID{3}
	oldH   = cssstore.Hash{10}
	newH   = cssstore.Hash{11}
)

func text(s string) string { return `s:` + "64" + `:"` + s + `";` }

func fill(t *testing.T, db *sql.DB, dialect sqlcleaner.Dialect) {
	t.Helper()
	require.NoError(t, schema.Create(t.Context(), db, dialect))
	for _, s := range []string{
		"INSERT INTO project (uuid, name) VALUES ('" + first.String() + "', 'Ärzte & <b>'), ('" + second.String() + "', 'x'), ('" + third.String() + "', 'x')",
		"INSERT INTO project_config_value (project_id, name, value) VALUES " + strings.Join([]string{
			`(1, 'designMode', 's:8:"advanced";')`,
			`(1, 'fontSize', 'a:2:{s:5:"value";d:16;s:4:"unit";s:2:"px";}')`,
			`(1, 'designConfigHash', '` + text(oldH.String()) + `')`,
			`(1, 'boxRadius', NULL)`,
			`(1, 'boxRadius', 'i:7;')`,
			`(1, 'designConfigHash', '` + text(newH.String()) + `')`,
			`(2, 'designConfigHash', 's:5:"never";')`,
			`(2, 'boxSize', 'no PHP value')`,
		}, ", "),
	} {
		_, err := db.Exec(s)
		require.NoError(t, err)
	}
}

func TestProjects_SettingsAndHashes(t *testing.T) {
	for name, c := range databases {
		t.Run(name, func(t *testing.T) {
			sqlDB := c.open(t)
			fill(t, sqlDB, c.dialect)
			db := projectdb.New(sqlDB, c.dialect)
			all, err := db.Projects(t.Context())
			require.NoError(t, err)
			require.Equal(t, []cssstore.Project{{UUID: first, Hash: oldH}, {UUID: second}, {UUID: third}}, all,
				"of several rows with one name the first counts; what is no hash is none")

			ids, err := db.UUIDs(t.Context())
			require.NoError(t, err)
			require.Equal(t, []cssstore.UUID{first, second, third}, ids)

			names, err := db.Names(t.Context())
			require.NoError(t, err)
			require.Equal(t, map[cssstore.UUID]string{first: "Ärzte & <b>", second: "x", third: "x"}, names)

			rows, err := db.Rows(t.Context(), first)
			require.NoError(t, err)
			require.Len(t, rows, 6)
			require.Equal(t, design.Row{Name: "designMode", Value: "advanced"}, rows[0])
			size, ok := rows[1].Value.(*php.Array).Get(php.StringKey("value"))
			require.True(t, ok)
			require.Equal(t, 16.0, size, "a float stays one")
			require.Equal(t, design.Row{Name: "boxRadius"}, rows[3])
			_, err = design.New(rows)
			require.NoError(t, err)

			rows, err = db.Rows(t.Context(), third)
			require.NoError(t, err)
			require.Empty(t, rows, "a project with nothing but defaults")
			_, err = db.Rows(t.Context(), cssstore.UUID{9})
			require.ErrorIs(t, err, projectdb.ErrNoProject)
			_, err = db.Rows(t.Context(), second)
			var bad *projectdb.ValueError
			require.ErrorAs(t, err, &bad)
			require.Equal(t, "boxSize", bad.Name)

			require.NoError(t, db.SaveHash(t.Context(), all[0], newH))
			again, err := db.Projects(t.Context())
			require.NoError(t, err)
			require.Equal(t, newH, again[0].Hash)
			require.ErrorIs(t, db.SaveHash(t.Context(), all[0], cssstore.Hash{12}), projectdb.ErrChanged, "it was read before")
			require.ErrorIs(t, db.SaveHash(t.Context(), all[1], newH), projectdb.ErrNoHash)
			require.ErrorIs(t, db.SaveHash(t.Context(), all[2], newH), projectdb.ErrNoHash)
			var n int
			require.NoError(t, sqlDB.QueryRow("SELECT COUNT(*) FROM project_config_value").Scan(&n))
			require.Equal(t, 8, n, "no row is made")
		})
	}
}

func TestProjects_NameWhatFailed(t *testing.T) {
	db := projectdb.New(databases["SQLite"].open(t), sqlcleaner.SQLite)
	_, err := db.Projects(t.Context())
	require.ErrorContains(t, err, "reading the projects")
	_, err = db.UUIDs(t.Context())
	require.ErrorContains(t, err, "reading the projects")
	_, err = db.Names(t.Context())
	require.ErrorContains(t, err, "reading the names")
	_, err = db.Rows(t.Context(), first)
	require.ErrorContains(t, err, first.String())
}
