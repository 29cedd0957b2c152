package sqlcleaner

import (
	"context"
	"database/sql"
	"fmt"

	"github.com/mosparo/go-cluster/cleanup"
)

// DryRun implements [cleanup.DryRunner]: it counts what a run without limits would delete
// now. The stored numbers are those that would remain.
func (d *DB) DryRun(ctx context.Context, p cleanup.Policy) (cleanup.Report, error) {
	if err := p.Validate(); err != nil {
		return cleanup.Report{}, fmt.Errorf("sqlcleaner: %w", err)
	}
	c := newCleaning(d, cleanup.Job{Policy: p})
	for _, step := range []func(context.Context) error{c.countExpired, c.countTokens, c.countOrphans, c.countEmptyTokens, c.count} {
		if err := step(ctx); err != nil {
			return c.report, fmt.Errorf("sqlcleaner: %w", err)
		}
	}
	r := c.report
	r.Finished = true
	r.DeletedTokens, r.DeletedSubmissions = r.Rows["submit_token"], r.Rows["submission"]
	r.StoredTokens -= r.DeletedTokens
	r.StoredSubmissions -= r.DeletedSubmissions
	return r, nil
}

// addCount adds the number that a query selects to the rows of a table.
func (c *cleaning) addCount(ctx context.Context, table, query string, args ...any) error {
	n, err := c.d.readNumber(ctx, query, args...)
	c.report.Rows[table] += n
	return err
}

// countExpired counts the rows that expired and dayStatistics delete.
func (c *cleaning) countExpired(ctx context.Context) error {
	for _, table := range []string{"delay", "lockout"} {
		if err := c.addCount(ctx, table, "SELECT COUNT(*) FROM "+c.d.dialect.quote(table)+" WHERE valid_until < ?", c.d.stamp(c.now)); err != nil {
			return err
		}
	}
	for _, s := range c.dayLimits() {
		if err := c.addCount(ctx, "day_statistic", "SELECT COUNT(*) FROM day_statistic WHERE date < ? AND "+s.projects, s.first); err != nil {
			return err
		}
	}
	return nil
}

// countTokens counts tokens with submissions, and all rows that refer to them.
func (c *cleaning) countTokens(ctx context.Context) error {
	newest, err := c.newestToken(ctx)
	if err != nil {
		return err
	}
	return c.pages(ctx, newest, func(p page) (bool, error) {
		all, err := c.tokensOn(ctx, p)
		if err != nil {
			return false, err
		}
		var ids []int64
		for _, t := range all {
			free, err := c.isFree(ctx, t)
			if err != nil {
				return false, err
			}
			if free {
				ids = append(ids, t.id)
				c.report.Rows["submission"] += t.submissions
			}
		}
		if len(ids) == 0 {
			return true, nil
		}
		c.report.Rows["submit_token"] += len(ids)
		if err := c.addCount(ctx, "partial_submission", "SELECT COUNT(*) FROM partial_submission WHERE "+c.d.dialect.idIn("submit_token_id", ids)); err != nil {
			return false, err
		}
		err = c.addCount(ctx, "detection_result", "SELECT COUNT(*) FROM submission s JOIN detection_result r ON r.submission_id = s.id WHERE "+c.d.dialect.idIn("s.submit_token_id", ids))
		return err == nil, err
	})
}

// isFree reports whether a run would delete the token: all its submissions are due, and so
// are the tokens that refer to them.
func (c *cleaning) isFree(ctx context.Context, t token) (bool, error) {
	if t.inUse > 0 || t.referenced == 0 {
		return t.inUse == 0, nil
	}
	_, due, err := c.referencing(ctx, t.id)
	return due, err
}

// countOrphans counts submissions without a token, including those to which a token
// refers that the run would delete before.
func (c *cleaning) countOrphans(ctx context.Context) error {
	const from = " FROM submission s LEFT JOIN submit_token o ON o.last_submission_id = s.id"
	if err := c.addCount(ctx, "submission", "SELECT COUNT(*)"+from+" WHERE s.submit_token_id IS NULL AND o.id IS NULL"); err != nil {
		return err
	}
	if err := c.addCount(ctx, "detection_result", "SELECT COUNT(*)"+from+" JOIN detection_result r ON r.submission_id = s.id WHERE s.submit_token_id IS NULL AND o.id IS NULL"); err != nil {
		return err
	}
	for after := int64(0); ; {
		lastOf := map[int64]int64{} // token → submission
		var tokens []int64
		err := c.d.retryOutage(ctx, opRead, func() error {
			clear(lastOf)
			tokens = nil
			return c.d.scanRows(ctx, c.d.db, func(rows *sql.Rows) error {
				var token, submission int64
				err := rows.Scan(&token, &submission)
				lastOf[token] = submission
				tokens = append(tokens, token)
				return err
			}, fmt.Sprintf("SELECT o.id, s.id FROM submit_token o JOIN submission s ON s.id = o.last_submission_id WHERE s.submit_token_id IS NULL AND o.id > ? ORDER BY o.id LIMIT %d", c.d.dialect.pageSize()), after)
		})
		if err != nil || len(tokens) == 0 {
			return err
		}
		after = tokens[len(tokens)-1]
		if err := c.countReferenced(ctx, tokens, lastOf); err != nil {
			return err
		}
	}
}

// countReferenced counts the submissions without a token to which these tokens refer, if
// the run would delete the token.
func (c *cleaning) countReferenced(ctx context.Context, tokens []int64, lastOf map[int64]int64) error {
	all, err := c.readSurvey(ctx, c.d.dialect.idIn("s.submit_token_id", tokens))
	if err != nil {
		return err
	}
	for _, t := range all {
		free, err := c.isFree(ctx, t)
		if err != nil {
			return err
		}
		if !free {
			continue
		}
		c.report.Rows["submission"]++
		if err := c.addCount(ctx, "detection_result", "SELECT COUNT(*) FROM detection_result WHERE submission_id = ?", lastOf[t.id]); err != nil {
			return err
		}
	}
	return nil
}

// countEmptyTokens counts old tokens without submissions.
func (c *cleaning) countEmptyTokens(ctx context.Context) error {
	const where = " WHERE t.created_at < ? AND NOT EXISTS (SELECT 1 FROM submission s WHERE s.submit_token_id = t.id)"
	if err := c.addCount(ctx, "submit_token", "SELECT COUNT(*) FROM submit_token t"+where, c.tokenLimit()); err != nil {
		return err
	}
	return c.addCount(ctx, "partial_submission", "SELECT COUNT(*) FROM submit_token t JOIN partial_submission p ON p.submit_token_id = t.id"+where, c.tokenLimit())
}
