package sqlcleaner

import (
	"context"
	"database/sql"
	"errors"
	"strings"
	"time"
)

// begin starts a transaction that reads what is committed, and so locks no gaps
// in which a frontend may want to insert.
func (d *DB) begin(ctx context.Context) (*sql.Tx, error) {
	if d.dialect == SQLite || d.noIsolation.Load() {
		return d.db.BeginTx(ctx, nil)
	}
	return d.db.BeginTx(ctx, &sql.TxOptions{Isolation: sql.LevelReadCommitted})
}

// tx runs f in a transaction, again after a conflict with another client.
func (d *DB) tx(ctx context.Context, f func(tx *sql.Tx) error) error {
	return retry(ctx, func() error { return d.once(ctx, f) })
}

// txAgain runs f in a transaction, also after the connection was lost.
func (d *DB) txAgain(ctx context.Context, f func(tx *sql.Tx) error) error {
	return d.persist(ctx, func() error { return d.once(ctx, f) })
}

func (d *DB) once(ctx context.Context, f func(tx *sql.Tx) error) error {
	tx, err := d.begin(ctx)
	if err != nil {
		return err
	}
	defer tx.Rollback() //nolint:errcheck // after Commit there is nothing to roll back
	if err := d.impatient(ctx, tx, f); err != nil {
		if strings.Contains(err.Error(), "Error 1665") && d.noIsolation.CompareAndSwap(false, true) {
			// A binary log of statements does not go with this isolation.
			_ = tx.Rollback() // it gives the connection back, whatever it says
			return d.once(ctx, f)
		}
		return err
	}
	return tx.Commit()
}

// impatient runs f so that it does not wait for the locks of others while it
// holds its own: a frontend would wait with it.
func (d *DB) impatient(ctx context.Context, tx *sql.Tx, f func(tx *sql.Tx) error) error {
	switch d.dialect {
	case PostgreSQL:
		if _, err := tx.ExecContext(ctx, "SET LOCAL lock_timeout = '250ms'"); err != nil {
			return err
		}
	case MySQL:
		// Who does not wait is in no deadlock, whose victim would be the other
		// one. MySQL knows no time shorter than a second. The connection goes
		// back to its pool as it came.
		const shorten = "SET @mosparo_wait = @@innodb_lock_wait_timeout, innodb_lock_wait_timeout = IF(VERSION() LIKE '%MariaDB%', 0, 1)"
		if _, err := tx.ExecContext(ctx, shorten); err != nil {
			return err
		}
		defer func() {
			save, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
			defer cancel()
			_, _ = tx.ExecContext(save, "SET innodb_lock_wait_timeout = @mosparo_wait") // a lost connection does not go back
		}()
	}
	return f(tx)
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

// errAgain ends a transaction that has to be done again.
var errAgain = errors.New("the rows have changed meanwhile")
