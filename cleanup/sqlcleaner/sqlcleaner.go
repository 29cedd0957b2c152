package sqlcleaner

import (
	"database/sql"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/mosparo/go-cluster/cleanup"
)

// DB is mosparo's database. It implements [cleanup.Database], [cleanup.Checker] and
// [cleanup.DryRunner], and is safe for concurrent use.
type DB struct {
	db        *sql.DB
	dialect   Dialect
	zone      *time.Location
	progress  func(Progress)
	logger    *slog.Logger
	observer  Observer // nil: none
	reconnect time.Duration

	noSkip, noIsolation atomic.Bool // the server supports no SKIP LOCKED, no READ COMMITTED
	warned              sync.Map    // the rows in the future that have been logged
}

var (
	_ cleanup.Database  = (*DB)(nil)
	_ cleanup.Checker   = (*DB)(nil)
	_ cleanup.DryRunner = (*DB)(nil)
)

// New returns a DB on a database that the caller has opened and will close. It sends
// nothing. It panics if db is nil, or if the dialect is none of the constants; see
// [DialectOf].
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
		if o == nil {
			panic("sqlcleaner: New: opts has a nil Option")
		}
		o(d)
	}
	return d
}

// Option changes a default of [New].
type Option func(*DB)

// WithZone sets the zone in which mosparo stores times: PHP's ini setting date.timezone, not
// mosparo's default_timezone. The default is UTC, as in PHP. It panics if loc is nil.
func WithZone(loc *time.Location) Option {
	if loc == nil {
		panic("sqlcleaner: WithZone: loc is nil")
	}
	return func(d *DB) { d.zone = loc }
}

// Progress is how far a run has come.
type Progress struct {
	// Step is the current step: "delay", "lockout", "submission" (tokens with their
	// submissions), "orphan" (submissions without a token), "submit_token" (tokens
	// without a submission) and "day_statistic", in this order.
	Step string
	// Fraction is the part of the step that is done, from 0 to 1, or -1 if it is not
	// known.
	Fraction float64
	// Rows is the number of rows deleted so far, by table. The receiver may keep and
	// change the map.
	Rows map[string]int
}

// WithProgress sets a function that is called after every transaction of a run, on the
// goroutine of [DB.Clean]. It must not block. The default, also for nil, is none.
func WithProgress(f func(Progress)) Option {
	if f == nil {
		f = func(Progress) {}
	}
	return func(d *DB) { d.progress = f }
}

// WithLogger sets the logger of warnings that do not stop a run: rows far in the future.
// The default, also for nil, logs nothing.
func WithLogger(l *slog.Logger) Option {
	if l == nil {
		l = slog.New(slog.DiscardHandler)
	}
	return func(d *DB) { d.logger = l }
}

// DefaultReconnect is the default of [WithReconnect].
const DefaultReconnect = 30 * time.Second

// WithReconnect sets how long an operation waits for a server that cannot be reached or
// accepts no more clients, before it returns the error. The default is [DefaultReconnect];
// 0 does not wait. WithReconnect panics if t is below zero.
func WithReconnect(t time.Duration) Option {
	if t < 0 {
		panic("sqlcleaner: WithReconnect: t is below zero")
	}
	return func(d *DB) { d.reconnect = t }
}
