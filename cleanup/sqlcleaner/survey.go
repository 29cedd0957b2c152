package sqlcleaner

import (
	"context"
	"database/sql"
	"fmt"
)

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

// pageSize is how many tokens are looked at by one query: more than a transaction
// takes, or most transactions would be the small rest of a page.
const pageSize = 5000

// page is a range of token ids: after the first, up to the last.
type page struct {
	after, last int64
	end         bool // nothing comes after it
}

// pages calls f for one page of tokens after the other, until it returns false.
func (c *cleaning) pages(ctx context.Context, f func(p page, all []token) (bool, error)) error {
	for p := (page{}); !p.end; p.after = p.last {
		last, err := c.d.ids(ctx, fmt.Sprintf("SELECT id FROM submit_token WHERE id > ? ORDER BY id LIMIT 1 OFFSET %d", pageSize-1), p.after)
		if err != nil {
			return err
		}
		if p.end = len(last) == 0; !p.end {
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

// tokensOn are the tokens of a page that have submissions.
func (c *cleaning) tokensOn(ctx context.Context, p page) ([]token, error) {
	where, args := "s.submit_token_id > ? AND t.id > ?", []any{p.after, p.after}
	if !p.end {
		where, args = where+" AND s.submit_token_id <= ? AND t.id <= ?", append(args, p.last, p.last)
	}
	return c.surveyed(ctx, where, args...)
}
