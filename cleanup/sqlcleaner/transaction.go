package sqlcleaner

import (
	"context"
	"database/sql"
	"errors"
	"strings"
)

// tx runs f in a transaction, again after a conflict with another client.
func (d *DB) tx(ctx context.Context, f func(tx *sql.Tx) error) error {
	return retry(ctx, func() error { return d.once(ctx, f) })
}

// txAgain runs f in a transaction, also after the connection was lost.
func (d *DB) txAgain(ctx context.Context, f func(tx *sql.Tx) error) error {
	return d.persist(ctx, func() error { return d.once(ctx, f) })
}

func (d *DB) once(ctx context.Context, f func(tx *sql.Tx) error) error {
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
		// Who does not wait is in no deadlock, whose victim would be the other
		// one. MySQL knows no time shorter than a second.
		restore, err := set(ctx, conn, "innodb_lock_wait_timeout", "IF(VERSION() LIKE '%MariaDB%', 0, 1)")
		if err != nil {
			return err
		}
		defer restore()
	}
	err = d.on(ctx, conn, f)
	if err != nil && strings.Contains(err.Error(), "Error 1665") && d.noIsolation.CompareAndSwap(false, true) {
		return d.on(ctx, conn, f) // a binary log of statements does not go with that isolation
	}
	return err
}

// on runs f in a transaction that does not wait for the locks of others while it
// holds its own: a frontend would wait with it.
func (d *DB) on(ctx context.Context, conn *sql.Conn, f func(tx *sql.Tx) error) error {
	tx, err := d.begin(ctx, conn)
	if err != nil {
		return err
	}
	defer tx.Rollback() //nolint:errcheck // after Commit there is nothing to roll back
	if d.dialect == PostgreSQL {
		// Well below deadlock_timeout, after which a frontend that waits for this
		// transaction could be chosen as the victim. And by indexes: a transaction
		// takes few rows, and reading a table for each would make small ones as
		// slow as large ones.
		if _, err := tx.ExecContext(ctx, `SELECT set_config('lock_timeout', '50ms', true), set_config('enable_seqscan', 'off', true),
			set_config('enable_hashjoin', 'off', true), set_config('enable_mergejoin', 'off', true)`); err != nil {
			return err
		}
	}
	if err := f(tx); err != nil {
		return err
	}
	return tx.Commit()
}

// begin starts a transaction that reads what is committed, and so locks no gaps
// in which a frontend may want to insert.
func (d *DB) begin(ctx context.Context, conn *sql.Conn) (*sql.Tx, error) {
	switch {
	case d.dialect == SQLite:
		return beginSQLite(ctx, conn)
	case d.noIsolation.Load():
		return conn.BeginTx(ctx, nil)
	}
	return conn.BeginTx(ctx, &sql.TxOptions{Isolation: sql.LevelReadCommitted})
}

// lock locks the rows of a table with these keys that nobody else has locked,
// and returns their ids.
func (d *DB) lock(ctx context.Context, tx *sql.Tx, table string, ids []int64) ([]int64, error) {
	query := "SELECT id FROM " + table + " WHERE " + d.dialect.keys("id", ids) + " ORDER BY id"
	switch {
	case d.dialect == SQLite: // a transaction that writes is alone
	case d.noSkip.Load():
		query += " FOR UPDATE"
	default:
		query += " FOR UPDATE SKIP LOCKED"
	}
	locked, err := d.idsOf(ctx, tx, query)
	if err != nil && d.isUnknownSyntax(err) && d.noSkip.CompareAndSwap(false, true) {
		return nil, errors.Join(errAgain, err)
	}
	return locked, err
}

// isUnknownSyntax: MySQL before 8 and MariaDB before 10.6 know no SKIP LOCKED.
func (d *DB) isUnknownSyntax(err error) bool {
	return d.dialect == MySQL && strings.Contains(err.Error(), "Error 1064")
}
