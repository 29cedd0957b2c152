package sqlcleaner

import (
	"context"
	"database/sql"
	"fmt"
	"time"
)

// How SQLite's write lock is waited for. Its own busy handler looks every 100 ms
// in the end, and hardly ever finds the lock free beside clients that take it
// again and again: a run that leaves them most of the time would not get its
// own share.
const (
	lockPoll = time.Millisecond
	lockWait = 10 * time.Second // at least; a longer busy timeout of the driver counts
)

// beginSQLite begins a transaction and, if the driver begins immediate ones,
// asks for the write lock every millisecond meanwhile. Afterwards the connection
// has its own busy timeout again.
func beginSQLite(ctx context.Context, conn *sql.Conn) (tx *sql.Tx, err error) {
	var timeout int64 // milliseconds
	if err := conn.QueryRowContext(ctx, "PRAGMA busy_timeout").Scan(&timeout); err != nil {
		return nil, err
	}
	defer func() {
		_, failed := conn.ExecContext(context.WithoutCancel(ctx), fmt.Sprintf("PRAGMA busy_timeout = %d", timeout))
		if failed == nil {
			return
		}
		if tx != nil {
			_ = tx.Rollback()
			tx, err = nil, failed
		}
		discard(conn)
	}()
	if _, err := conn.ExecContext(ctx, "PRAGMA busy_timeout = 0"); err != nil {
		return nil, err
	}
	return pollForLock(ctx, conn, max(lockWait, time.Duration(timeout)*time.Millisecond))
}

func pollForLock(ctx context.Context, conn *sql.Conn, limit time.Duration) (*sql.Tx, error) {
	for began := time.Now(); ; {
		tx, err := conn.BeginTx(ctx, nil)
		if err == nil || !isConflict(err) || time.Since(began) > limit {
			return tx, err
		}
		if err := pause(ctx, lockPoll); err != nil {
			return nil, err
		}
	}
}
