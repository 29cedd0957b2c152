package sqlcleaner

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"github.com/mosparo/go-cluster/cleanup"
)

// chunk is how many ids one statement names; it keeps transactions short.
const chunk = 250

// Clean implements [cleanup.Cleaner]: it deletes what mosparo's own cleanup
// deletes, in mosparo's order. Unlike mosparo's it does not end while anything
// is left that is due and free: rows that are held back do not stand in the
// way of others, and a token goes with any number of submissions. A submission
// that a kept token names as its last one stays.
func (d *DB) Clean(ctx context.Context, l cleanup.Limits) (cleanup.Report, error) {
	c := &cleaning{d: d, limits: l, now: time.Now(), report: cleanup.Report{Rows: map[string]int{}}}
	err := c.run(ctx)
	if err != nil {
		err = fmt.Errorf("sqlcleaner: %w", err)
	}
	return c.report, err
}

// cleaning is one run.
type cleaning struct {
	d      *DB
	limits cleanup.Limits
	now    time.Time
	report cleanup.Report
}

func (c *cleaning) run(ctx context.Context) error {
	if err := c.expired(ctx); err != nil {
		return err
	}
	finished, err := c.rounds(ctx)
	if err != nil {
		return err
	}
	for _, step := range []func(context.Context) error{c.orphans, c.emptyTokens, c.dayStatistics, c.count} {
		if err := ctx.Err(); err != nil {
			return context.Cause(ctx)
		}
		if err := step(ctx); err != nil {
			return err
		}
	}
	c.report.Finished = finished
	return nil
}

func (c *cleaning) deleted(table string, n int) { c.report.Rows[table] += n }

// delete runs one statement in a transaction of its own.
func (c *cleaning) delete(ctx context.Context, table, where string, args ...any) error {
	return c.d.tx(ctx, func(tx *sql.Tx) error {
		n, err := c.d.exec(ctx, tx, "DELETE FROM "+table+" WHERE "+where, args...)
		if err == nil {
			c.deleted(table, n)
		}
		return err
	})
}

// expired deletes delays and lockouts that are over.
func (c *cleaning) expired(ctx context.Context) error {
	for _, table := range []string{"delay", "lockout"} {
		if err := c.delete(ctx, c.d.dialect.quote(table), "valid_until < ?", c.d.stamp(c.now)); err != nil {
			return err
		}
	}
	return nil
}

// due is the condition that a submission s is past its time.
func (c *cleaning) due(s string) (cond string, args []any) {
	cond = fmt.Sprintf("(%[1]s.submitted_at < ? OR (%[1]s.submitted_at < ? AND %[2]s AND %[1]s.valid IS NULL))", s, c.d.dialect.no(s+".spam"))
	// Days are days of the calendar, hours are hours.
	old := c.now.In(c.d.zone).AddDate(0, 0, -c.d.policy.SubmissionDays())
	return cond, []any{c.d.stamp(old), c.d.stamp(c.now.Add(-c.d.policy.TokenAge()))}
}

// freeTokens finds tokens after an id that can go with all their submissions:
// all are due, and no other token names one of them as its last.
func (c *cleaning) freeTokens(ctx context.Context, after int64) ([]int64, error) {
	due, dueArgs := c.due("s")
	old, oldArgs := c.due("k")
	args := append([]any{after}, dueArgs...)
	args = append(append(args, oldArgs...), chunk)
	return c.d.ids(ctx, `SELECT t.id FROM submit_token t WHERE t.id > ?
		AND EXISTS (SELECT 1 FROM submission s WHERE s.submit_token_id = t.id AND `+due+`)
		AND NOT EXISTS (SELECT 1 FROM submission k WHERE k.submit_token_id = t.id AND NOT `+old+`)
		AND NOT EXISTS (SELECT 1 FROM submission r JOIN submit_token o ON o.last_submission_id = r.id
			WHERE r.submit_token_id = t.id AND o.id <> t.id)
		ORDER BY t.id LIMIT ?`, args...)
}

// rounds deletes tokens with their submissions; it returns whether none is
// left.
func (c *cleaning) rounds(ctx context.Context) (finished bool, err error) {
	rows := c.limits.Rows
	if rows <= 0 {
		rows = cleanup.DefaultRows
	}
	began := time.Now()
	var after int64
	progress := false
	for round := 1; c.limits.Rounds == 0 || round <= c.limits.Rounds; round++ {
		if c.limits.Between != nil {
			if err := c.limits.Between(ctx); err != nil {
				return false, err
			}
		}
		for gone := 0; gone < rows; {
			if ctx.Err() != nil {
				return false, context.Cause(ctx)
			}
			tokens, err := c.freeTokens(ctx, after)
			if err != nil {
				return false, err
			}
			if len(tokens) == 0 {
				if !progress {
					return true, nil
				}
				// What was deleted may have set others free.
				after, progress = 0, false
				continue
			}
			n, err := c.remove(ctx, tokens)
			if err != nil {
				return false, err
			}
			gone += max(n, 1)
			progress = progress || n > 0
			after = tokens[len(tokens)-1]
		}
		if c.limits.Time > 0 && time.Since(began) > c.limits.Time {
			return false, nil
		}
	}
	return false, nil
}

// remove deletes tokens with all that hangs on them, in one transaction. What
// arrived since they were chosen keeps its token.
func (c *cleaning) remove(ctx context.Context, tokens []int64) (submissions int, err error) {
	d := c.d
	list, ids := in(tokens)
	due, dueArgs := c.due("s")
	var counts map[string]int
	err = d.tx(ctx, func(tx *sql.Tx) error {
		counts = map[string]int{}
		free, err := c.stillFree(ctx, tx, list, ids, due, dueArgs)
		if err != nil || len(free) == 0 {
			return err
		}
		list, ids := in(free)
		if _, err := d.exec(ctx, tx, "UPDATE submit_token SET last_submission_id = NULL WHERE id IN "+list, ids...); err != nil {
			return err
		}
		for _, s := range []struct{ table, where string }{
			{"partial_submission", "submit_token_id IN " + list},
			{"detection_result", "submission_id IN (SELECT id FROM submission WHERE submit_token_id IN " + list + ")"},
			{"submission", "submit_token_id IN " + list},
			{"submit_token", "id IN " + list},
		} {
			if counts[s.table], err = d.exec(ctx, tx, "DELETE FROM "+s.table+" WHERE "+s.where, ids...); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return 0, err
	}
	for table, n := range counts {
		c.deleted(table, n)
	}
	c.report.DeletedTokens += counts["submit_token"]
	c.report.DeletedSubmissions += counts["submission"]
	return counts["submission"], nil
}

// stillFree are the tokens that have no submission that is not due.
func (c *cleaning) stillFree(ctx context.Context, tx *sql.Tx, list string, ids []any, due string, dueArgs []any) ([]int64, error) {
	args := append(append([]any{}, ids...), dueArgs...)
	rows, err := tx.QueryContext(ctx, c.d.dialect.rebind(
		`SELECT t.id FROM submit_token t WHERE t.id IN `+list+`
			AND NOT EXISTS (SELECT 1 FROM submission s WHERE s.submit_token_id = t.id AND NOT `+due+`)`+c.d.dialect.forUpdate()), args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var free []int64
	for rows.Next() {
		var id int64
		if err := rows.Scan(&id); err != nil {
			return nil, err
		}
		free = append(free, id)
	}
	return free, rows.Err()
}

// orphans deletes submissions without a token, of any age, that no token names
// as its last.
func (c *cleaning) orphans(ctx context.Context) error {
	const free = `s.submit_token_id IS NULL AND NOT EXISTS (SELECT 1 FROM submit_token t WHERE t.last_submission_id = s.id)`
	return c.batches(ctx, "SELECT s.id FROM submission s WHERE s.id > ? AND "+free, func(ctx context.Context, tx *sql.Tx, list string, ids []any) (map[string]int, error) {
		return c.each(ctx, tx, ids, [][2]string{
			{"detection_result", "submission_id IN " + list},
			{"submission", "id IN " + list},
		})
	})
}

// emptyTokens deletes old tokens that have no submission.
func (c *cleaning) emptyTokens(ctx context.Context) error {
	const free = `t.created_at < ? AND NOT EXISTS (SELECT 1 FROM submission s WHERE s.submit_token_id = t.id)`
	old := c.d.stamp(c.now.Add(-c.d.policy.TokenAge()))
	return c.batches(ctx, "SELECT t.id FROM submit_token t WHERE t.id > ? AND "+free, func(ctx context.Context, tx *sql.Tx, list string, ids []any) (map[string]int, error) {
		return c.each(ctx, tx, ids, [][2]string{
			{"partial_submission", "submit_token_id IN " + list},
			{"submit_token", "id IN " + list + " AND NOT EXISTS (SELECT 1 FROM submission s WHERE s.submit_token_id = submit_token.id)"},
		})
	}, old)
}

// each deletes from several tables by the same ids.
func (c *cleaning) each(ctx context.Context, tx *sql.Tx, ids []any, tables [][2]string) (map[string]int, error) {
	counts := map[string]int{}
	for _, t := range tables {
		n, err := c.d.exec(ctx, tx, "DELETE FROM "+t[0]+" WHERE "+t[1], ids...)
		if err != nil {
			return nil, err
		}
		counts[t[0]] = n
	}
	return counts, nil
}

// batches runs f over the ids that a query finds, a chunk in a transaction. The
// first argument of the query is the last id seen.
func (c *cleaning) batches(ctx context.Context, query string, f func(ctx context.Context, tx *sql.Tx, list string, ids []any) (map[string]int, error), args ...any) error {
	var after int64
	for ctx.Err() == nil {
		found, err := c.d.ids(ctx, query+" ORDER BY 1 LIMIT ?", append(append([]any{after}, args...), chunk)...)
		if err != nil || len(found) == 0 {
			return err
		}
		after = found[len(found)-1]
		list, ids := in(found)
		var counts map[string]int
		err = c.d.tx(ctx, func(tx *sql.Tx) (err error) {
			counts, err = f(ctx, tx, list, ids)
			return err
		})
		if err != nil {
			return err
		}
		for table, n := range counts {
			c.deleted(table, n)
		}
		c.report.DeletedTokens += counts["submit_token"]
		c.report.DeletedSubmissions += counts["submission"]
	}
	return context.Cause(ctx)
}

// count is what mosparo shows as stored.
func (c *cleaning) count(ctx context.Context) (err error) {
	if c.report.StoredTokens, err = c.d.number(ctx, "SELECT COUNT(*) FROM submit_token"); err != nil {
		return err
	}
	c.report.StoredSubmissions, err = c.d.number(ctx, "SELECT COUNT(*) FROM submission")
	return err
}
