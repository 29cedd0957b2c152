package sqlcleaner

import (
	"context"
	"database/sql"
	"maps"
	"time"

	"github.com/mosparo/go-cluster/cleanup"
)

// cleaning is one run.
type cleaning struct {
	d         *DB
	policy    cleanup.Policy
	now       time.Time
	report    cleanup.Report
	rounds    rounds
	throttle  throttle
	batchSize int // rows of the next transaction

	surveyed    fileVersion // of the last survey, with what the run itself has deleted since
	isUnchanged bool        // the database has this version in the current transaction
}

func newCleaning(d *DB, j cleanup.Job) *cleaning {
	r := newRounds(j.Limits)
	return &cleaning{
		d: d, policy: j.Policy.WithDefaults(), now: time.Now(), report: cleanup.Report{Rows: map[string]int{}},
		rounds: r, throttle: newThrottle(d.dialect, d.readTraffic), batchSize: min(firstBatch, r.limits.Rows),
	}
}

// transaction runs f in a transaction, adds what it deleted to the report after the
// commit, chooses the size of the next one, and pauses.
func (c *cleaning) transaction(ctx context.Context, step string, fraction float64, f func(tx *sql.Tx, deleted map[string]int) error) (map[string]int, error) {
	var deleted map[string]int
	took, err := c.tx(ctx, func(tx *sql.Tx) error {
		deleted = map[string]int{}
		return f(tx, deleted)
	})
	if err != nil {
		return nil, err
	}
	for table, n := range deleted {
		c.report.Rows[table] += n
	}
	c.report.DeletedTokens += deleted["submit_token"]
	c.report.DeletedSubmissions += deleted["submission"]
	if hasRows(deleted) {
		c.throttle.wrote()
		c.resize(took)
	}
	c.d.progress(Progress{Step: step, Fraction: fraction, Rows: maps.Clone(c.report.Rows)})
	c.throttle.skip()
	return deleted, c.throttle.wait(ctx)
}

// hasRows reports whether any row was deleted.
func hasRows(deleted map[string]int) bool {
	for _, n := range deleted {
		if n > 0 {
			return true
		}
	}
	return false
}

// tx runs f in a transaction, and returns the time from its begin to its commit, for
// which it holds its locks.
func (c *cleaning) tx(ctx context.Context, f func(tx *sql.Tx) error) (took time.Duration, err error) {
	var first, began time.Time
	if c.d.dialect == SQLite {
		first = time.Now() // SQLite waits for its lock before the transaction begins
	}
	err = c.d.transactIdempotent(ctx, func(conn *sql.Conn, tx *sql.Tx) error {
		began = time.Now()
		if first.IsZero() {
			first = began
		}
		return c.trackVersion(ctx, conn, tx, f)
	})
	if err != nil {
		return 0, err
	}
	c.throttle.add(began.Sub(first))
	return time.Since(began), nil
}

// startRounds is start of the rounds. The time of Between is not work of the run.
func (c *cleaning) startRounds(ctx context.Context) (bool, error) {
	defer c.throttle.skip()
	return c.rounds.start(ctx)
}

// next is that of the rounds, likewise.
func (c *cleaning) next(ctx context.Context, rows int) (bool, error) {
	defer c.throttle.skip()
	return c.rounds.next(ctx, rows)
}

// between is that of the rounds, likewise.
func (c *cleaning) between(ctx context.Context) error {
	defer c.throttle.skip()
	return c.rounds.between(ctx)
}

// Sizes of a transaction, in rows of the main table.
const (
	firstBatch = 250
	minBatch   = 100
)

// maxBatch is the maximum size. SQLite writes a page once for all rows of a transaction, and
// other clients meet nothing but its one lock. For longer lists of ids MariaDB reads whole
// tables, and so meets the locks of frontends.
func (d Dialect) maxBatch() int {
	if d == SQLite {
		return 2500
	}
	return 1000
}

// targetTime is how long a transaction should take at most, and half of it at least: on
// SQLite the shorter one is, the longer other clients sleep beyond its end.
func (d Dialect) targetTime() time.Duration {
	if d == SQLite {
		return 150 * time.Millisecond
	}
	return 100 * time.Millisecond
}

// resize chooses the size of the next transaction.
func (c *cleaning) resize(took time.Duration) {
	switch target := c.d.dialect.targetTime(); {
	case took > target:
		c.batchSize = max(c.batchSize/2, minBatch)
	case took < target/2:
		c.batchSize = min(c.batchSize*2, c.d.dialect.maxBatch(), c.rounds.limits.Rows)
	}
}

// room returns how many rows the next transaction may take.
func (c *cleaning) room() int { return max(min(c.batchSize, c.rounds.left()), 1) }
