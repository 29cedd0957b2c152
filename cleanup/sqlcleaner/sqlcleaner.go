package sqlcleaner

import (
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

// Progress is how far a run has come.
type Progress struct {
	// Step is what it works at: "delay", "lockout", "submission" (tokens with
	// their submissions), "orphan" (submissions without a token), "submit_token"
	// (tokens without a submission) and "day_statistic", in this order.
	Step string
	// Fraction says which part of the step is behind it, -1 if nobody knows.
	Fraction float64
	// Rows are all rows deleted so far, by table. The map is the callee's.
	Rows map[string]int
}

// WithProgress calls f after every transaction of a run, on the goroutine of
// [DB.Clean]. f must not block. The default, and nil, calls nothing.
func WithProgress(f func(Progress)) Option {
	if f == nil {
		f = func(Progress) {}
	}
	return func(d *DB) { d.progress = f }
}

// WithLogger logs what needs attention and keeps no run from going on: rows far
// in the future. The default, and nil, is silent.
func WithLogger(l *slog.Logger) Option {
	if l == nil {
		l = slog.New(slog.DiscardHandler)
	}
	return func(d *DB) { d.logger = l }
}

// DefaultReconnect is how long a run waits for a database that went away, or
// that takes no more clients.
const DefaultReconnect = 30 * time.Second

// WithReconnect is how long a run waits for a database that went away, or that
// takes no more clients, before it ends with the error; the default is
// [DefaultReconnect], 0 waits not at all. It panics if t is below zero.
func WithReconnect(t time.Duration) Option {
	if t < 0 {
		panic("sqlcleaner: WithReconnect: t is below zero")
	}
	return func(d *DB) { d.reconnect = t }
}
