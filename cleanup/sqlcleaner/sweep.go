package sqlcleaner

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
)

// expired deletes delays and lockouts that have expired.
func (c *cleaning) expired(ctx context.Context) (finished bool, err error) {
	for _, table := range []string{"delay", "lockout"} {
		if err := c.sweep(ctx, table, "valid_until", c.d.stamp(c.now), ""); err != nil {
			return false, err
		}
	}
	return true, nil
}

// sweep deletes the rows of a table whose column is before a time, in ranges of that
// column. and is a further SQL condition, or "".
func (c *cleaning) sweep(ctx context.Context, table, column, before, and string) error {
	name := c.d.dialect.quote(table)
	if and != "" {
		and = " AND " + and
	}
	after := "0001-01-01" // deleted rows may still be in the indexes
	for swept := 0; ; {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		where := column + " > ? AND " + column + " < ?" + and
		bound, err := c.bound(ctx, fmt.Sprintf("SELECT %s FROM %s WHERE %s ORDER BY %s LIMIT 1 OFFSET %d", c.d.dialect.asText(column), name, where, column, c.batchSize-1), after, before)
		if err != nil {
			return err
		}
		last, until := bound == "", before
		if !last {
			where, until = column+" > ? AND "+column+" <= ?"+and, bound
		}
		deleted, err := c.transaction(ctx, table, -1, func(tx *sql.Tx, deleted map[string]int) (err error) {
			deleted[table], err = c.d.exec(ctx, tx, "DELETE FROM "+name+" WHERE "+where, after, until)
			return err
		})
		if err != nil || last {
			return err
		}
		after = until
		// These rows are in no round, but there may be millions of them, as after an attack.
		if swept += deleted[table]; swept >= max(c.rounds.limits.Rows, defaultRows) {
			swept = 0
			if err := c.between(ctx); err != nil {
				return err
			}
		}
	}
}

// bound returns the time that a query selects, "" if there is none.
func (c *cleaning) bound(ctx context.Context, query string, args ...any) (text string, err error) {
	err = c.d.read(ctx, func(q querier) error {
		return q.QueryRowContext(ctx, c.d.dialect.Rebind(query), args...).Scan(&text)
	})
	if errors.Is(err, sql.ErrNoRows) {
		return "", nil
	}
	return text, err
}
