package sqlcleaner

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
)

// token is a submit token with submissions.
type token struct {
	id          int64
	submissions int
	inUse       int // submissions that are not due
	referenced  int // submissions to which other tokens refer as their last
	own         int // submissions to which the token itself refers as its last: 0 or 1
}

// dueCondition is the SQL condition that a submission has expired. s is the prefix of
// its columns, such as "s.".
func (c *cleaning) dueCondition(s string) (cond string, args []any) {
	// As in mosparo, days are calendar days, which may have 23 or 25 hours.
	old := c.now.In(c.d.zone).AddDate(0, 0, -retentionDays(c.policy))
	return "(" + s + "submitted_at < ? OR (" + s + "submitted_at < ? AND " + c.d.dialect.isFalse(s+"spam") + " AND " + s + "valid IS NULL))",
		[]any{c.d.stamp(old), c.tokenLimit()}
}

// tokenLimit is the time before which a token has expired.
func (c *cleaning) tokenLimit() string { return c.d.stamp(c.now.Add(-c.policy.SubmitTokenRetention)) }

// withReferring returns the FROM clause of submissions s with the token o, if any, that
// refers to s as its last: usually the one to which s belongs. The column is unique, and
// its index has all that is needed. For a plain join, PostgreSQL would read all tokens.
func (d Dialect) withReferring() string {
	if d == PostgreSQL {
		return " FROM submission s LEFT JOIN LATERAL (SELECT o.id FROM submit_token o WHERE o.last_submission_id = s.id LIMIT 1) o ON TRUE"
	}
	return " FROM submission s LEFT JOIN submit_token o ON o.last_submission_id = s.id"
}

// survey counts the submissions s that meet a condition, by token, which may not exist.
func (c *cleaning) survey(ctx context.Context, q querier, where string, args ...any) (all []token, err error) {
	due, dueArgs := c.dueCondition("s.")
	err = c.d.scanRows(ctx, q, func(rows *sql.Rows) error {
		var t token
		err := rows.Scan(&t.id, &t.submissions, &t.inUse, &t.referenced, &t.own)
		all = append(all, t)
		return err
	}, `SELECT s.submit_token_id, COUNT(*), SUM(CASE WHEN `+due+` THEN 0 ELSE 1 END),
		SUM(CASE WHEN o.id <> s.submit_token_id THEN 1 ELSE 0 END), SUM(CASE WHEN o.id = s.submit_token_id THEN 1 ELSE 0 END)`+
		c.d.dialect.withReferring()+` WHERE `+where+` GROUP BY s.submit_token_id ORDER BY s.submit_token_id`, append(dueArgs, args...)...)
	return all, err
}

// readSurvey is survey outside of a transaction.
func (c *cleaning) readSurvey(ctx context.Context, where string, args ...any) (all []token, err error) {
	err = c.d.read(ctx, func(q querier) error {
		all, err = c.survey(ctx, q, where, args...)
		return err
	})
	return all, err
}

// pageSize is how many tokens one query surveys: several times as many as a transaction
// takes, or many transactions would be the small rest of a page.
func (d Dialect) pageSize() int {
	if d == SQLite {
		return 10_000
	}
	return 5000
}

// page is a range of token ids: above after, up to last.
type page struct{ after, last int64 }

// newestToken returns the highest id of a token, 0 if there is none. Tokens that are stored
// later are not due in this run.
func (c *cleaning) newestToken(ctx context.Context) (int64, error) {
	n, err := c.d.readNumber(ctx, "SELECT COALESCE(MAX(id), 0) FROM submit_token")
	return int64(n), err
}

// pages calls f for each page of tokens up to the newest, until it returns false.
func (c *cleaning) pages(ctx context.Context, newest int64, f func(p page) (bool, error)) error {
	for p := (page{}); p.last < newest; p.after = p.last {
		last, err := c.d.readIDs(ctx, fmt.Sprintf("SELECT id FROM submit_token WHERE id > ? AND id < ? ORDER BY id LIMIT 1 OFFSET %d", c.d.dialect.pageSize()-1), p.after, newest)
		if err != nil {
			return err
		}
		p.last = newest
		if len(last) > 0 {
			p.last = last[0]
		}
		if more, err := f(p); err != nil || !more {
			return err
		}
	}
	return nil
}

// tokensOn returns the tokens of a page that have submissions.
func (c *cleaning) tokensOn(ctx context.Context, p page) (all []token, err error) {
	err = c.d.read(ctx, func(q querier) (err error) {
		c.surveyed = fileVersion{}
		if conn, ok := q.(*sql.Conn); ok {
			if c.surveyed, err = readFileVersion(ctx, conn, conn); err != nil {
				return err
			}
		}
		all, err = c.survey(ctx, q, "s.submit_token_id > ? AND s.submit_token_id <= ?", p.after, p.last)
		return err
	})
	if err != nil {
		return nil, err
	}
	return c.existing(ctx, all)
}

// existing returns the tokens that exist. As for mosparo, a submission whose token does
// not exist belongs to none, and stays. A token that refers to a submission of its own
// exists, so that few have to be looked up.
func (c *cleaning) existing(ctx context.Context, all []token) ([]token, error) {
	var unsure []int64
	for _, t := range all {
		if t.own == 0 {
			unsure = append(unsure, t.id)
		}
	}
	if len(unsure) == 0 {
		return all, nil
	}
	found, err := c.d.readIDs(ctx, "SELECT id FROM submit_token WHERE "+c.d.dialect.idIn("id", unsure)+" ORDER BY id")
	return slices.DeleteFunc(all, func(t token) bool {
		if t.own > 0 {
			return false
		}
		_, exists := slices.BinarySearch(found, t.id)
		return !exists
	}), err
}
