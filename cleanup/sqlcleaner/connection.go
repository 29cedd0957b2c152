package sqlcleaner

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"time"
)

// setVariable sets a session variable of MySQL until the returned function is called. If
// that cannot restore the variable, the connection does not return to its pool.
func setVariable(ctx context.Context, conn *sql.Conn, variable, value string) (restore func(), err error) {
	if _, err := conn.ExecContext(ctx, "SET @mosparo_"+variable+" = @@"+variable+", "+variable+" = "+value); err != nil {
		return nil, err
	}
	return func() {
		save, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
		defer cancel()
		if _, err := conn.ExecContext(save, "SET "+variable+" = @mosparo_"+variable); err != nil {
			discard(conn)
		}
	}, nil
}

// discard closes a connection instead of returning it to its pool.
func discard(conn *sql.Conn) { _ = conn.Raw(func(any) error { return driver.ErrBadConn }) }
