package sqlcleaner

import (
	"context"
	"database/sql"
	"fmt"
	"strconv"
	"time"
)

// traffic is a measure of what all clients have written so far: to the file on SQLite, to
// all databases of the server on the others.
type traffic struct {
	at    time.Time
	mark  string  // changes with every write
	count float64 // of inserts on MySQL, of transactions on PostgreSQL; SQLite counts none
}

// readTraffic reads the traffic. It needs no rights, and returns false if the database does
// not answer.
func (d *DB) readTraffic(ctx context.Context) (now traffic, known bool) {
	err := d.try(ctx, opRead, func() error {
		return d.readOnce(ctx, func(q querier) (err error) {
			now, err = d.selectTraffic(ctx, q)
			return err
		})
	})
	now.at = time.Now()
	return now, err == nil && now.mark != ""
}

// selectTraffic reads the counters of the dialect.
func (d *DB) selectTraffic(ctx context.Context, q querier) (now traffic, err error) {
	err = d.scanRows(ctx, q, func(rows *sql.Rows) error {
		var name, value string
		if err := rows.Scan(&name, &value); err != nil {
			return err
		}
		now.mark += name + " " + value + "\n"
		if !countsOthers[name] {
			return nil
		}
		n, err := strconv.ParseFloat(value, 64)
		now.count += n
		return err
	}, map[Dialect]string{
		SQLite: "SELECT 'data_version', data_version FROM pragma_data_version",
		// The last of these counts on Galera what other nodes have written.
		MySQL:      "SHOW GLOBAL STATUS WHERE Variable_name IN ('Com_insert', 'Com_update', 'Com_delete', 'Com_replace', 'wsrep_last_committed')",
		PostgreSQL: "SELECT 'xmax', CAST(txid_snapshot_xmax(txid_current_snapshot()) AS text)", // only a transaction that writes takes a number
	}[d.dialect])
	// SQLite has a counter for each connection. The run does not keep one during a
	// pause, since its pool may have no other.
	if conn, ok := q.(*sql.Conn); ok && err == nil {
		err = conn.Raw(func(c any) error {
			now.mark += fmt.Sprintf("%p", c)
			return nil
		})
	}
	return now, err
}

// countsOthers has the counters that a run itself does not change, or changes by one a
// transaction.
var countsOthers = map[string]bool{"Com_insert": true, "Com_replace": true, "xmax": true}
