package sqlcleaner

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
)

// mostTied is how many tokens may hang together. mosparo ties none.
const mostTied = 1000

// tied finds the tokens that name a submission of this one as their last, those
// that name one of theirs, and so on. It is free if all of them are due.
func (c *cleaning) tied(ctx context.Context, id int64) (all []int64, free bool, err error) {
	all = []int64{id}
	for added := all; len(added) > 0; {
		names, err := c.d.ids(ctx, `SELECT DISTINCT o.id FROM submission r JOIN submit_token o ON o.last_submission_id = r.id
			WHERE `+c.d.dialect.keys("r.submit_token_id", added)+` AND o.id <> r.submit_token_id ORDER BY o.id`)
		if err != nil {
			return nil, false, err
		}
		added = slices.DeleteFunc(names, func(n int64) bool { return slices.Contains(all, n) })
		if len(added) == 0 {
			break
		}
		if len(all)+len(added) > mostTied {
			return nil, false, nil
		}
		tokens, err := c.surveyed(ctx, c.d.dialect.keys("s.submit_token_id", added))
		if err != nil || !allDue(tokens, added) {
			return nil, false, err
		}
		all = append(all, added...)
	}
	slices.Sort(all)
	return all, true, nil
}

// allDue reports whether all these tokens have submissions, and only such that
// are due, by a survey of them.
func allDue(tokens []token, ids []int64) bool {
	inUse := func(t token) bool { return t.inUse > 0 }
	return len(tokens) == len(ids) && !slices.ContainsFunc(tokens, inUse)
}

// untie lets tokens that go together forget their last submissions. If the run
// ends after that, they are as due as they were.
func (w *pass) untie(ctx context.Context, id int64) (free bool, err error) {
	all, free, err := w.tied(ctx, id)
	if err != nil || !free {
		return false, err
	}
	_, err = w.tx(ctx, func(tx *sql.Tx) error {
		locked, err := w.d.lock(ctx, tx, "submit_token", all)
		if err != nil {
			return err
		}
		if free = len(locked) == len(all); !free {
			return nil
		}
		tokens, err := w.survey(ctx, tx, w.d.dialect.keys("s.submit_token_id", all))
		if free = allDue(tokens, all); err != nil || !free {
			return err
		}
		_, err = w.d.exec(ctx, tx, "UPDATE submit_token SET last_submission_id = NULL WHERE "+w.d.dialect.keys("id", all))
		return err
	})
	if err == nil && !free {
		w.left++
	}
	if err == nil {
		err = w.others.wait(ctx)
	}
	return free, err
}

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
