package sqlcleaner

import (
	"context"
	"fmt"
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

// count is what mosparo shows as stored.
func (c *cleaning) count(ctx context.Context) (err error) {
	if c.report.StoredTokens, err = c.d.number(ctx, "SELECT COUNT(*) FROM submit_token"); err != nil {
		return err
	}
	c.report.StoredSubmissions, err = c.d.number(ctx, "SELECT COUNT(*) FROM submission")
	return err
}

// countTime is how long a run that failed may take to count what remains.
const countTime = 5 * time.Second

// countAnyway counts what remains after a run that failed, also if its context
// has ended: mosparo counts then, too. Where that is impossible, the numbers
// stay 0.
func (c *cleaning) countAnyway(ctx context.Context) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), countTime)
	defer cancel()
	_ = c.count(ctx) // the run has an error already
}
