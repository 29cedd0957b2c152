package sqlcleaner

import (
	"context"
	"database/sql"
	"errors"
	"slices"
)

// removeDue deletes due tokens of a page on PostgreSQL, without a survey: one statement
// finds, locks and deletes them. It reports whether due tokens are left, which another
// client has locked, to which another token refers, or which have very many submissions.
// more is false if the limits end the run.
func (p *pass) removeDue(ctx context.Context, page page, done float64) (left, more bool, err error) {
	for {
		var found dueTokens
		room := p.room()
		deleted, err := p.transaction(ctx, "submission", done, func(tx *sql.Tx, deleted map[string]int) (err error) {
			found, err = p.removeSomeDue(ctx, tx, page, room, deleted)
			return err
		})
		if errors.Is(err, errReferenced) {
			return true, true, nil
		}
		if err != nil {
			return false, false, err
		}
		p.deleted += deleted["submit_token"]
		left = left || found.tokens > deleted["submit_token"]
		if more, err := p.next(ctx, deleted["submission"]); err != nil || !more {
			return left, false, err
		}
		if found.submissions < room {
			return left, true, nil
		}
		page.after = found.last
	}
}

// dueTokens are due tokens that a statement has found.
type dueTokens struct {
	tokens, submissions int
	last                int64 // the highest id
}

// errReferenced means that a row which the statement would delete is referred to by one
// that stays.
var errReferenced = errors.New("a row is referred to")

// removeSomeDue deletes due tokens of a page with all rows that refer to them, the first
// ones with room submissions or a few more, and returns what it has found. PostgreSQL checks
// foreign keys at the end of a statement; see removeByOneStatement.
func (p *pass) removeSomeDue(ctx context.Context, tx *sql.Tx, page page, room int, deleted map[string]int) (found dueTokens, err error) {
	due, dueArgs := p.dueCondition("s.")
	query := `WITH
		due AS (SELECT d.id, d.n FROM (
				SELECT s.submit_token_id AS id, COUNT(*) AS n, CAST(SUM(COUNT(*)) OVER (ORDER BY s.submit_token_id) AS bigint) AS total
				FROM submission s WHERE s.submit_token_id > ? AND s.submit_token_id <= ?
				GROUP BY s.submit_token_id HAVING bool_and(` + due + ` IS TRUE)
				ORDER BY s.submit_token_id LIMIT ?
			) d WHERE d.total - d.n < ?),
		free AS (SELECT t.id FROM due d JOIN submit_token t ON t.id = d.id WHERE d.n <= ? ORDER BY t.id FOR UPDATE OF t SKIP LOCKED),
		` + deleteFree(due) + `,
		(SELECT COUNT(*) FROM due), (SELECT CAST(COALESCE(SUM(n), 0) AS bigint) FROM due), (SELECT COALESCE(MAX(id), 0) FROM due)`
	args := slices.Concat([]any{page.after, page.last}, dueArgs, []any{room, room, maxPerToken}, dueArgs)
	var partials, submissions, results, tokens int
	err = tx.QueryRowContext(ctx, p.d.dialect.Rebind(query), args...).Scan(&partials, &submissions, &results, &tokens, &found.tokens, &found.submissions, &found.last)
	if err != nil && matches(err, []string{foreignKeyViolation}, nil) {
		return found, errReferenced
	}
	deleted["partial_submission"], deleted["submission"], deleted["detection_result"], deleted["submit_token"] = partials, submissions, results, tokens
	return found, err
}

// deleteFree returns the part of a statement of PostgreSQL that deletes the tokens of the
// query free with all rows that refer to them, and selects the numbers of deleted rows.
func deleteFree(due string) string {
	return `partial AS (DELETE FROM partial_submission p USING free f WHERE p.submit_token_id = f.id RETURNING 1),
		gone AS (DELETE FROM submission s USING free f WHERE s.submit_token_id = f.id AND ` + due + ` RETURNING s.id),
		result AS (DELETE FROM detection_result r USING gone g WHERE r.submission_id = g.id RETURNING 1),
		token AS (DELETE FROM submit_token t USING free f WHERE t.id = f.id RETURNING 1)
		SELECT (SELECT COUNT(*) FROM partial), (SELECT COUNT(*) FROM gone), (SELECT COUNT(*) FROM result), (SELECT COUNT(*) FROM token)`
}
