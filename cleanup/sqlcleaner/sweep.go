package sqlcleaner

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"
)

// expired deletes delays and lockouts that are over.
func (c *cleaning) expired(ctx context.Context) (finished bool, err error) {
	for _, table := range []string{"delay", "lockout"} {
		if err := c.sweep(ctx, table, "valid_until", c.d.stamp(c.now), ""); err != nil {
			return false, err
		}
	}
	return true, nil
}

// sweep deletes the rows of a table whose time is before another, in ranges of
// that time, and only those that meet a further condition, if any.
func (c *cleaning) sweep(ctx context.Context, table, column, before, and string) error {
	name := c.d.dialect.quote(table)
	if and != "" {
		and = " AND " + and
	}
	after := "0001-01-01" // what is deleted may still be in the indexes
	for {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		where := column + " > ? AND " + column + " < ?" + and
		bound, err := c.bound(ctx, fmt.Sprintf("SELECT %s FROM %s WHERE %s ORDER BY %s LIMIT 1 OFFSET %d", c.d.dialect.text(column), name, where, column, c.batch-1), after, before)
		if err != nil {
			return err
		}
		last, until := bound == "", before
		if !last {
			where, until = column+" > ? AND "+column+" <= ?"+and, bound
		}
		if _, err := c.transaction(ctx, table, -1, func(tx *sql.Tx, deleted map[string]int) (err error) {
			deleted[table], err = c.d.exec(ctx, tx, "DELETE FROM "+name+" WHERE "+where, after, until)
			return err
		}); err != nil || last {
			return err
		}
		after = until
	}
}

// bound is the time that a query selects; "" if there is none.
func (c *cleaning) bound(ctx context.Context, query string, args ...any) (text string, err error) {
	err = c.d.read(ctx, func(q querier) error {
		return q.QueryRowContext(ctx, c.d.dialect.Rebind(query), args...).Scan(&text)
	})
	if errors.Is(err, sql.ErrNoRows) {
		return "", nil
	}
	return text, err
}

// mostOdd is how many rows mosparo deletes in a limited run of each of the next
// two steps.
const mostOdd = 50_000

// orphans deletes submissions without a token, of any age, that no token names
// as its last.
func (c *cleaning) orphans(ctx context.Context) (finished bool, err error) {
	const free = "s.submit_token_id IS NULL AND NOT EXISTS (SELECT 1 FROM submit_token t WHERE t.last_submission_id = s.id)"
	return c.batches(ctx, "orphan", "SELECT s.id FROM submission s WHERE s.id > ? AND "+free,
		func(ctx context.Context, tx *sql.Tx, ids []int64, deleted map[string]int) (err error) {
			where := c.d.dialect.keys("s.id", ids) + " AND " + free
			if deleted["detection_result"], err = c.d.exec(ctx, tx, c.d.dialect.deleteBy("detection_result", "submission_id", "submission", where)); err != nil {
				return err
			}
			deleted["submission"], err = c.d.exec(ctx, tx, c.d.dialect.deleteAs("submission", "s", where))
			if err == nil && deleted["submission"] != len(ids) {
				return errAgain // some were free for the first statement only, or another client has deleted them
			}
			return err
		})
}

// emptyTokens deletes old tokens that have no submission.
func (c *cleaning) emptyTokens(ctx context.Context) (finished bool, err error) {
	const empty = "NOT EXISTS (SELECT 1 FROM submission s WHERE s.submit_token_id = t.id)"
	return c.batches(ctx, "submit_token", "SELECT t.id FROM submit_token t WHERE t.id > ? AND t.created_at < ? AND "+empty,
		func(ctx context.Context, tx *sql.Tx, ids []int64, deleted map[string]int) (err error) {
			locked, err := c.d.lock(ctx, tx, "submit_token", ids)
			if err != nil {
				return err
			}
			free, err := c.d.idsOf(ctx, tx, "SELECT t.id FROM submit_token t WHERE "+c.d.dialect.keys("t.id", locked)+" AND "+empty+" ORDER BY t.id")
			if err != nil || len(free) == 0 {
				return err
			}
			if deleted["partial_submission"], err = c.d.exec(ctx, tx, "DELETE FROM partial_submission WHERE "+c.d.dialect.keys("submit_token_id", free)); err != nil {
				return err
			}
			deleted["submit_token"], err = c.d.exec(ctx, tx, "DELETE FROM submit_token WHERE "+c.d.dialect.keys("id", free))
			return err
		}, c.oldToken())
}

// batches runs f over the ids that a query finds, a batch in a transaction. The
// first argument of the query is the last id seen.
func (c *cleaning) batches(ctx context.Context, step, query string, f func(ctx context.Context, tx *sql.Tx, ids []int64, deleted map[string]int) error, args ...any) (finished bool, err error) {
	seen := 0
	for after := int64(0); ; {
		if c.limits.Time > 0 && time.Since(c.pace.began) > c.limits.Time && seen > 0 || c.limits.Rounds != 0 && seen >= mostOdd {
			return false, nil
		}
		var found []int64
		deleted, err := c.transactionOn(ctx, step, &found, query+fmt.Sprintf(" ORDER BY 1 LIMIT %d", c.batch), append([]any{after}, args...), f)
		if err != nil || len(found) == 0 {
			return err == nil, err
		}
		after = found[len(found)-1]
		seen += len(found)
		if ctx.Err() != nil {
			return false, context.Cause(ctx)
		}
		if c.pace.rows += deleted["submission"] + deleted["submit_token"]; c.pace.rows >= c.limits.Rows {
			c.pace.rows = 0
			if err := c.between(ctx); err != nil {
				return false, err
			}
		}
	}
}

// transactionOn finds ids and works on them; when they have changed meanwhile,
// it finds them again.
func (c *cleaning) transactionOn(ctx context.Context, step string, found *[]int64, query string, args []any,
	f func(ctx context.Context, tx *sql.Tx, ids []int64, deleted map[string]int) error,
) (deleted map[string]int, err error) {
	if *found, err = c.d.ids(ctx, query, args...); err != nil || len(*found) == 0 {
		return nil, err
	}
	again := false
	return c.transaction(ctx, step, -1, func(tx *sql.Tx, deleted map[string]int) error {
		if again {
			ids, err := c.d.idsOf(ctx, tx, query, args...)
			if err != nil || len(ids) == 0 {
				return err
			}
			*found = ids
		}
		again = true
		return f(ctx, tx, *found, deleted)
	})
}

// dayStart is what mosparo compares a date with on SQLite has behind it.
const dayStart = " 00:00:00"

// storage are mosparo's limits of the day statistics. FOREVER keeps all, and
// any other text counts as 14D.
var storage = map[string]struct{ years, months int }{
	"1M": {0, 1}, "2M": {0, 2}, "3M": {0, 3}, "6M": {0, 6}, "1Y": {1, 0}, "2Y": {2, 0},
}

// days deletes the days that are past their project's limit.
func (c *cleaning) days(ctx context.Context) (finished bool, err error) {
	for _, s := range c.storages() {
		if err := c.sweep(ctx, "day_statistic", "date", s.first, s.projects); err != nil {
			return false, err
		}
	}
	return true, nil
}

// storages are the first day that is kept, and the condition on the projects of
// which it is.
func (c *cleaning) storages() (all []struct{ first, projects string }) {
	add := func(first time.Time, limit string) {
		day := first.Format(time.DateOnly)
		if c.d.dialect == SQLite {
			// There mosparo compares the text of the date with one that has a
			// time behind it, so that the first day goes as well.
			day += dayStart
		}
		all = append(all, struct{ first, projects string }{day, "project_id IN (SELECT id FROM project WHERE statistic_storage_limit " + limit + ")"})
	}
	today := c.now.In(c.d.zone)
	known := "'FOREVER'"
	for name, s := range storage {
		add(today.AddDate(-s.years, -s.months, 0), "= '"+name+"'")
		known += ", '" + name + "'"
	}
	add(today.AddDate(0, 0, -14), "NOT IN ("+known+")")
	return all
}
