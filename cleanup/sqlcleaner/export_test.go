package sqlcleaner

import (
	"context"
	"database/sql"
)

// Tx runs f in a transaction as those of a run are.
func (d *DB) Tx(ctx context.Context, f func(tx *sql.Tx) error) error { return d.tx(ctx, f) }
