package sqlcleaner

import (
	"context"
	"database/sql"
)

// read runs f outside of a transaction, again after the connection was lost.
func (d *DB) read(ctx context.Context, f func(q querier) error) error {
	return d.persist(ctx, func() error { return d.onceRead(ctx, f) })
}

func (d *DB) onceRead(ctx context.Context, f func(q querier) error) error {
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

// ids is the same outside of a transaction.
func (d *DB) ids(ctx context.Context, query string, args ...any) (ids []int64, err error) {
	err = d.read(ctx, func(q querier) error {
		ids, err = d.idsOf(ctx, q, query, args...)
		return err
	})
	return ids, err
}

// number returns the one number that a query selects.
func (d *DB) number(ctx context.Context, query string, args ...any) (n int, err error) {
	err = d.read(ctx, func(q querier) error {
		return q.QueryRowContext(ctx, d.dialect.Rebind(query), args...).Scan(&n)
	})
	return n, err
}

// texts returns the texts that a query selects.
func (d *DB) texts(ctx context.Context, query string, args ...any) (all []string, err error) {
	err = d.persist(ctx, func() error {
		all = nil
		return d.each(ctx, d.db, func(rows *sql.Rows) error {
			var s sql.NullString
			err := rows.Scan(&s)
			all = append(all, s.String)
			return err
		}, query, args...)
	})
	return all, err
}
