package sqlcleaner

import "context"

// checkWritable refuses a server that accepts no writes: a replica, or one during a
// failover.
func (d *DB) checkWritable(ctx context.Context, q querier) error {
	query := map[Dialect]string{
		MySQL:      "SELECT IF(@@global.read_only IN ('0', 'OFF'), 0, 1)",
		PostgreSQL: "SELECT CASE WHEN pg_is_in_recovery() OR current_setting('transaction_read_only') = 'on' THEN 1 ELSE 0 END",
	}[d.dialect]
	if query == "" {
		return nil
	}
	var n int
	if err := q.QueryRowContext(ctx, query).Scan(&n); err != nil {
		return err
	}
	if n != 0 {
		return refuse("the database server is read-only")
	}
	return nil
}
