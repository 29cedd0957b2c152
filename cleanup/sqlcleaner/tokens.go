package sqlcleaner

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"github.com/mosparo/go-cluster/cleanup"
)

// pageSize is how many tokens are looked at by one query: more than a transaction
// takes, or most transactions would be the small rest of a page.
const pageSize = 5000

// token is a submit token with submissions.
type token struct {
	id          int64
	submissions int
	inUse       int // submissions that are not due
	named       int // submissions that other tokens name as their last
}

// due is the condition that a submission is past its time. The columns have a
// prefix, such as "s.".
func (c *cleaning) due(s string) (cond string, args []any) {
	// Days are days of the calendar, hours are hours.
	old := c.now.In(c.d.zone).AddDate(0, 0, -retentionDays(c.policy))
	return "(" + s + "submitted_at < ? OR (" + s + "submitted_at < ? AND " + c.d.dialect.no(s+"spam") + " AND " + s + "valid IS NULL))",
		[]any{c.d.stamp(old), c.oldToken()}
}

// oldToken is the time before which a token is old.
func (c *cleaning) oldToken() string { return c.d.stamp(c.now.Add(-c.policy.SubmitTokenRetention)) }

// isNamed is the condition that another token names the submission s as its last.
// A join would let PostgreSQL read all tokens for it.
const isNamed = "EXISTS (SELECT 1 FROM submit_token o WHERE o.last_submission_id = s.id AND o.id <> s.submit_token_id)"

// survey looks at the submissions s that meet a condition, by their token. A
// submission whose token is gone belongs to none, as for mosparo: it stays.
func (c *cleaning) survey(ctx context.Context, q querier, where string, args ...any) (all []token, err error) {
	due, dueArgs := c.due("s.")
	err = c.d.each(ctx, q, func(rows *sql.Rows) error {
		var t token
		err := rows.Scan(&t.id, &t.submissions, &t.inUse, &t.named)
		all = append(all, t)
		return err
	}, `SELECT s.submit_token_id, COUNT(*), SUM(CASE WHEN `+due+` THEN 0 ELSE 1 END), SUM(CASE WHEN `+isNamed+` THEN 1 ELSE 0 END)
		FROM submission s JOIN submit_token t ON t.id = s.submit_token_id
		WHERE `+where+` GROUP BY s.submit_token_id ORDER BY s.submit_token_id`, append(dueArgs, args...)...)
	return all, err
}

// surveyed is the same outside of a transaction.
func (c *cleaning) surveyed(ctx context.Context, where string, args ...any) (all []token, err error) {
	err = c.d.read(ctx, func(q querier) error {
		all, err = c.survey(ctx, q, where, args...)
		return err
	})
	return all, err
}

// page is a range of token ids: after the first, up to the last.
type page struct{ after, last int64 }

// tokensOn are the tokens of a page that have submissions.
func (c *cleaning) tokensOn(ctx context.Context, p page) ([]token, error) {
	return c.surveyed(ctx, "s.submit_token_id > ? AND t.id > ? AND s.submit_token_id <= ? AND t.id <= ?", p.after, p.after, p.last, p.last)
}

// newestToken is the highest id of a token. What is stored after it was asked for
// is not due in this run.
func (c *cleaning) newestToken(ctx context.Context) (int64, error) {
	n, err := c.d.number(ctx, "SELECT COALESCE(MAX(id), 0) FROM submit_token")
	return int64(n), err
}

// pages calls f for one page of tokens after the other, up to the newest, until it
// returns false.
func (c *cleaning) pages(ctx context.Context, newest int64, f func(p page, all []token) (bool, error)) error {
	for p := (page{}); p.last < newest; p.after = p.last {
		last, err := c.d.ids(ctx, fmt.Sprintf("SELECT id FROM submit_token WHERE id > ? AND id < ? ORDER BY id LIMIT 1 OFFSET %d", pageSize-1), p.after, newest)
		if err != nil {
			return err
		}
		p.last = newest
		if len(last) > 0 {
			p.last = last[0]
		}
		all, err := c.tokensOn(ctx, p)
		if err != nil {
			return err
		}
		if more, err := f(p, all); err != nil || !more {
			return err
		}
	}
	return nil
}

// tokens deletes tokens with their submissions, pass by pass: what a pass has
// left out, since a client had it locked, may be free in the next.
func (c *cleaning) tokens(ctx context.Context) (finished bool, err error) {
	if ok, err := c.start(ctx); err != nil || !ok {
		return false, err
	}
	newest, err := c.newestToken(ctx)
	if err != nil {
		return false, err
	}
	for try := 0; try < 3; try++ {
		w := pass{cleaning: c, newest: newest}
		if err := c.pages(ctx, newest, func(p page, all []token) (bool, error) { return w.page(ctx, p, all) }); err != nil {
			return false, err
		}
		if c.pace.over || w.left == 0 {
			return !c.pace.over, nil
		}
		if w.gone > 0 {
			try = 0
		}
	}
	return false, nil
}

// pass is one way through all tokens.
type pass struct {
	*cleaning
	newest     int64 // the highest id of a token
	gone, left int   // tokens that were deleted, and that were left although due
}

// page deletes what is free of a page.
func (w *pass) page(ctx context.Context, p page, all []token) (more bool, err error) {
	done := float64(p.last) / float64(w.newest)
	var ids []int64
	rows := 0
	flush := func() (bool, error) {
		if len(ids) == 0 {
			return true, nil
		}
		n, err := w.remove(ctx, ids, done)
		ids, rows = nil, 0
		if err != nil {
			return false, err
		}
		return w.next(ctx, n)
	}
	for _, t := range all {
		if t.inUse > 0 {
			continue
		}
		free, more, err := w.prepare(ctx, t, done)
		if err != nil || !more {
			return false, err
		}
		if !free {
			continue
		}
		ids, rows = append(ids, t.id), rows+min(t.submissions, mostOfToken)
		if rows >= w.room() {
			if more, err := flush(); err != nil || !more {
				return false, err
			}
		}
	}
	return flush()
}

// prepare makes an odd token one that can be removed as others are: it unties
// it from tokens that go as well, and takes most of very many submissions away.
func (w *pass) prepare(ctx context.Context, t token, done float64) (free, more bool, err error) {
	if t.named > 0 {
		if free, err := w.untie(ctx, t.id); err != nil || !free {
			return false, true, err
		}
	}
	if t.submissions > mostOfToken {
		return w.shrink(ctx, t, done)
	}
	return true, true, nil
}

// remove deletes tokens with all that hangs on them, in one transaction. What
// got a submission since they were chosen stays: once a token is locked, none
// can arrive. One that is judged valid at the last moment is not deleted either,
// and keeps its token by the foreign key, so that all begins again.
func (w *pass) remove(ctx context.Context, tokens []int64, done float64) (submissions int, err error) {
	left := 0
	deleted, err := w.transaction(ctx, "submission", done, func(tx *sql.Tx, deleted map[string]int) (err error) {
		if w.d.dialect == PostgreSQL {
			left, err = w.removeByOneStatement(ctx, tx, tokens, deleted)
		} else {
			left, err = w.removeLocked(ctx, tx, tokens, deleted)
		}
		return err
	})
	if w.d.dialect != SQLite { // there, what cannot be locked does not exist
		w.left += left
	}
	w.gone += deleted["submit_token"]
	return deleted["submission"], err
}

// retentionDays returns how many calendar days a submission is kept.
func retentionDays(p cleanup.Policy) int { return int(p.SubmissionRetention / (24 * time.Hour)) }
