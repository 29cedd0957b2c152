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

// recoverCrashed ends the run of a node that has crashed or abandoned it: it finishes
// its row, and removes its marker and record. It reports whether the run had begun and
// left work. It is safe because this node holds the lock now.
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
			slog.String("host", crashed.Host), slog.Int("pid", crashed.PID), slog.Int64("run_id", crashed.Row))
	}
	return leftWork, runrecord.Key.Delete(ctx, r.s.pool)
}

// finishCrashed finishes the row of a run if its status is still unknown.
func (r *lockedRun) finishCrashed(ctx context.Context, runs []Run, crashed runrecord.Record) (leftWork bool, err error) {
	for _, run := range runs {
		if run.ID != crashed.Row || run.Status != StatusUnknown {
			continue
		}
		end := endOf(crashed)
		if end.Time.IsZero() || end.Time.After(run.Time) { // no run starts after the time of its row
			end.Time = run.Time
		}
		err := r.s.db.Finish(ctx, end)
		if errors.Is(err, ErrNoRun) {
			err = nil // it has just ended
		}
		return Status(crashed.Status) == StatusUnknown, err
	}
	return false, nil
}

// withdrawUnconfirmed removes the row of a run that crashed, or lost its connection to
// the database, between the insertion and the reply with the id. Second, executor and
// status identify the row, provided that the marker is the run's own: a PHP node writes
// its marker before its row. If they do not identify exactly one row, it stays and
// expires like that of a crashed PHP node.
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
