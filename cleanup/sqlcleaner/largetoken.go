package sqlcleaner

import (
	"context"
	"database/sql"
	"fmt"
)

// maxPerToken is how many submissions of a token a transaction deletes with it.
const maxPerToken = 1000

// deleteMost deletes submissions of a token that has too many for one transaction, by
// ranges of their ids, until one transaction can delete the rest with the token. If a new
// submission arrives meanwhile, the token stays with it and with what is not yet
// deleted: free is false then. more is false if the limits end the run.
func (c *cleaning) deleteMost(ctx context.Context, t token, done float64) (free, more bool, err error) {
	d := c.d
	highest, err := d.readNumber(ctx, "SELECT MAX(id) FROM submission WHERE submit_token_id = ?", t.id)
	if err != nil {
		return false, false, err
	}
	due, dueArgs := c.dueCondition("s.")
	after := int64(0) // deleted rows may still be in the indexes
	for left := t.submissions; left > maxPerToken; {
		to, err := d.readIDs(ctx, fmt.Sprintf("SELECT id FROM submission WHERE submit_token_id = ? AND id > ? AND id <= ? ORDER BY id LIMIT 1 OFFSET %d", min(c.room(), maxPerToken)-1), t.id, after, highest)
		if err != nil || len(to) == 0 {
			return err == nil, err == nil, err
		}
		free = false
		deleted, err := c.transaction(ctx, "submission", done, func(tx *sql.Tx, deleted map[string]int) error {
			if locked, err := d.lockTokens(ctx, tx, []int64{t.id}); err != nil || len(locked) == 0 {
				return err
			}
			arrived, err := d.selectIDs(ctx, tx, "SELECT id FROM submission WHERE submit_token_id = ? AND id > ? LIMIT 1", t.id, highest)
			if err != nil || len(arrived) > 0 {
				return err
			}
			free = true
			return c.deleteRange(ctx, tx, deleted, t.id, after, to[0], due, dueArgs)
		})
		n := deleted["submission"]
		if err != nil || !free || n == 0 {
			return false, err == nil, err
		}
		left -= n
		after = to[0]
		if more, err := c.next(ctx, n); err != nil || !more {
			return false, false, err
		}
	}
	return true, true, nil
}

// deleteRange deletes the due submissions of a token in a range of ids.
func (c *cleaning) deleteRange(ctx context.Context, tx *sql.Tx, deleted map[string]int, token, after, to int64, due string, dueArgs []any) (err error) {
	d := c.d
	if _, err := d.exec(ctx, tx, "UPDATE submit_token SET last_submission_id = NULL WHERE id = ? AND last_submission_id IS NOT NULL", token); err != nil {
		return err
	}
	args := append([]any{token, after, to}, dueArgs...)
	where := "s.submit_token_id = ? AND s.id > ? AND s.id <= ? AND " + due
	if deleted["detection_result"], err = d.exec(ctx, tx, d.dialect.deleteBy("detection_result", "submission_id", "submission", where), args...); err != nil {
		return err
	}
	deleted["submission"], err = d.exec(ctx, tx, d.dialect.deleteAs("submission", "s", where), args...)
	return err
}
