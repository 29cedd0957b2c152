package sqlcleaner

import (
	"context"
	"database/sql"
	"reflect"
)

// fileVersion is a version of a SQLite database: two that one connection reads are equal
// only if nothing was written in between. The zero value is unknown.
type fileVersion struct {
	conn    any   // the driver's connection: kept, so that no other gets its address
	others  int64 // changes with every commit of another connection
	changed int64 // rows that this connection has changed
}

func (v fileVersion) isKnown() bool { return v.conn != nil }

// readFileVersion reads the version. q is conn, or a transaction on it.
func readFileVersion(ctx context.Context, conn *sql.Conn, q querier) (v fileVersion, err error) {
	if err := q.QueryRowContext(ctx, "SELECT data_version, total_changes() FROM pragma_data_version").Scan(&v.others, &v.changed); err != nil {
		return fileVersion{}, err
	}
	err = conn.Raw(func(c any) error {
		if reflect.TypeOf(c).Comparable() {
			v.conn = c
		}
		return nil
	})
	return v, err
}

// trackVersion calls f in a transaction, which may rely on the last survey if isUnchanged
// is set: what only this run has deleted since makes no token due or free that was not.
func (c *cleaning) trackVersion(ctx context.Context, conn *sql.Conn, tx *sql.Tx, f func(tx *sql.Tx) error) error {
	surveyed := c.surveyed
	c.surveyed, c.isUnchanged = fileVersion{}, false
	if !surveyed.isKnown() {
		return f(tx)
	}
	now, err := readFileVersion(ctx, conn, tx)
	if err != nil {
		return err
	}
	c.isUnchanged = now == surveyed
	if err := f(tx); err != nil || !c.isUnchanged {
		return err
	}
	c.surveyed, err = readFileVersion(ctx, conn, tx)
	return err
}
