package sqlcleaner

import (
	"context"
	"database/sql"
	"strconv"
	"strings"
)

// deletion is a statement that deletes rows of a table.
type deletion struct {
	table, statement string
	args             []any
}

// removeAll deletes locked tokens with all that hangs on them. A token and its
// last submission name each other, so that no order of statements pleases the
// foreign keys: PostgreSQL looks at them when a statement ends, and gets one for
// all; SQLite, if at all, can be told to wait for the commit; elsewhere the
// tokens forget their submissions first.
func (c *cleaning) removeAll(ctx context.Context, tx *sql.Tx, tokens []int64, deleted map[string]int) error {
	d := c.d
	due, dueArgs := c.due("")
	hers, of := d.dialect.keys("submit_token_id", tokens), d.dialect.keys("s.submit_token_id", tokens)
	all := []deletion{
		{"partial_submission", "DELETE FROM partial_submission WHERE " + hers, nil},
		{"detection_result", d.dialect.deleteBy("detection_result", "submission_id", "submission", of), nil},
		{"submission", "DELETE FROM submission WHERE " + hers + " AND " + due, dueArgs},
		{"submit_token", "DELETE FROM submit_token WHERE " + d.dialect.keys("id", tokens), nil},
	}
	if d.dialect == PostgreSQL {
		return d.deleteAtOnce(ctx, tx, all, deleted)
	}
	before := "UPDATE submit_token SET last_submission_id = NULL WHERE " + d.dialect.keys("id", tokens) + " AND last_submission_id IS NOT NULL"
	if d.dialect == SQLite {
		before = "PRAGMA defer_foreign_keys = ON"
	}
	if _, err := tx.ExecContext(ctx, before); err != nil {
		return err
	}
	for _, s := range all {
		n, err := d.exec(ctx, tx, s.statement, s.args...)
		if err != nil {
			return err
		}
		deleted[s.table] += n
	}
	return nil
}

// deleteAtOnce runs deletions as one statement of PostgreSQL.
func (d *DB) deleteAtOnce(ctx context.Context, tx *sql.Tx, all []deletion, deleted map[string]int) error {
	with, counts := make([]string, len(all)), make([]string, len(all))
	numbers, into := make([]int, len(all)), make([]any, len(all))
	var args []any
	for i, s := range all {
		name := "d" + strconv.Itoa(i)
		with[i], counts[i] = name+" AS ("+s.statement+" RETURNING 1)", "(SELECT COUNT(*) FROM "+name+")"
		into[i], args = &numbers[i], append(args, s.args...)
	}
	query := "WITH " + strings.Join(with, ", ") + " SELECT " + strings.Join(counts, ", ")
	err := tx.QueryRowContext(ctx, d.dialect.Rebind(query), args...).Scan(into...)
	for i, s := range all {
		deleted[s.table] += numbers[i]
	}
	return err
}
