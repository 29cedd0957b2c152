package sqlcleaner

import (
	"context"
	"database/sql"
	"fmt"
)

// writes returns a mark that changes when any client writes: to the file on
// SQLite, to any database of the server on the others. It needs no rights. known
// is false if the database does not answer.
func (d *DB) writes(ctx context.Context) (mark string, known bool) {
	err := d.onceRead(ctx, func(q querier) (err error) {
		mark, err = d.mark(ctx, q)
		return err
	})
	return mark, err == nil && mark != ""
}

func (d *DB) mark(ctx context.Context, q querier) (mark string, err error) {
	err = d.each(ctx, q, func(rows *sql.Rows) error {
		var name, value string
		err := rows.Scan(&name, &value)
		mark += name + " " + value + "\n"
		return err
	}, map[Dialect]string{
		SQLite: "SELECT 'data_version', data_version FROM pragma_data_version",
		// Galera counts in the last of these what other nodes wrote.
		MySQL:      "SHOW GLOBAL STATUS WHERE Variable_name IN ('Com_insert', 'Com_update', 'Com_delete', 'Com_replace', 'wsrep_last_committed')",
		PostgreSQL: "SELECT 'xmax', CAST(txid_snapshot_xmax(txid_current_snapshot()) AS text)", // only a transaction that writes takes a number
	}[d.dialect])
	// SQLite counts for each connection anew. The run does not keep one while it
	// pauses: the pool may have no other.
	if conn, ok := q.(*sql.Conn); ok && err == nil {
		err = conn.Raw(func(c any) error {
			mark += fmt.Sprintf("%p", c)
			return nil
		})
	}
	return mark, err
}
