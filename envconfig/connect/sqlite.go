package connect

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/mosparo/go-cluster/envconfig/dsn"
)

// sqliteConnector is a [driver.Connector] whose errors name the file, which those of
// SQLite do not.
type sqliteConnector struct {
	driver driver.Driver
	dsn    dsn.Secret
	path   string
}

// openSQLite is [sql.Open] for the file of a DSN.
func openSQLite(name string, address dsn.Secret, path string) (*sql.DB, error) {
	db, err := sql.Open(name, address.Reveal())
	if err != nil {
		return nil, err
	}
	defer db.Close() // it has connected to nothing
	return sql.OpenDB(sqliteConnector{db.Driver(), address, path}), nil
}

// Connect implements [driver.Connector].
func (c sqliteConnector) Connect(context.Context) (driver.Conn, error) {
	conn, err := c.driver.Open(c.dsn.Reveal())
	if err == nil {
		return conn, nil
	}
	if _, statErr := os.Stat(c.path); errors.Is(statErr, fs.ErrNotExist) {
		return nil, fmt.Errorf("connect: database_path: %s does not exist, and is not created: %w", c.path, err)
	}
	return nil, fmt.Errorf("connect: database_path: %s: %w", c.path, err)
}

// Driver implements [driver.Connector].
func (c sqliteConnector) Driver() driver.Driver { return c.driver }
