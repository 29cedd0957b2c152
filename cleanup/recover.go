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
// its row, makes the cleanup due now if the run has left work, and removes its marker
// and record, the record last, so that a node that crashes meanwhile is recovered as
// well. It is safe because this node holds the lock now.
func (r *lockedRun) recoverCrashed(ctx context.Context, crashed runrecord.Record) error {
	ctx, cancel := context.WithTimeout(ctx, r.s.readTimeout)
	defer cancel()
	runs, err := r.s.recent(ctx)
	if err != nil {
		return err
	}
	traces := runrecord.NewTraces(r.s.pool, r.lease, CleanupStartedAt, crashed)
	row := slices.IndexFunc(runs, func(run Run) bool { return run.ID == crashed.Row })
	switch {
	case crashed.Row == 0:
		err = r.withdrawUnconfirmed(ctx, runs, traces)
	case row >= 0:
		err = r.finishCrashed(ctx, runs[row], crashed)
	}
	if err != nil {
		return err
	}
	if err := traces.Remove(ctx); err != nil {
		return err
	}
	return r.lease.Err()
}

// finishCrashed saves the end of a crashed run in mosparo's order: first the schedule,
// then the row, unless the run has finished that itself: one that lost its lease could
// not write the schedule.
func (r *lockedRun) finishCrashed(ctx context.Context, row Run, crashed runrecord.Record) error {
	if row.Status == StatusUnknown && (crashed.Started.IsZero() || crashed.Started.After(row.Time)) { // no run starts after the time of its row
		crashed.Started = row.Time
	}
	end := endOf(crashed)
	if row.Status != StatusUnknown {
		end.Status = row.Status
	}
	leftWork := end.Status != StatusComplete
	entries := r.s.historyEntries(ctx, crashed)
	if leftWork {
		entries = append(entries, AdditionalCleanup.With(runrecord.Now(), 0))
	}
	if err := r.lease.Err(); err != nil {
		return err
	}
	if err := cache.Write(ctx, r.s.pool, entries...); err != nil {
		return err
	}
	if row.Status == StatusUnknown {
		if err := r.s.db.Finish(ctx, end); err != nil && !errors.Is(err, ErrNoRun) { // has it just ended?
			return err
		}
	}
	if leftWork {
		r.s.logger.LogAttrs(ctx, slog.LevelInfo, "ended the run of a crashed node",
			slog.String("host", crashed.Host), slog.Int("pid", crashed.PID), slog.Int64("run_id", crashed.Row))
	}
	return nil
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
	if err := r.lease.Err(); err != nil {
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
