package sqlcleaner

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"github.com/mosparo/go-cluster/cleanup"
)

// Recent implements [cleanup.Database]. On Galera it waits until its node has what the other
// nodes have committed.
func (d *DB) Recent(ctx context.Context, n int) (rows []cleanup.Run, err error) {
	err = d.retryOutage(ctx, opRead, func() error {
		return d.withSyncWait(ctx, func(q querier) error {
			rows, err = d.recent(ctx, q, n)
			return err
		})
	})
	if err != nil {
		return nil, fmt.Errorf("sqlcleaner: reading the statistics: %w", err)
	}
	return rows, nil
}

func (d *DB) recent(ctx context.Context, q querier, n int) (all []cleanup.Run, err error) {
	err = d.scanRows(ctx, q, func(rows *sql.Rows) error {
		var r cleanup.Run
		var at string
		var seconds sql.NullFloat64
		if err := rows.Scan(&r.ID, &at, &r.Executor, &r.Status, &r.StoredTokens, &r.DeletedTokens,
			&r.StoredSubmissions, &r.DeletedSubmissions, &seconds); err != nil {
			return err
		}
		if r.Time, err = time.ParseInLocation(time.DateTime, at, d.zone); err != nil {
			return fmt.Errorf("row %d: %w", r.ID, err)
		}
		r.Duration = time.Duration(seconds.Float64 * float64(time.Second))
		all = append(all, r)
		return nil
	}, `SELECT id, `+d.dialect.asText("date_time")+`, cleanup_executor, cleanup_status,
		number_of_stored_submit_tokens, number_of_deleted_submit_tokens,
		number_of_stored_submissions, number_of_deleted_submissions, execution_time
		FROM cleanup_statistic ORDER BY date_time DESC, id DESC LIMIT ?`, n)
	return all, err
}

// Begin implements [cleanup.Database].
func (d *DB) Begin(ctx context.Context, at time.Time, by cleanup.Executor) (id int64, err error) {
	const insert = `INSERT INTO cleanup_statistic (date_time, cleanup_executor, number_of_stored_submit_tokens,
		number_of_deleted_submit_tokens, number_of_stored_submissions, number_of_deleted_submissions,
		execution_time, cleanup_status) VALUES (?, ?, 0, 0, 0, 0, 0, 0)`
	err = d.transact(ctx, func(tx *sql.Tx) error {
		if d.dialect == PostgreSQL {
			return tx.QueryRowContext(ctx, d.dialect.Rebind(insert+" RETURNING id"), d.stamp(at), int(by)).Scan(&id)
		}
		res, err := tx.ExecContext(ctx, insert, d.stamp(at), int(by))
		if err != nil {
			return err
		}
		id, err = res.LastInsertId()
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("sqlcleaner: beginning a run: %w", err)
	}
	return id, nil
}

// Touch implements [cleanup.Database].
func (d *DB) Touch(ctx context.Context, id int64, at time.Time) error {
	err := d.transact(ctx, func(tx *sql.Tx) error {
		_, err := d.exec(ctx, tx, "UPDATE cleanup_statistic SET date_time = ? WHERE id = ? AND cleanup_status = 0", d.stamp(at), id)
		return err
	})
	if err != nil {
		return fmt.Errorf("sqlcleaner: touching run %d: %w", id, err)
	}
	return nil
}

// Finish implements [cleanup.Database].
func (d *DB) Finish(ctx context.Context, r cleanup.Run) error {
	var n int
	err := d.transact(ctx, func(tx *sql.Tx) (err error) {
		n, err = d.exec(ctx, tx, `UPDATE cleanup_statistic SET date_time = ?, number_of_stored_submit_tokens = ?,
			number_of_deleted_submit_tokens = ?, number_of_stored_submissions = ?, number_of_deleted_submissions = ?,
			execution_time = ?, cleanup_status = ? WHERE id = ? AND cleanup_status = 0`,
			d.stamp(r.Time), r.StoredTokens, r.DeletedTokens, r.StoredSubmissions, r.DeletedSubmissions,
			r.Duration.Seconds(), int(r.Status), r.ID)
		return err
	})
	switch {
	case err != nil:
		return fmt.Errorf("sqlcleaner: finishing run %d: %w", r.ID, err)
	case n == 0:
		return fmt.Errorf("sqlcleaner: finishing run %d: %w", r.ID, cleanup.ErrNoRun)
	}
	return nil
}

// Withdraw implements [cleanup.Database].
func (d *DB) Withdraw(ctx context.Context, id int64) error {
	err := d.transact(ctx, func(tx *sql.Tx) error {
		_, err := d.exec(ctx, tx, "DELETE FROM cleanup_statistic WHERE id = ? AND cleanup_status = 0", id)
		return err
	})
	if err != nil {
		return fmt.Errorf("sqlcleaner: withdrawing run %d: %w", id, err)
	}
	return nil
}
