package sqlcleaner

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"
)

// How to wait for SQLite's lock. Its own busy handler ends up polling every 100 ms, and
// hardly ever finds the lock free beside clients that take it again and again: a run that
// leaves them most of the time would not get its own share.
const (
	lockPoll = time.Millisecond
	lockWait = 10 * time.Second // or the busy timeout of the driver if that is longer
)

// pollForLock calls f, and again every millisecond while SQLite is locked. Meanwhile the
// connection has no busy timeout.
func pollForLock(ctx context.Context, conn *sql.Conn, f func() error) (err error) {
	var timeout int64 // milliseconds
	if err := conn.QueryRowContext(ctx, "PRAGMA busy_timeout").Scan(&timeout); err != nil {
		return err
	}
	defer func() {
		restore := fmt.Sprintf("PRAGMA busy_timeout = %d", timeout)
		if _, failed := conn.ExecContext(context.WithoutCancel(ctx), restore); failed != nil {
			err = errors.Join(err, failed)
			discard(conn)
		}
	}()
	if _, err := conn.ExecContext(ctx, "PRAGMA busy_timeout = 0"); err != nil {
		return err
	}
	limit := max(lockWait, time.Duration(timeout)*time.Millisecond)
	for began := time.Now(); ; {
		err := f()
		if err == nil || !isConflict(err) || time.Since(began) > limit {
			return err
		}
		if err := sleep(ctx, lockPoll); err != nil {
			return err
		}
	}
}

// beginSQLite begins a transaction. It has the write lock if the driver begins immediate
// transactions.
func beginSQLite(ctx context.Context, conn *sql.Conn) (tx *sql.Tx, err error) {
	err = pollForLock(ctx, conn, func() error {
		tx, err = conn.BeginTx(ctx, nil)
		return err
	})
	if err != nil && tx != nil {
		_ = tx.Rollback()
	}
	return tx, err
}

// cacheSize is the page cache of a transaction on SQLite, in KiB. The default of 2 MB is
// less than a transaction writes: pages would be written several times, and without a
// write-ahead log readers would be locked out before the commit.
const cacheSize = 32 << 10

// enlargeCache sets the page cache of a connection until the returned function is called.
func enlargeCache(ctx context.Context, conn *sql.Conn) (restore func(), err error) {
	var size int64 // of pages, or KiB below zero
	if err := conn.QueryRowContext(ctx, "PRAGMA cache_size").Scan(&size); err != nil {
		return nil, err
	}
	if _, err := conn.ExecContext(ctx, fmt.Sprintf("PRAGMA cache_size = -%d", cacheSize)); err != nil {
		return nil, err
	}
	return func() {
		if _, err := conn.ExecContext(context.WithoutCancel(ctx), fmt.Sprintf("PRAGMA cache_size = %d", size)); err != nil {
			discard(conn)
		}
	}, nil
}
