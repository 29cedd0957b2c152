package sqlcleaner

import (
	"context"
	"database/sql"
	"slices"
)

// removeByOneStatement deletes those of the tokens that are free and that no other
// client has locked, with all rows that refer to them, and returns how many stay. PostgreSQL looks
// at foreign keys when a statement ends, so that one deletes a token and its last
// submission, which name each other. It does not see a submission that was stored
// between its beginning and its lock; the foreign key does, and all begins again.
func (c *cleaning) removeByOneStatement(ctx context.Context, tx *sql.Tx, tokens []int64, deleted map[string]int) (left int, err error) {
	due, dueArgs := c.due("s.")
	// The text of the statement is always the same, so that it is prepared once.
	query := `WITH
		free AS (SELECT t.id FROM submit_token t WHERE t.id = ANY(CAST(CAST(? AS text) AS bigint[]))
			AND (SELECT bool_and(` + due + ` IS TRUE AND NOT ` + isNamed + `) FROM submission s WHERE s.submit_token_id = t.id)
			ORDER BY t.id FOR UPDATE SKIP LOCKED),
		partial AS (DELETE FROM partial_submission p USING free f WHERE p.submit_token_id = f.id RETURNING 1),
		gone AS (DELETE FROM submission s USING free f WHERE s.submit_token_id = f.id AND ` + due + ` RETURNING s.id),
		result AS (DELETE FROM detection_result r USING gone g WHERE r.submission_id = g.id RETURNING 1),
		token AS (DELETE FROM submit_token t USING free f WHERE t.id = f.id RETURNING 1)
		SELECT (SELECT COUNT(*) FROM partial), (SELECT COUNT(*) FROM gone), (SELECT COUNT(*) FROM result), (SELECT COUNT(*) FROM token)`
	args := slices.Concat([]any{"{" + list(tokens) + "}"}, dueArgs, dueArgs)
	var partials, submissions, results, gone int
	if err := tx.QueryRowContext(ctx, c.d.dialect.Rebind(query), args...).Scan(&partials, &submissions, &results, &gone); err != nil {
		return 0, err
	}
	deleted["partial_submission"], deleted["submission"], deleted["detection_result"], deleted["submit_token"] = partials, submissions, results, gone
	return len(tokens) - gone, nil
}

// removeLocked does the same with a statement for each table. Since a token and
// its last submission name each other, no order of these pleases the foreign keys:
// SQLite, if it looks at them at all, is told to wait for the commit; elsewhere the
// tokens forget their last submissions first.
func (c *cleaning) removeLocked(ctx context.Context, tx *sql.Tx, tokens []int64, deleted map[string]int) (left int, err error) {
	d := c.d
	locked, err := d.lock(ctx, tx, "submit_token", tokens)
	if err != nil {
		return 0, err
	}
	left = len(tokens) - len(locked)
	free, submissions, err := c.stillFree(ctx, tx, locked)
	if err != nil || len(free) == 0 {
		return left, err
	}
	before := "UPDATE submit_token SET last_submission_id = NULL WHERE " + d.dialect.keys("id", free) + " AND last_submission_id IS NOT NULL"
	if d.dialect == SQLite {
		before = "PRAGMA defer_foreign_keys = ON"
	}
	if _, err := tx.ExecContext(ctx, before); err != nil {
		return 0, err
	}
	due, dueArgs := c.due("")
	for _, s := range []struct {
		table, where string
		args         []any
	}{
		{"partial_submission", d.dialect.keys("submit_token_id", free), nil},
		{"detection_result", d.dialect.keys("submission_id", submissions), nil},
		{"submission", d.dialect.keys("id", submissions) + " AND " + due, dueArgs},
		{"submit_token", d.dialect.keys("id", free), nil},
	} {
		if deleted[s.table], err = d.exec(ctx, tx, "DELETE FROM "+s.table+" WHERE "+s.where, s.args...); err != nil {
			return 0, err
		}
	}
	return left, nil
}

// stillFree returns those of locked tokens that can go, and their submissions.
func (c *cleaning) stillFree(ctx context.Context, tx *sql.Tx, locked []int64) (free, submissions []int64, err error) {
	if len(locked) == 0 {
		return nil, nil, nil
	}
	due, dueArgs := c.due("s.")
	of := map[int64][]int64{} // token → submissions
	inUse := map[int64]bool{}
	err = c.d.each(ctx, tx, func(rows *sql.Rows) error {
		var id, token int64
		var isFree bool
		err := rows.Scan(&id, &token, &isFree)
		of[token] = append(of[token], id)
		inUse[token] = inUse[token] || !isFree
		return err
	}, "SELECT s.id, s.submit_token_id, CASE WHEN "+due+" AND NOT "+isNamed+" THEN 1 ELSE 0 END FROM submission s WHERE "+c.d.dialect.keys("s.submit_token_id", locked), dueArgs...)
	for token, ids := range of {
		if !inUse[token] {
			free, submissions = append(free, token), append(submissions, ids...)
		}
	}
	slices.Sort(free)
	slices.Sort(submissions)
	return free, submissions, err
}
