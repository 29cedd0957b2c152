package sqlcleaner

import (
	"context"
	"database/sql"
	"fmt"
)

// mostOfToken is how many submissions of a token go with it in one transaction.
const mostOfToken = 1000

// shrink deletes the submissions of a token that has too many for one
// transaction, by ranges of their ids, until one transaction can take the
// rest with the token. When a new one arrives meanwhile, the token stays with it and
// with what is not yet deleted.
func (w *pass) shrink(ctx context.Context, t token, done float64) (free, more bool, err error) {
	d := w.d
	highest, err := d.number(ctx, "SELECT MAX(id) FROM submission WHERE submit_token_id = ?", t.id)
	if err != nil {
		return false, false, err
	}
	due, dueArgs := w.due("s.")
	after := int64(0) // what is deleted may still be in the indexes
	for left := t.submissions; left > mostOfToken; {
		to, err := d.ids(ctx, fmt.Sprintf("SELECT id FROM submission WHERE submit_token_id = ? AND id > ? AND id <= ? ORDER BY id LIMIT 1 OFFSET %d", min(w.room(), mostOfToken)-1), t.id, after, highest)
		if err != nil || len(to) == 0 {
			return err == nil, err == nil, err
		}
		free = false
		deleted, err := w.transaction(ctx, "submission", done, func(tx *sql.Tx, deleted map[string]int) error {
			if locked, err := d.lock(ctx, tx, "submit_token", []int64{t.id}); err != nil || len(locked) == 0 {
				return err
			}
			arrived, err := d.idsOf(ctx, tx, "SELECT id FROM submission WHERE submit_token_id = ? AND id > ? LIMIT 1", t.id, highest)
			if err != nil || len(arrived) > 0 {
				return err
			}
			free = true
			return w.removeRange(ctx, tx, deleted, t.id, after, to[0], due, dueArgs)
		})
		n := deleted["submission"]
		if err != nil || !free || n == 0 {
			w.left++
			return false, err == nil, err
		}
		left -= n
		after = to[0]
		if more, err := w.next(ctx, n); err != nil || !more {
			return false, false, err
		}
	}
	return true, true, nil
}

// removeRange deletes due submissions of a token in a range of ids.
func (c *cleaning) removeRange(ctx context.Context, tx *sql.Tx, deleted map[string]int, token, after, to int64, due string, dueArgs []any) (err error) {
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
