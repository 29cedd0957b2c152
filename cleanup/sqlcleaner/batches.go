package sqlcleaner

import (
	"context"
	"database/sql"
	"fmt"
)

// orphans deletes submissions without a token, of any age, unless a token refers to one
// as its last.
func (c *cleaning) orphans(ctx context.Context) (finished bool, err error) {
	const free = "s.submit_token_id IS NULL AND NOT EXISTS (SELECT 1 FROM submit_token t WHERE t.last_submission_id = s.id)"
	return c.inBatches(ctx, "orphan", "SELECT s.id FROM submission s WHERE s.id > ? AND "+free,
		func(ctx context.Context, tx *sql.Tx, ids []int64, deleted map[string]int) (err error) {
			where := c.d.dialect.idIn("s.id", ids) + " AND " + free
			if deleted["detection_result"], err = c.d.exec(ctx, tx, c.d.dialect.deleteBy("detection_result", "submission_id", "submission", where)); err != nil {
				return err
			}
			deleted["submission"], err = c.d.exec(ctx, tx, c.d.dialect.deleteAs("submission", "s", where))
			if err == nil && deleted["submission"] != len(ids) {
				return errAgain // some were free for the first statement only, or were deleted by another client
			}
			return err
		})
}

// emptyTokens deletes old tokens that have no submission.
func (c *cleaning) emptyTokens(ctx context.Context) (finished bool, err error) {
	const empty = "NOT EXISTS (SELECT 1 FROM submission s WHERE s.submit_token_id = t.id)"
	return c.inBatches(ctx, "submit_token", "SELECT t.id FROM submit_token t WHERE t.id > ? AND t.created_at < ? AND "+empty,
		func(ctx context.Context, tx *sql.Tx, ids []int64, deleted map[string]int) (err error) {
			locked, err := c.d.lockTokens(ctx, tx, ids)
			if err != nil {
				return err
			}
			free, err := c.d.selectIDs(ctx, tx, "SELECT t.id FROM submit_token t WHERE "+c.d.dialect.idIn("t.id", locked)+" AND "+empty+" ORDER BY t.id")
			if err != nil || len(free) == 0 {
				return err
			}
			if deleted["partial_submission"], err = c.d.exec(ctx, tx, "DELETE FROM partial_submission WHERE "+c.d.dialect.idIn("submit_token_id", free)); err != nil {
				return err
			}
			deleted["submit_token"], err = c.d.exec(ctx, tx, "DELETE FROM submit_token WHERE "+c.d.dialect.idIn("id", free))
			return err
		}, c.tokenLimit())
}

// deleteFunc deletes the rows with these ids and all that refer to them, and adds the
// numbers of deleted rows by table.
type deleteFunc func(ctx context.Context, tx *sql.Tx, ids []int64, deleted map[string]int) error

// maxLimited is how many rows mosparo deletes at most in a limited run of orphans and
// of emptyTokens.
const maxLimited = 50_000

// inBatches calls f for the ids that a query finds, with one batch a transaction. The
// first parameter of the query is the last id of the batch before.
func (c *cleaning) inBatches(ctx context.Context, step, query string, f deleteFunc, args ...any) (finished bool, err error) {
	seen := 0
	for after := int64(0); ; {
		if seen > 0 && c.rounds.isLate() || seen >= maxLimited && c.rounds.limits.Rounds != 0 {
			return false, nil
		}
		var found []int64
		deleted, err := c.oneBatch(ctx, step, &found, query+fmt.Sprintf(" ORDER BY 1 LIMIT %d", c.batchSize), append([]any{after}, args...), f)
		if err != nil || len(found) == 0 {
			return err == nil, err
		}
		after = found[len(found)-1]
		seen += len(found)
		if ctx.Err() != nil {
			return false, context.Cause(ctx)
		}
		if c.rounds.isFull(deleted["submission"] + deleted["submit_token"]) {
			if err := c.between(ctx); err != nil {
				return false, err
			}
		}
	}
}

// oneBatch finds ids and calls f in a transaction. If that is repeated, it finds them
// again.
func (c *cleaning) oneBatch(ctx context.Context, step string, found *[]int64, query string, args []any, f deleteFunc) (deleted map[string]int, err error) {
	if *found, err = c.d.readIDs(ctx, query, args...); err != nil || len(*found) == 0 {
		return nil, err
	}
	again := false
	return c.transaction(ctx, step, -1, func(tx *sql.Tx, deleted map[string]int) error {
		if again {
			ids, err := c.d.selectIDs(ctx, tx, query, args...)
			if err != nil || len(ids) == 0 {
				return err
			}
			*found = ids
		}
		again = true
		return f(ctx, tx, *found, deleted)
	})
}
