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
	conn, err := d.db.Conn(ctx)
	if err != nil {
		return "", false
	}
	defer conn.Close()
	err = d.each(ctx, conn, func(rows *sql.Rows) error {
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
	if err != nil || mark == "" {
		return "", false
	}
	if d.dialect != SQLite {
		return mark, true
	}
	// SQLite numbers the versions for each connection anew. The run does not keep
	// one while it pauses: the pool may have no other.
	err = conn.Raw(func(c any) error {
		mark += fmt.Sprintf("%p", c)
		return nil
	})
	return mark, err == nil
}
