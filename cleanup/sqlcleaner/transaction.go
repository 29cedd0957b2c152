package sqlcleaner

import (
	"context"
	"database/sql"
	"errors"
	"strings"
)

// transact runs f in a transaction, and again after a conflict with another client.
func (d *DB) transact(ctx context.Context, f func(tx *sql.Tx) error) error {
	return d.retry(ctx, opTransaction, func() error { return d.runTx(ctx, f) })
}

// transactIdempotent is transact that repeats f after an outage of the server as well.
func (d *DB) transactIdempotent(ctx context.Context, f func(conn *sql.Conn, tx *sql.Tx) error) error {
	return d.retryOutage(ctx, opTransaction, func() error { return d.runConnTx(ctx, f) })
}

// errNothingToCommit, as the error of a transaction's function, ends it with a rollback and
// no error.
var errNothingToCommit = errors.New("nothing to commit")

// runTx runs f in one transaction.
func (d *DB) runTx(ctx context.Context, f func(tx *sql.Tx) error) error {
	return d.runConnTx(ctx, func(_ *sql.Conn, tx *sql.Tx) error { return f(tx) })
}

// runConnTx runs f in one transaction, with its connection.
func (d *DB) runConnTx(ctx context.Context, f func(conn *sql.Conn, tx *sql.Tx) error) error {
	conn, err := d.db.Conn(ctx)
	if err != nil {
		return err
	}
	defer conn.Close()
	if d.dialect == SQLite {
		restore, err := enlargeCache(ctx, conn)
		if err != nil {
			return err
		}
		defer restore()
	}
	if d.dialect == MySQL {
		// A transaction that waits for no lock causes no deadlock, in which a
		// frontend's could be the victim. MySQL, unlike MariaDB, has no wait below a
		// second.
		restore, err := setVariable(ctx, conn, "innodb_lock_wait_timeout", "IF(VERSION() LIKE '%MariaDB%', 0, 1)")
		if err != nil {
			return err
		}
		defer restore()
	}
	err = d.runTxOn(ctx, conn, f)
	if err != nil && strings.Contains(err.Error(), "Error 1665") && d.noIsolation.CompareAndSwap(false, true) {
		return d.runTxOn(ctx, conn, f) // a statement-based binary log does not allow that isolation
	}
	return err
}

// runTxOn runs f in a transaction on a connection. On PostgreSQL it limits the wait for the
// locks of others, since a frontend may wait for those of this transaction meanwhile.
func (d *DB) runTxOn(ctx context.Context, conn *sql.Conn, f func(conn *sql.Conn, tx *sql.Tx) error) error {
	tx, err := d.begin(ctx, conn)
	if err != nil {
		return err
	}
	defer tx.Rollback() //nolint:errcheck // after Commit there is nothing to roll back
	if d.dialect == PostgreSQL {
		// The wait is well below deadlock_timeout, after which a frontend that waits
		// for this transaction could be the victim. Indexes are forced, since a
		// transaction takes few rows: reading a table for them would make a small
		// transaction as slow as a large one.
		if _, err := tx.ExecContext(ctx, `SELECT set_config('lock_timeout', '50ms', true), set_config('enable_seqscan', 'off', true),
			set_config('enable_hashjoin', 'off', true), set_config('enable_mergejoin', 'off', true), set_config('enable_hashagg', 'off', true),
			set_config('jit', 'off', true)`); err != nil {
			return err
		}
	}
	switch err := f(conn, tx); {
	case errors.Is(err, errNothingToCommit):
		return tx.Rollback()
	case err != nil:
		return err
	}
	return tx.Commit()
}

// begin begins a transaction that reads what is committed: it locks no gaps into which a
// frontend may insert.
func (d *DB) begin(ctx context.Context, conn *sql.Conn) (*sql.Tx, error) {
	switch {
	case d.dialect == SQLite:
		return beginSQLite(ctx, conn)
	case d.noIsolation.Load():
		return conn.BeginTx(ctx, nil)
	}
	return conn.BeginTx(ctx, &sql.TxOptions{Isolation: sql.LevelReadCommitted})
}

// lockTokens locks the tokens with these ids, except those that another client has locked, and
// returns the ids of the locked ones. A server without SKIP LOCKED waits for them instead.
func (d *DB) lockTokens(ctx context.Context, tx *sql.Tx, ids []int64) ([]int64, error) {
	query := "SELECT id FROM submit_token WHERE " + d.dialect.idIn("id", ids) + " ORDER BY id"
	switch {
	case d.dialect == SQLite: // a transaction that writes has locked the whole file
	case d.noSkip.Load():
		query += " FOR UPDATE"
	default:
		query += " FOR UPDATE SKIP LOCKED"
	}
	locked, err := d.selectIDs(ctx, tx, query)
	if err != nil && d.isUnknownSyntax(err) && d.noSkip.CompareAndSwap(false, true) {
		return nil, errors.Join(errAgain, err)
	}
	return locked, err
}

// isUnknownSyntax reports whether the server does not know SKIP LOCKED: MySQL before 8 and
// MariaDB before 10.6.
func (d *DB) isUnknownSyntax(err error) bool {
	return d.dialect == MySQL && strings.Contains(err.Error(), "Error 1064")
}
