package sqlcleaner

import (
	"context"
	"database/sql"
)

// Tx runs f in a transaction as those of a run are.
func (d *DB) Tx(ctx context.Context, f func(tx *sql.Tx) error) error { return d.transact(ctx, f) }

// Keys is the condition by which a run names rows.
func (d Dialect) Keys(column string, ids []int64) string { return d.idIn(column, ids) }
