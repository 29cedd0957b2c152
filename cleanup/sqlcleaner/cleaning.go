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
	d      *DB
	policy cleanup.Policy
	limits cleanup.Limits
	now    time.Time
	report cleanup.Report
	pace   pace
	others throttle
	batch  int // rows in a transaction
}

// defaultRows is mosparo's number of submissions in a round.
const defaultRows = 2500

func newCleaning(d *DB, j cleanup.Job) *cleaning {
	l := j.Limits
	if l.Rows <= 0 {
		l.Rows = defaultRows
	}
	return &cleaning{
		d: d, policy: j.Policy.WithDefaults(), limits: l, now: time.Now(), report: cleanup.Report{Rows: map[string]int{}},
		pace: pace{began: time.Now()}, others: newThrottle(d.dialect, d.writes), batch: min(firstBatch, l.Rows),
	}
}

// transaction runs f in a transaction, counts what it deleted once that is
// sure, and sees that the next one takes neither too long nor too little.
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
	c.resize(took)
	c.d.progress(Progress{Step: step, Fraction: fraction, Rows: maps.Clone(c.report.Rows)})
	c.others.skip()
	return deleted, c.others.wait(ctx)
}

// tx runs f in a transaction, and returns how long that took once it had begun:
// with the commit, since the locks are held until its end.
func (c *cleaning) tx(ctx context.Context, f func(tx *sql.Tx) error) (took time.Duration, err error) {
	var first, began time.Time
	if c.d.dialect == SQLite {
		first = time.Now() // there it waits for its lock before it begins
	}
	err = c.d.txAgain(ctx, func(tx *sql.Tx) error {
		began = time.Now()
		if first.IsZero() {
			first = began
		}
		return f(tx)
	})
	if err != nil {
		return 0, err
	}
	c.others.add(began.Sub(first))
	return time.Since(began), nil
}

// Sizes of a transaction, in rows of the main table.
const (
	firstBatch = 250
	leastBatch = 100
	mostBatch  = 1000
)

// A transaction should take less than shortEnough, and more than half of it: SQLite's
// other clients sleep for the longer beyond its end, the shorter it is.
const shortEnough = 100 * time.Millisecond

// resize chooses the rows of the next transaction.
func (c *cleaning) resize(took time.Duration) {
	switch {
	case took > shortEnough:
		c.batch = max(c.batch/2, leastBatch)
	case took < shortEnough/2:
		c.batch = min(c.batch*2, mostBatch, c.limits.Rows)
	}
}

// room is how many rows the next transaction may take.
func (c *cleaning) room() int { return max(min(c.batch, c.limits.Rows-c.pace.rows), 1) }
