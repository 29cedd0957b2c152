package connect

import (
	"crypto/tls"
	"database/sql"
	"errors"
	"fmt"
	"slices"

	"github.com/mosparo/go-cluster/envconfig"
)

// Database opens mosparo's database and tells the driver's name. The application
// links the driver, see [envconfig.Connection], and gives
// mysql.RegisterTLSConfig of github.com/go-sql-driver/mysql as registerTLS; it
// may be nil where that is not linked. As with [sql.Open] nothing is sent. The
// errors are those of [envconfig.Database.Connection], and hold no address.
func Database(s *envconfig.Settings, registerTLS func(name string, c *tls.Config) error, opts ...Option) (db *sql.DB, driver string, err error) {
	c, err := s.Database.Connection()
	if err != nil {
		return nil, "", err
	}
	o := newOptions(opts)
	for _, w := range c.Warnings {
		logWarning(o, "database", w)
	}
	if !slices.Contains(sql.Drivers(), c.Driver) {
		return nil, "", fmt.Errorf("connect: this program does not link the database driver %q", c.Driver)
	}
	if c.TLS != nil {
		if registerTLS == nil {
			return nil, "", errors.New("connect: this program has no TLS for the database")
		}
		if err := registerTLS(envconfig.MySQLTLSName, c.TLS); err != nil {
			return nil, "", fmt.Errorf("connect: TLS for the database: %w", err)
		}
	}
	db, err = sql.Open(c.Driver, c.DSN.Reveal())
	if err != nil {
		return nil, "", errors.New("connect: the database's address cannot be used") // the driver's words may hold it
	}
	return db, c.Driver, nil
}
