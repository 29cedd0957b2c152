package connect

import (
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/mosparo/go-cluster/envconfig"
	"github.com/mosparo/go-cluster/envconfig/dsn"
)

// MySQL creates the connector of the driver for MySQL and MariaDB. mysqlconnector.New is
// one; it is a parameter so that this package does not link the driver.
type MySQL func(c dsn.Connection, logger *slog.Logger) (driver.Connector, error)

// connLifetime is the maximum age of a connection to the database: connections follow an
// address that has moved, and are replaced before a server, firewall or pooler closes
// them.
const connLifetime = 3 * time.Minute

// Database opens mosparo's database, and returns the name of its driver for
// [sqlcleaner.DialectOf]. As with [sql.Open] nothing is sent. The caller closes db.
//
// The program imports the driver; see [dsn.Connection]. If it does not, the error is a
// [*SettingError] that names the import. mysql is mysqlconnector.New or nil; with nil the
// MySQL driver logs to standard error, and TLS needs [WithMySQLTLS].
//
// A connection is opened within 5 seconds and closed after 3 minutes. A SQLite file must
// exist: the errors of connecting name it. The other errors
// are those of [envconfig.Settings.DatabaseConnection]; none contains a secret.
func Database(s *envconfig.Settings, mysql MySQL, opts ...Option) (db *sql.DB, driver string, err error) {
	panicIfNil(s == nil, "Database", "s")
	c, err := s.DatabaseConnection()
	if err != nil {
		return nil, "", err
	}
	o := newOptions(opts)
	for _, w := range c.Warnings {
		logWarning(o, "database", w)
	}
	if c.DSN, err = withParameters(c.DSN, o.databaseParams); err != nil {
		return nil, "", err
	}
	if db, err = openDatabase(s, c, mysql, o); err != nil {
		return nil, "", err
	}
	db.SetConnMaxLifetime(connLifetime)
	return db, c.Driver, nil
}

func openDatabase(s *envconfig.Settings, c dsn.Connection, mysql MySQL, o options) (*sql.DB, error) {
	if c.Driver == "mysql" && mysql != nil {
		connector, err := mysql(c, o.logger)
		if err != nil {
			return nil, fmt.Errorf("connect: %w", err)
		}
		return sql.OpenDB(connector), nil
	}
	if !slices.Contains(sql.Drivers(), c.Driver) {
		return nil, newSettingError(s, "database_driver", fmt.Errorf("this program does not link the database driver %q: import _ %q", c.Driver, driverImports[c.Driver]))
	}
	if c.TLS != nil {
		if o.mysqlTLS == nil {
			return nil, newSettingError(s, "DATABASE_MYSQL_SSL", errors.New("TLS to MySQL needs the option connect.WithMySQLTLS(mysql.RegisterTLSConfig)"))
		}
		if err := o.mysqlTLS(dsn.MySQLTLSName, c.TLS); err != nil {
			return nil, newSettingError(s, "DATABASE_MYSQL_SSL", err)
		}
	}
	if c.Driver == "sqlite" {
		return openSQLite(c.Driver, c.DSN, s.Database.Path)
	}
	db, err := sql.Open(c.Driver, c.DSN.Reveal())
	if err != nil {
		return nil, errors.New("connect: the database's address cannot be used") // the driver's words may hold it
	}
	return db, nil
}

// driverImports has the package of each driver.
var driverImports = map[string]string{
	"mysql":  "github.com/go-sql-driver/mysql",
	"pgx":    "github.com/jackc/pgx/v5/stdlib",
	"sqlite": "modernc.org/sqlite",
}

// withParameters sets parameters of a data source name. In the names of all drivers they
// follow the last question mark.
func withParameters(name dsn.Secret, params url.Values) (dsn.Secret, error) {
	if len(params) == 0 {
		return name, nil
	}
	address := name.Reveal()
	at := strings.LastIndexByte(address, '?')
	if at < 0 {
		at = len(address)
	}
	all, err := url.ParseQuery(strings.TrimPrefix(address[at:], "?"))
	if err != nil {
		return name, errors.New("connect: the database's address cannot be used")
	}
	for name, values := range params {
		if name == "_pragma" { // SQLite's: one value for each setting
			ours := slices.DeleteFunc(all[name], func(p string) bool {
				return slices.ContainsFunc(values, func(v string) bool { return pragmaName(v) == pragmaName(p) })
			})
			values = append(ours, values...)
		}
		all[name] = values
	}
	return dsn.NewSecret(address[:at] + "?" + strings.ReplaceAll(all.Encode(), "+", "%20")), nil // pgx takes a plus for a plus
}

// pragmaName returns the name in name(value) or name=value.
func pragmaName(pragma string) string {
	if i := strings.IndexAny(pragma, "(="); i >= 0 {
		pragma = pragma[:i]
	}
	return strings.ToLower(strings.TrimSpace(pragma))
}
