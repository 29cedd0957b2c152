package sqlcleaner

import (
	"context"
	"database/sql"
	"errors"
)

// withSyncWait calls f with a connection on which wsrep_sync_wait is set: a read sees what
// any node of a Galera cluster has committed before (causal reads).
func (d *DB) withSyncWait(ctx context.Context, f func(q querier) error) error {
	if d.dialect != MySQL {
		return f(d.db)
	}
	conn, err := d.db.Conn(ctx)
	if err != nil {
		return err
	}
	defer conn.Close()
	// No row without Galera, OFF if the server is not part of a cluster.
	var name, on string
	switch err := conn.QueryRowContext(ctx, "SHOW VARIABLES LIKE 'wsrep_on'").Scan(&name, &on); {
	case errors.Is(err, sql.ErrNoRows) || err == nil && on != "ON":
		return f(conn)
	case err != nil:
		return err
	}
	restore, err := setVariable(ctx, conn, "wsrep_sync_wait", "@@wsrep_sync_wait | 1")
	if err != nil {
		return err
	}
	defer restore()
	return f(conn)
}
