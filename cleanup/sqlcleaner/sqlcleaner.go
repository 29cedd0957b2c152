package sqlcleaner

import (
	"context"
	"database/sql"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/mosparo/go-cluster/cleanup"
)

// DB is mosparo's database: a [cleanup.Database], [cleanup.Checker] and
// [cleanup.DryRunner]. It is safe for concurrent use.
type DB struct {
	db        *sql.DB
	dialect   Dialect
	zone      *time.Location
	progress  func(Progress)
	logger    *slog.Logger
	reconnect time.Duration

	noSkip, noIsolation atomic.Bool // what the server turned out not to know
	warned              sync.Map    // the rows in the future that were logged
}

var (
	_ cleanup.Database  = (*DB)(nil)
	_ cleanup.Checker   = (*DB)(nil)
	_ cleanup.DryRunner = (*DB)(nil)
)

// DefaultReconnect is how long a run waits for a database that went away, or
// that takes no more clients.
const DefaultReconnect = 30 * time.Second

// Option changes a default of [New].
type Option func(*DB)

// WithZone is the zone in which mosparo stores times: PHP's ini setting
// date.timezone, not mosparo's default_timezone. The default is UTC, as PHP's. It
// panics if loc is nil.
func WithZone(loc *time.Location) Option {
	if loc == nil {
		panic("sqlcleaner: WithZone: loc is nil")
	}
	return func(d *DB) { d.zone = loc }
}

// WithLogger logs what needs attention and keeps no run from going on: rows far
// in the future. The default, and nil, is silent.
func WithLogger(l *slog.Logger) Option {
	if l == nil {
		l = slog.New(slog.DiscardHandler)
	}
	return func(d *DB) { d.logger = l }
}

// WithProgress calls f after every transaction of a run, on the goroutine of
// [DB.Clean]. f must not block. The default, and nil, calls nothing.
func WithProgress(f func(Progress)) Option {
	if f == nil {
		f = func(Progress) {}
	}
	return func(d *DB) { d.progress = f }
}

// WithReconnect is how long a run waits for a database that went away, or that
// takes no more clients, before it ends with the error; the default is
// [DefaultReconnect], 0 waits not at all. It panics if t is below zero.
func WithReconnect(t time.Duration) Option {
	if t < 0 {
		panic("sqlcleaner: WithReconnect: t is below zero")
	}
	return func(d *DB) { d.reconnect = t }
}

// New uses a database that the caller opened with a driver of his choice, and
// closes. It asks nothing yet. It panics if db is nil or the dialect is none of
// the constants; see [DialectOf].
func New(db *sql.DB, dialect Dialect, opts ...Option) *DB {
	if db == nil {
		panic("sqlcleaner: New: db is nil")
	}
	if !dialect.isKnown() {
		panic("sqlcleaner: New: dialect is " + dialect.String())
	}
	d := &DB{
		db: db, dialect: dialect, zone: time.UTC, progress: func(Progress) {},
		logger: slog.New(slog.DiscardHandler), reconnect: DefaultReconnect,
	}
	for _, o := range opts {
		o(d)
	}
	return d
}

// Ping looks into the database as mosparo's health check does.
func (d *DB) Ping(ctx context.Context) error {
	_, err := d.ids(ctx, "SELECT id FROM project ORDER BY id LIMIT 1")
	return err
}

// stamp is a time as the columns hold it: whole seconds of local time, without
// a zone.
func (d *DB) stamp(t time.Time) string { return t.In(d.zone).Format(time.DateTime) }

// querier is a database, a connection or a transaction.
type querier interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

// each calls scan for every row that a query selects.
func (d *DB) each(ctx context.Context, q querier, scan func(*sql.Rows) error, query string, args ...any) error {
	rows, err := q.QueryContext(ctx, d.dialect.Rebind(query), args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		if err := scan(rows); err != nil {
			return err
		}
	}
	return rows.Err()
}

// idsOf returns the numbers that a query selects.
func (d *DB) idsOf(ctx context.Context, q querier, query string, args ...any) (ids []int64, err error) {
	err = d.each(ctx, q, func(rows *sql.Rows) error {
		var id int64
		err := rows.Scan(&id)
		ids = append(ids, id)
		return err
	}, query, args...)
	return ids, err
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

// exec runs a statement with the question marks of the dialect.
func (d *DB) exec(ctx context.Context, tx *sql.Tx, query string, args ...any) (int, error) {
	res, err := tx.ExecContext(ctx, d.dialect.Rebind(query), args...)
	if err != nil {
		return 0, err
	}
	n, err := res.RowsAffected()
	return int(n), err
}
