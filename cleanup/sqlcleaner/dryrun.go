package sqlcleaner

import (
	"context"
	"database/sql"
	"fmt"

	"github.com/mosparo/go-cluster/cleanup"
)

// DryRun implements [cleanup.DryRunner]: it counts what a run without limits would
// delete now.
// The stored numbers are those that would remain.
func (d *DB) DryRun(ctx context.Context, p cleanup.Policy) (cleanup.Report, error) {
	if err := p.Validate(); err != nil {
		return cleanup.Report{}, fmt.Errorf("sqlcleaner: %w", err)
	}
	c := newCleaning(d, cleanup.Job{Policy: p})
	for _, step := range []func(context.Context) error{c.wouldSweep, c.wouldTokens, c.wouldOrphans, c.wouldEmptyTokens, c.count} {
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

// would adds the number that a query selects to those of a table.
func (c *cleaning) would(ctx context.Context, table, query string, args ...any) error {
	n, err := c.d.number(ctx, query, args...)
	c.report.Rows[table] += n
	return err
}

func (c *cleaning) wouldSweep(ctx context.Context) error {
	for _, table := range []string{"delay", "lockout"} {
		if err := c.would(ctx, table, "SELECT COUNT(*) FROM "+c.d.dialect.quote(table)+" WHERE valid_until < ?", c.d.stamp(c.now)); err != nil {
			return err
		}
	}
	for _, s := range c.storages() {
		if err := c.would(ctx, "day_statistic", "SELECT COUNT(*) FROM day_statistic WHERE date < ? AND "+s.projects, s.first); err != nil {
			return err
		}
	}
	return nil
}

func (c *cleaning) wouldTokens(ctx context.Context) error {
	newest, err := c.newestToken(ctx)
	if err != nil {
		return err
	}
	return c.pages(ctx, newest, func(_ page, all []token) (bool, error) {
		var ids []int64
		for _, t := range all {
			free, err := c.wouldGo(ctx, t)
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
		if err := c.would(ctx, "partial_submission", "SELECT COUNT(*) FROM partial_submission WHERE "+c.d.dialect.keys("submit_token_id", ids)); err != nil {
			return false, err
		}
		err := c.would(ctx, "detection_result", "SELECT COUNT(*) FROM submission s JOIN detection_result r ON r.submission_id = s.id WHERE "+c.d.dialect.keys("s.submit_token_id", ids))
		return err == nil, err
	})
}

// wouldGo reports whether a token is due and free.
func (c *cleaning) wouldGo(ctx context.Context, t token) (bool, error) {
	if t.inUse > 0 || t.named == 0 {
		return t.inUse == 0, nil
	}
	_, free, err := c.tied(ctx, t.id)
	return free, err
}

// wouldOrphans counts submissions without a token, also those that are named by
// a token that would go before.
func (c *cleaning) wouldOrphans(ctx context.Context) error {
	const from = " FROM submission s LEFT JOIN submit_token o ON o.last_submission_id = s.id"
	if err := c.would(ctx, "submission", "SELECT COUNT(*)"+from+" WHERE s.submit_token_id IS NULL AND o.id IS NULL"); err != nil {
		return err
	}
	if err := c.would(ctx, "detection_result", "SELECT COUNT(*)"+from+" JOIN detection_result r ON r.submission_id = s.id WHERE s.submit_token_id IS NULL AND o.id IS NULL"); err != nil {
		return err
	}
	for after := int64(0); ; {
		namers := map[int64]int64{} // token → submission
		var tokens []int64
		err := c.d.persist(ctx, func() error {
			clear(namers)
			tokens = nil
			return c.d.each(ctx, c.d.db, func(rows *sql.Rows) error {
				var token, submission int64
				err := rows.Scan(&token, &submission)
				namers[token] = submission
				tokens = append(tokens, token)
				return err
			}, fmt.Sprintf("SELECT o.id, s.id FROM submit_token o JOIN submission s ON s.id = o.last_submission_id WHERE s.submit_token_id IS NULL AND o.id > ? ORDER BY o.id LIMIT %d", pageSize), after)
		})
		if err != nil || len(tokens) == 0 {
			return err
		}
		after = tokens[len(tokens)-1]
		if err := c.wouldNamed(ctx, tokens, namers); err != nil {
			return err
		}
	}
}

func (c *cleaning) wouldNamed(ctx context.Context, tokens []int64, named map[int64]int64) error {
	all, err := c.surveyed(ctx, c.d.dialect.keys("s.submit_token_id", tokens))
	if err != nil {
		return err
	}
	for _, t := range all {
		free, err := c.wouldGo(ctx, t)
		if err != nil {
			return err
		}
		if !free {
			continue
		}
		c.report.Rows["submission"]++
		if err := c.would(ctx, "detection_result", "SELECT COUNT(*) FROM detection_result WHERE submission_id = ?", named[t.id]); err != nil {
			return err
		}
	}
	return nil
}

func (c *cleaning) wouldEmptyTokens(ctx context.Context) error {
	const where = " WHERE t.created_at < ? AND NOT EXISTS (SELECT 1 FROM submission s WHERE s.submit_token_id = t.id)"
	if err := c.would(ctx, "submit_token", "SELECT COUNT(*) FROM submit_token t"+where, c.oldToken()); err != nil {
		return err
	}
	return c.would(ctx, "partial_submission", "SELECT COUNT(*) FROM submit_token t JOIN partial_submission p ON p.submit_token_id = t.id"+where, c.oldToken())
}
