package sqlcleaner

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
	"time"

	"github.com/mosparo/go-cluster/cleanup"
)

// DB is mosparo's database: a [cleanup.Cleaner] and [cleanup.Statistics]. It is
// safe for concurrent use.
type DB struct {
	db      *sql.DB
	dialect Dialect
	zone    *time.Location
	policy  cleanup.Policy
}

var (
	_ cleanup.Cleaner    = (*DB)(nil)
	_ cleanup.Statistics = (*DB)(nil)
)

// Option changes a default of [New].
type Option func(*DB)

// WithZone is the zone in which mosparo stores times: PHP's ini setting
// date.timezone, not mosparo's default_timezone. The default is UTC, as PHP's.
func WithZone(loc *time.Location) Option { return func(d *DB) { d.zone = loc } }

// New uses a database that the caller opened with a driver of his choice, and
// closes. It asks nothing yet.
func New(db *sql.DB, dialect Dialect, p cleanup.Policy, opts ...Option) *DB {
	d := &DB{db: db, dialect: dialect, zone: time.UTC, policy: p}
	for _, o := range opts {
		o(d)
	}
	return d
}

// stamp is a time as the columns hold it: whole seconds of local time, without
// a zone.
func (d *DB) stamp(t time.Time) string { return t.In(d.zone).Format(time.DateTime) }

// stampValue is the reverse: drivers give a time of some zone, or text.
func (d *DB) stampValue(v any) (time.Time, error) {
	switch v := v.(type) {
	case time.Time:
		return time.Date(v.Year(), v.Month(), v.Day(), v.Hour(), v.Minute(), v.Second(), 0, d.zone), nil
	case []byte:
		return d.stampValue(string(v))
	case string:
		if len(v) > len(time.DateTime) {
			v = v[:len(time.DateTime)]
		}
		return time.ParseInLocation(time.DateTime, strings.Replace(v, "T", " ", 1), d.zone)
	}
	return time.Time{}, fmt.Errorf("a time of type %T", v)
}

// tx runs f in a transaction, again after a conflict with another client.
func (d *DB) tx(ctx context.Context, f func(tx *sql.Tx) error) error {
	return retry(ctx, func() error {
		tx, err := d.db.BeginTx(ctx, nil)
		if err != nil {
			return err
		}
		defer tx.Rollback() //nolint:errcheck // after Commit there is nothing to roll back
		if err := f(tx); err != nil {
			return err
		}
		return tx.Commit()
	})
}

// exec runs a statement with the question marks of the dialect.
func (d *DB) exec(ctx context.Context, tx *sql.Tx, query string, args ...any) (int, error) {
	res, err := tx.ExecContext(ctx, d.dialect.rebind(query), args...)
	if err != nil {
		return 0, err
	}
	n, err := res.RowsAffected()
	return int(n), err
}

// ids returns the numbers that a query selects.
func (d *DB) ids(ctx context.Context, query string, args ...any) (ids []int64, err error) {
	err = retry(ctx, func() error {
		ids = nil
		rows, err := d.db.QueryContext(ctx, d.dialect.rebind(query), args...)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var id int64
			if err := rows.Scan(&id); err != nil {
				return err
			}
			ids = append(ids, id)
		}
		return rows.Err()
	})
	return ids, err
}

// number returns the one number that a query selects.
func (d *DB) number(ctx context.Context, query string, args ...any) (n int, err error) {
	err = retry(ctx, func() error {
		return d.db.QueryRowContext(ctx, d.dialect.rebind(query), args...).Scan(&n)
	})
	return n, err
}

// in is "(?,?,…)" with its arguments.
func in(ids []int64) (list string, args []any) {
	args = make([]any, len(ids))
	for i, id := range ids {
		args[i] = id
	}
	return "(" + strings.TrimSuffix(strings.Repeat("?,", len(ids)), ",") + ")", args
}
