package cleanup

import (
	"context"
	"errors"
	"time"

	"github.com/mosparo/go-cluster/cache"
	"github.com/mosparo/go-cluster/cleanup/internal/runrecord"
)

// saveTimeout bounds what is saved after a run, also after one that was cancelled.
const saveTimeout = 10 * time.Second

// withSaveTimeout returns a context for what has to be saved although ctx may have
// ended.
func withSaveTimeout(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.WithoutCancel(ctx), saveTimeout)
}

// finish saves the end in mosparo's order: additional, next, row, marker. The
// record is saved first, so that another node can do the rest. With a lost lease
// only the node's own row is changed. What cannot be saved is left to the next
// node with the lock.
func (r *lockedRun) finish(ctx context.Context, own announcement, done cleaned) (Result, error) {
	save, cancel := withSaveTimeout(ctx)
	defer cancel()
	lost := r.lease.Err()
	result, status := ResultUnfinished, StatusIncomplete
	if done.isComplete() && lost == nil {
		result, status = ResultCompleted, StatusComplete
	}
	setEnd(&own.Record, status, done)
	if lost != nil {
		return result, errors.Join(lost, r.s.db.Finish(save, endOf(own.Record)))
	}
	own.Record.Alive = time.Time{} // nothing is deleted any longer
	planned := r.saveSchedule(save, own)
	row := r.s.db.Finish(save, endOf(own.Record))
	if errors.Is(row, ErrNoRun) {
		return result, errors.Join(planned, row, own.Remove(save)) // no node can repair that
	}
	if planned != nil || row != nil {
		return result, errors.Join(planned, row, own.Abandon(save))
	}
	return result, own.Remove(save)
}

// saveSchedule writes what follows from the run to the cache, in one request.
func (r *lockedRun) saveSchedule(ctx context.Context, own announcement) error {
	at := runrecord.Now()
	additional := AdditionalCleanup.WithNull(0)
	if Status(own.Record.Status) != StatusComplete {
		additional = AdditionalCleanup.With(at.Add(r.s.policy.UnfinishedInterval), 0)
	}
	entries := []cache.Entry{own.Entry(), additional, NextCleanup.With(at.Add(r.s.policy.ProcessInterval), 0)}
	entries = append(entries, r.s.historyEntries(ctx, own.Record)...)
	if err := r.lease.Err(); err != nil {
		return err
	}
	return cache.Write(ctx, r.s.pool, entries...)
}

// setEnd puts the end of a run into its record.
func setEnd(r *runrecord.Record, status Status, done cleaned) {
	r.Status = int(status)
	r.StoredTokens, r.DeletedTokens = done.report.StoredTokens, done.report.DeletedTokens
	r.StoredSubmissions, r.DeletedSubmissions = done.report.StoredSubmissions, done.report.DeletedSubmissions
	r.Milliseconds = done.duration.Milliseconds()
}

// endOf returns the run as its record leaves it: incomplete if it did not come to
// its end. The record may have been written to the cache by any program: mosparo
// maps the status to an enum, and could not read the table with another number.
func endOf(r runrecord.Record) Run {
	end := Run{
		ID: r.Row, Time: r.Started, Executor: Executor(r.Executor), Status: StatusIncomplete,
		StoredTokens: max(r.StoredTokens, 0), DeletedTokens: max(r.DeletedTokens, 0),
		StoredSubmissions: max(r.StoredSubmissions, 0), DeletedSubmissions: max(r.DeletedSubmissions, 0),
		Duration: time.Duration(max(r.Milliseconds, 0)) * time.Millisecond,
	}
	if Status(r.Status) == StatusComplete {
		end.Status = StatusComplete
	}
	return end
}
