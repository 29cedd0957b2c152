package sqlcleaner

import (
	"context"
	"database/sql"
	"fmt"
	"maps"
	"time"

	"github.com/mosparo/go-cluster/cleanup"
)

// Clean implements [cleanup.Database]: it deletes what mosparo's own cleanup
// deletes, in mosparo's order. Unlike mosparo's it does not end while anything
// is left that is due and free: rows that are held back do not stand in the
// way of others, and a token goes with any number of submissions. A submission
// that a kept token names as its last one stays.
//
// It works in many short transactions, of about a tenth of a second each, and
// leaves out tokens which another client has locked at the moment; if such are
// left at the end, the report is not finished. Conflicts with other clients are
// tried again, and so are the loss of the connection and a server that takes no
// more clients (see [WithReconnect]). What a lost connection leaves unclear,
// whether the last transaction was committed, is settled by looking again; the
// report may then count too little.
func (d *DB) Clean(ctx context.Context, j cleanup.Job) (cleanup.Report, error) {
	if err := j.Policy.Validate(); err != nil {
		return cleanup.Report{}, fmt.Errorf("sqlcleaner: %w", err)
	}
	c := newCleaning(d, j)
	err := c.run(ctx)
	if err != nil {
		err = fmt.Errorf("sqlcleaner: %w", err)
	}
	return c.report, err
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

// defaultRows is mosparo's number of submissions in a round.
const defaultRows = 2500

func (c *cleaning) run(ctx context.Context) error {
	finished := true
	for _, step := range []func(context.Context) (bool, error){c.expired, c.tokens, c.orphans, c.emptyTokens, c.days} {
		err := context.Cause(ctx)
		done := false
		if err == nil {
			done, err = step(ctx)
		}
		if err != nil {
			c.countAnyway(ctx)
			return err
		}
		finished = finished && done
	}
	if err := c.count(ctx); err != nil {
		return err
	}
	c.report.Finished = finished
	return nil
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

// pace are the limits, as far as they have been used.
type pace struct {
	began       time.Time
	round, rows int
	over        bool
}

// start begins the first round; false if there is to be none.
func (c *cleaning) start(ctx context.Context) (bool, error) {
	c.pace.round = 1
	if c.limits.Rounds < 0 {
		c.pace.over = true
		return false, nil
	}
	return true, c.between(ctx)
}

func (c *cleaning) between(ctx context.Context) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if c.limits.Between == nil {
		return nil
	}
	defer c.others.skip()
	return c.limits.Between(ctx)
}

// next notes deleted rows. After as many as a round has, it looks at the limits
// and begins the next round, which it calls off by false.
func (c *cleaning) next(ctx context.Context, rows int) (bool, error) {
	if ctx.Err() != nil {
		return false, context.Cause(ctx)
	}
	if c.pace.rows += rows; c.pace.rows < c.limits.Rows {
		return true, nil
	}
	c.pace.rows = 0
	late := c.limits.Time > 0 && time.Since(c.pace.began) > c.limits.Time
	if late || c.limits.Rounds > 0 && c.pace.round >= c.limits.Rounds {
		c.pace.over = true
		return false, nil
	}
	c.pace.round++
	return true, c.between(ctx)
}

// countAnyway counts what remains after a run that failed, also if its context
// has ended: mosparo counts then, too. Where that is impossible, the numbers
// stay 0.
func (c *cleaning) countAnyway(ctx context.Context) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), countTime)
	defer cancel()
	_ = c.count(ctx) // the run has an error already
}

// countTime is how long a run that failed may take to count what remains.
const countTime = 5 * time.Second

// count is what mosparo shows as stored.
func (c *cleaning) count(ctx context.Context) (err error) {
	if c.report.StoredTokens, err = c.d.number(ctx, "SELECT COUNT(*) FROM submit_token"); err != nil {
		return err
	}
	c.report.StoredSubmissions, err = c.d.number(ctx, "SELECT COUNT(*) FROM submission")
	return err
}
