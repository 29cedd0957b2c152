package sqlcleaner_test

import (
	_ "embed"
	"encoding/json"
	"net/url"
	"strings"
	"testing"

	"github.com/go-sql-driver/mysql"
	"github.com/stretchr/testify/require"

	"github.com/mosparo/go-cluster/cache/cachetest/servers"
	"github.com/mosparo/go-cluster/cleanup/sqlcleaner"
)

//go:embed testdata/mosparocleanup.php
var mosparoCleanupSource string

// mosparoCleanup is mosparo's own cleanup.
func mosparoCleanup(b *testing.B, dialect sqlcleaner.Dialect) way {
	driver := map[sqlcleaner.Dialect]string{sqlcleaner.SQLite: "pdo_sqlite", sqlcleaner.MySQL: "pdo_mysql", sqlcleaner.PostgreSQL: "pdo_pgsql"}[dialect]
	php := servers.PHP(b, driver)
	return way{"mosparo", func(b *testing.B, db *database) {
		parameters, err := json.Marshal(doctrineParameters(b, db, driver))
		require.NoError(b, err)
		out, err := php.Command(b.Context(), mosparoCleanupSource, *mosparo, string(parameters)).CombinedOutput()
		require.NoError(b, err, string(out))
		require.Contains(b, string(out), "COMPLETED")
	}}
}

// doctrineParameters are those of Doctrine's connection to the database.
func doctrineParameters(b *testing.B, db *database, driver string) map[string]any {
	switch db.dialect {
	case sqlcleaner.SQLite:
		file, _, _ := strings.Cut(strings.TrimPrefix(db.dsn, "file:"), "?")
		return map[string]any{"driver": driver, "path": file}
	case sqlcleaner.MySQL:
		c, err := mysql.ParseDSN(db.dsn)
		require.NoError(b, err)
		host, port, _ := strings.Cut(c.Addr, ":")
		return map[string]any{"driver": driver, "host": host, "port": port, "user": c.User, "password": c.Passwd, "dbname": c.DBName, "charset": "utf8mb4"}
	}
	u, err := url.Parse(db.dsn)
	require.NoError(b, err)
	password, _ := u.User.Password()
	return map[string]any{"driver": driver, "host": u.Hostname(), "port": u.Port(), "user": u.User.Username(), "password": password, "dbname": strings.TrimPrefix(u.Path, "/")}
}
