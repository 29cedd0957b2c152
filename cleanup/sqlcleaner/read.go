package sqlcleaner

import (
	"context"
	"database/sql"
)

// read calls f outside of a transaction, and again after an outage of the server.
func (d *DB) read(ctx context.Context, f func(q querier) error) error {
	return d.retryOutage(ctx, opRead, func() error { return d.readOnce(ctx, f) })
}

// readOnce calls f outside of a transaction.
func (d *DB) readOnce(ctx context.Context, f func(q querier) error) error {
	if d.dialect != SQLite {
		return f(d.db)
	}
	conn, err := d.db.Conn(ctx)
	if err != nil {
		return err
	}
	defer conn.Close()
	return pollForLock(ctx, conn, func() error { return f(conn) })
}

// readIDs is selectIDs outside of a transaction.
func (d *DB) readIDs(ctx context.Context, query string, args ...any) (ids []int64, err error) {
	err = d.read(ctx, func(q querier) error {
		ids, err = d.selectIDs(ctx, q, query, args...)
		return err
	})
	return ids, err
}

// readNumber returns the one number that a query selects.
func (d *DB) readNumber(ctx context.Context, query string, args ...any) (n int, err error) {
	err = d.read(ctx, func(q querier) error {
		return q.QueryRowContext(ctx, d.dialect.Rebind(query), args...).Scan(&n)
	})
	return n, err
}

// readTexts returns the texts that a query selects, "" for NULL.
func (d *DB) readTexts(ctx context.Context, query string, args ...any) (all []string, err error) {
	err = d.retryOutage(ctx, opRead, func() error {
		all = nil
		return d.scanRows(ctx, d.db, func(rows *sql.Rows) error {
			var s sql.NullString
			err := rows.Scan(&s)
			all = append(all, s.String)
			return err
		}, query, args...)
	})
	return all, err
}
