package cleanup

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"time"

	"github.com/mosparo/go-cluster/cache"
	"github.com/mosparo/go-cluster/cleanup/internal/runrecord"
)

// recoverCrashed ends the run of a node that has crashed or given up, as far as
// its traces are still there, so that no node waits for them. It reports whether
// the run had begun and left work. This node holds the lock, so the other does not
// any longer.
func (r *lockedRun) recoverCrashed(ctx context.Context, crashed runrecord.Record) (leftWork bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, r.s.readTimeout)
	defer cancel()
	runs, err := r.s.recent(ctx)
	if err != nil {
		return false, err
	}
	if err := r.lease.Err(); err != nil {
		return false, err
	}
	traces := runrecord.NewTraces(r.s.pool, r.lease, CleanupStartedAt, crashed)
	if crashed.Row != 0 {
		leftWork, err = r.finishCrashed(ctx, runs, crashed)
	} else {
		err = r.withdrawUnconfirmed(ctx, runs, traces)
	}
	if err != nil {
		return false, err
	}
	if err := traces.ClearMarker(ctx); err != nil {
		return false, err
	}
	if err := r.lease.Err(); err != nil {
		return false, err
	}
	if slices.ContainsFunc(runs, func(run Run) bool { return run.ID == crashed.Row }) {
		if err := cache.Write(ctx, r.s.pool, r.s.historyEntries(ctx, crashed)...); err != nil {
			return false, err
		}
	}
	if leftWork {
		r.s.logger.LogAttrs(ctx, slog.LevelInfo, "ended the run of a crashed node",
			slog.String("host", crashed.Host), slog.Int("pid", crashed.PID), slog.Int64("row", crashed.Row))
	}
	return leftWork, runrecord.Key.Delete(ctx, r.s.pool)
}

// finishCrashed writes the end of a run that is still of unknown status.
func (r *lockedRun) finishCrashed(ctx context.Context, runs []Run, crashed runrecord.Record) (leftWork bool, err error) {
	for _, run := range runs {
		if run.ID != crashed.Row || run.Status != StatusUnknown {
			continue
		}
		end := endOf(crashed)
		if end.Time.IsZero() || end.Time.After(run.Time) { // a run never starts after its row's time
			end.Time = run.Time
		}
		err := r.s.db.Finish(ctx, end)
		if errors.Is(err, ErrNoRun) {
			err = nil // it has just ended by itself
		}
		return Status(crashed.Status) == StatusUnknown, err
	}
	return false, nil
}

// withdrawUnconfirmed removes the row of a run that crashed, or lost the database,
// between the insertion of the row and the reply with its id. The row is found by
// its second, executor and status, and only while the marker is the run's own: a
// PHP node writes its marker before its row. If that does not identify one row,
// it stays, and expires as one of a crashed PHP node does.
func (r *lockedRun) withdrawUnconfirmed(ctx context.Context, runs []Run, traces *runrecord.Traces) error {
	if own, err := traces.HasMarker(ctx); err != nil || !own {
		return err
	}
	crashed := traces.Record
	var found []int64
	for _, run := range runs {
		if run.Status == StatusUnknown && int(run.Executor) == crashed.Executor && run.Time.Equal(crashed.Started.Truncate(time.Second)) {
			found = append(found, run.ID)
		}
	}
	if len(found) != 1 {
		return nil
	}
	return r.s.db.Withdraw(ctx, found[0])
}
