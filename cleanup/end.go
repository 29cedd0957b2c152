package cleanup

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"time"

	"github.com/mosparo/go-cluster/cache"
)

// saveTime bounds what is saved after a run, also after one that was cancelled.
const saveTime = 10 * time.Second

// saving is a context for what has to be saved although ctx may have ended.
func saving(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.WithoutCancel(ctx), saveTime)
}

// finish saves the end in PHP's order: additional, next, row, marker. The
// record comes first, so that another node can do the rest. With a lost lease
// only the own row is touched. What cannot be saved is left to whoever gets
// the lock next.
func (r *run) finish(ctx context.Context, a *Attempt, complete bool) error {
	save, cancel := saving(ctx)
	defer cancel()
	lost := r.lease.Err()
	out := r.s.policy.Finish(complete && lost == nil, now())
	a.Result = out.Result
	r.record.note(out.Status, r.report, a.Duration)
	if lost != nil {
		return errors.Join(lost, r.s.db.Finish(save, r.record.end()))
	}
	r.record.Alive = time.Time{} // nothing is deleted any longer
	planned := r.schedule(save, out)
	row := r.s.db.Finish(save, r.record.end())
	if errors.Is(row, ErrNoRow) {
		return errors.Join(planned, row, r.unmark(save)) // nobody can mend that
	}
	if planned != nil || row != nil {
		return errors.Join(planned, row, r.giveUp(save))
	}
	return r.unmark(save)
}

// schedule writes what follows from the run, in one request.
func (r *run) schedule(ctx context.Context, out Outcome) error {
	additional := AdditionalCleanup.WithNull(0)
	if out.Additional != nil {
		additional = AdditionalCleanup.With(*out.Additional, 0)
	}
	entries := []cache.Entry{RunKey.With(r.record, runKeyTTL), additional, NextCleanup.With(out.Next, 0)}
	entries = append(entries, r.s.history(ctx, r.record)...)
	if err := r.lease.Err(); err != nil {
		return err
	}
	return cache.Write(ctx, r.s.pool, entries...)
}

// unmark removes marker and record, the marker only while it is ours: there is
// no compare-and-delete, so a PHP node that writes its own between our look
// and our write loses it, and is protected by its statistic row alone.
func (r *run) unmark(ctx context.Context) error {
	if err := r.clearMarker(ctx, r.record); err != nil || r.lease.Err() != nil {
		return err // the record is somebody else's by now, or still needed
	}
	return RunKey.Delete(ctx, r.s.pool)
}

func (r *run) clearMarker(ctx context.Context, rec RunRecord) error {
	started, err := CleanupStartedAt.Get(ctx, r.s.pool)
	switch {
	case isMissing(err):
		return nil
	case err != nil:
		return err
	case !rec.owns(&started) || r.lease.Err() != nil:
		return nil
	}
	return CleanupStartedAt.SetNull(ctx, r.s.pool, 0)
}

// isMissing reports whether a key has no value that can be used.
func isMissing(err error) bool {
	var broken *cache.DecodeError
	return errors.Is(err, cache.ErrNotFound) || errors.Is(err, cache.ErrNull) || errors.As(err, &broken)
}

// withdraw undoes a start: nothing was deleted yet.
func (r *run) withdraw(ctx context.Context) error {
	save, cancel := saving(ctx)
	defer cancel()
	if r.record.Row == 0 {
		if r.lease.Err() != nil {
			return nil
		}
		// The row may be there although the database did not say so.
		if _, err := r.bury(save, r.record); err != nil {
			return errors.Join(err, r.giveUp(save))
		}
		return nil
	}
	if err := r.s.db.Withdraw(save, r.record.Row); err != nil {
		return errors.Join(err, r.giveUp(save))
	}
	return r.unmark(save)
}

// giveUp leaves the traces to whoever gets the lock next, at once.
func (r *run) giveUp(ctx context.Context) error {
	r.record.Alive = time.Time{}
	if r.lease.Err() != nil {
		return nil
	}
	return RunKey.Set(ctx, r.s.pool, r.record, runKeyTTL)
}

// bury ends the run of a node that is gone, if its traces are still there, so
// that nobody waits for them. goOn reports that the run had begun and left work.
func (r *run) bury(ctx context.Context, dead RunRecord) (goOn bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, r.s.lookTimeout)
	defer cancel()
	rows, err := r.s.recent(ctx)
	if err != nil {
		return false, err
	}
	if err := r.lease.Err(); err != nil {
		return false, err
	}
	if dead.Row != 0 {
		goOn, err = r.endRow(ctx, rows, dead)
	} else {
		err = r.withdrawUnsure(ctx, rows, dead)
	}
	if err != nil {
		return false, err
	}
	if err := r.clearMarker(ctx, dead); err != nil {
		return false, err
	}
	if err := r.lease.Err(); err != nil {
		return false, err
	}
	if wasRun := slices.ContainsFunc(rows, func(row Row) bool { return row.ID == dead.Row }); wasRun {
		if err := cache.Write(ctx, r.s.pool, r.s.history(ctx, dead)...); err != nil {
			return false, err
		}
	}
	if goOn {
		r.s.logger.LogAttrs(ctx, slog.LevelInfo, "ended the run of a node that is gone",
			slog.String("host", dead.Host), slog.Int("pid", dead.PID), slog.Int64("row", dead.Row))
	}
	return goOn, RunKey.Delete(ctx, r.s.pool)
}

// endRow writes the end of a run whose row is still of unknown status.
func (r *run) endRow(ctx context.Context, rows []Row, dead RunRecord) (goOn bool, err error) {
	for _, row := range rows {
		if row.ID != dead.Row || row.Status != StatusUnknown {
			continue
		}
		end := dead.end()
		if end.Time.IsZero() || end.Time.After(row.Time) { // a run is never younger than its row
			end.Time = row.Time
		}
		err := r.s.db.Finish(ctx, end)
		if errors.Is(err, ErrNoRow) {
			err = nil // it has just ended by itself
		}
		return dead.Status == StatusUnknown, err
	}
	return false, nil
}

// withdrawUnsure removes the row of a run that died, or lost the database, between
// asking for the row and hearing its id. The row is known by its second,
// executor and status, and by the marker: a PHP node writes its own before its
// row. When that does not name one row, it stays, and ends as one of PHP's does.
func (r *run) withdrawUnsure(ctx context.Context, rows []Row, dead RunRecord) error {
	started, err := CleanupStartedAt.Get(ctx, r.s.pool)
	switch {
	case isMissing(err):
		return nil
	case err != nil:
		return err
	case !dead.owns(&started):
		return nil
	}
	var found []int64
	for _, row := range rows {
		if row.Status == StatusUnknown && row.Executor == dead.Executor && row.Time.Equal(dead.Started.Truncate(time.Second)) {
			found = append(found, row.ID)
		}
	}
	if len(found) != 1 {
		return nil
	}
	return r.s.db.Withdraw(ctx, found[0])
}
