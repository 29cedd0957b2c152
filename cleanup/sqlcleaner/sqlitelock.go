package sqlcleaner

import (
	"context"
	"database/sql"
	"fmt"
	"time"
)

// How SQLite's write lock is waited for. Its busy handler looks every 100 ms in
// the end, and so hardly ever finds it free beside clients that take it again and
// again: a run that left them most of the time would not get its own share.
const (
	lockPoll = time.Millisecond
	lockWait = 10 * time.Second // at least; a longer busy timeout of the driver counts
)

// beginSQLite begins a transaction and, if the driver begins immediate ones,
// asks for the write lock every millisecond meanwhile. Within the transaction the
// connection has its own busy timeout again.
func beginSQLite(ctx context.Context, conn *sql.Conn) (*sql.Tx, error) {
	var timeout int64
	if err := conn.QueryRowContext(ctx, "PRAGMA busy_timeout").Scan(&timeout); err != nil {
		return nil, err
	}
	if _, err := conn.ExecContext(ctx, "PRAGMA busy_timeout = 0"); err != nil {
		return nil, err
	}
	restore := fmt.Sprintf("PRAGMA busy_timeout = %d", timeout)
	tx, err := pollForLock(ctx, conn, max(lockWait, time.Duration(timeout)*time.Millisecond))
	if err != nil {
		if _, failed := conn.ExecContext(context.WithoutCancel(ctx), restore); failed != nil {
			discard(conn)
		}
		return nil, err
	}
	if _, err := tx.ExecContext(context.WithoutCancel(ctx), restore); err != nil {
		_ = tx.Rollback()
		discard(conn)
		return nil, err
	}
	return tx, nil
}

func pollForLock(ctx context.Context, conn *sql.Conn, most time.Duration) (*sql.Tx, error) {
	for since := time.Now(); ; {
		tx, err := conn.BeginTx(ctx, nil)
		if err == nil || !isConflict(err) || time.Since(since) > most {
			return tx, err
		}
		if err := pause(ctx, lockPoll); err != nil {
			return nil, err
		}
	}
}
