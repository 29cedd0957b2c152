package sqlcleaner

import (
	"context"
	"database/sql"
	"fmt"
	"time"
)

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

// mostOdd is how many rows mosparo deletes in a limited run of each of the next
// two steps.
const mostOdd = 50_000
