package sqlcleaner

import (
	"context"
	"database/sql"
	"errors"
)

// causally runs f with a connection on which a read sees all that any node of a
// Galera cluster has committed before. The connection goes back to its pool as it
// came.
func (d *DB) causally(ctx context.Context, f func(q querier) error) error {
	if d.dialect != MySQL {
		return f(d.db)
	}
	conn, err := d.db.Conn(ctx)
	if err != nil {
		return err
	}
	defer conn.Close()
	// No rows on a server that is not made for Galera, OFF on one that is alone.
	var name, on string
	switch err := conn.QueryRowContext(ctx, "SHOW VARIABLES LIKE 'wsrep_on'").Scan(&name, &on); {
	case errors.Is(err, sql.ErrNoRows) || err == nil && on != "ON":
		return f(conn)
	case err != nil:
		return err
	}
	restore, err := set(ctx, conn, "wsrep_sync_wait", "@@wsrep_sync_wait | 1")
	if err != nil {
		return err
	}
	defer restore()
	return f(conn)
}
