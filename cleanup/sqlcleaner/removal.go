package sqlcleaner

import (
	"context"
	"database/sql"
	"slices"
)

// removeByOneStatement deletes the tokens that are free and not locked by another client,
// with all rows that refer to them, and returns how many it skipped. PostgreSQL checks
// foreign keys at the end of a statement, so that one statement can delete a token and its
// last submission, which refer to each other. The statement does not see a submission that
// was stored between its start and its lock, but the foreign key does, and the transaction
// is repeated.
func (c *cleaning) removeByOneStatement(ctx context.Context, tx *sql.Tx, tokens []int64, deleted map[string]int) (skipped int, err error) {
	due, dueArgs := c.dueCondition("s.")
	// The ids are a parameter, so that the text of the statement is always the same and
	// the driver prepares it once.
	query := `WITH
		free AS (SELECT t.id FROM submit_token t WHERE t.id = ANY(CAST(CAST(? AS text) AS bigint[]))
			AND (SELECT bool_and(` + due + ` IS TRUE AND (o.id IS NULL OR o.id = t.id))` + c.d.dialect.withReferring() + ` WHERE s.submit_token_id = t.id)
			ORDER BY t.id FOR UPDATE SKIP LOCKED),
		` + deleteFree(due)
	args := slices.Concat([]any{"{" + joinIDs(tokens) + "}"}, dueArgs, dueArgs)
	var partials, submissions, results, gone int
	if err := tx.QueryRowContext(ctx, c.d.dialect.Rebind(query), args...).Scan(&partials, &submissions, &results, &gone); err != nil {
		return 0, err
	}
	deleted["partial_submission"], deleted["submission"], deleted["detection_result"], deleted["submit_token"] = partials, submissions, results, gone
	return len(tokens) - gone, nil
}

// deferForeignKeys lets SQLite check foreign keys, if it enforces them, at the commit.
const deferForeignKeys = "PRAGMA defer_foreign_keys = ON"

// removeLocked does the same with a statement for each table. A token and its last
// submission refer to each other, so that no order of deletes satisfies the foreign keys:
// SQLite, if it enforces them, checks them at the commit instead; on MySQL the references
// are cleared first.
func (c *cleaning) removeLocked(ctx context.Context, tx *sql.Tx, tokens []int64, deleted map[string]int) (skipped int, err error) {
	d := c.d
	locked, err := d.lockTokens(ctx, tx, tokens)
	if err != nil {
		return 0, err
	}
	skipped = len(tokens) - len(locked)
	free, submissions, err := c.stillFree(ctx, tx, locked)
	if err != nil || len(free) == 0 {
		return skipped, err
	}
	before := "UPDATE submit_token SET last_submission_id = NULL WHERE " + d.dialect.idIn("id", free) + " AND last_submission_id IS NOT NULL"
	if d.dialect == SQLite {
		before = deferForeignKeys
	}
	if _, err := tx.ExecContext(ctx, before); err != nil {
		return 0, err
	}
	due, dueArgs := c.dueCondition("")
	return skipped, c.deleteAll(ctx, tx, deleted, []deletion{
		{"partial_submission", d.dialect.idIn("submit_token_id", free), nil},
		{"detection_result", d.dialect.idIn("submission_id", submissions), nil},
		{"submission", d.dialect.idIn("id", submissions) + " AND " + due, dueArgs},
		{"submit_token", d.dialect.idIn("id", free), nil},
	})
}

// removeSurveyed does the same on SQLite, whose transactions lock the whole file, if nothing
// was written since the survey: then it needs to lock and to check nothing.
func (c *cleaning) removeSurveyed(ctx context.Context, tx *sql.Tx, tokens []int64, deleted map[string]int) error {
	if _, err := tx.ExecContext(ctx, deferForeignKeys); err != nil {
		return err
	}
	due, dueArgs := c.dueCondition("")
	ofTokens := c.d.dialect.idIn("submit_token_id", tokens)
	return c.deleteAll(ctx, tx, deleted, []deletion{
		{"partial_submission", ofTokens, nil},
		{"detection_result", "submission_id IN (SELECT id FROM submission WHERE " + ofTokens + ")", nil},
		{"submission", ofTokens + " AND " + due, dueArgs},
		{"submit_token", c.d.dialect.idIn("id", tokens), nil},
	})
}

// deletion is a DELETE statement.
type deletion struct {
	table, where string
	args         []any
}

// deleteAll executes deletions in their order, and counts the rows by table.
func (c *cleaning) deleteAll(ctx context.Context, tx *sql.Tx, deleted map[string]int, all []deletion) (err error) {
	for _, s := range all {
		if deleted[s.table], err = c.d.exec(ctx, tx, "DELETE FROM "+s.table+" WHERE "+s.where, s.args...); err != nil {
			return err
		}
	}
	return nil
}

// lockOnMySQL locks the submissions s of a query on MySQL from 8, which executes this
// comment, and fails with a conflict if one is locked. MariaDB ignores the comment, and
// never waits.
const lockOnMySQL = " /*!80001 FOR UPDATE OF s NOWAIT */"

// stillFree returns those of the locked tokens that can be deleted, and their
// submissions. On MySQL it locks these: a delete that waited for a submission of another
// client, while that waits for a token of this transaction, would be a deadlock.
func (c *cleaning) stillFree(ctx context.Context, tx *sql.Tx, locked []int64) (free, submissions []int64, err error) {
	if len(locked) == 0 {
		return nil, nil, nil
	}
	due, dueArgs := c.dueCondition("s.")
	of := map[int64][]int64{} // token → submissions
	inUse := map[int64]bool{}
	err = c.d.scanRows(ctx, tx, func(rows *sql.Rows) error {
		var id, token int64
		var isFree bool
		err := rows.Scan(&id, &token, &isFree)
		of[token] = append(of[token], id)
		inUse[token] = inUse[token] || !isFree
		return err
	}, "SELECT s.id, s.submit_token_id, CASE WHEN "+due+" AND (o.id IS NULL OR o.id = s.submit_token_id) THEN 1 ELSE 0 END"+
		c.d.dialect.withReferring()+" WHERE "+c.d.dialect.idIn("s.submit_token_id", locked)+lockOnMySQL, dueArgs...)
	for token, ids := range of {
		if !inUse[token] {
			free, submissions = append(free, token), append(submissions, ids...)
		}
	}
	slices.Sort(free)
	slices.Sort(submissions)
	return free, submissions, err
}
