package cleanup

import (
	"context"
	"errors"
	"time"

	"github.com/mosparo/go-cluster/cache"
	"github.com/mosparo/go-cluster/cleanup/internal/runrecord"
)

// finish saves the end of a run in mosparo's order: additional, next, row, marker. The
// record is saved first, so that another node can finish the run if this one cannot. If
// the lease is lost, only the node's own row is changed.
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

// saveSchedule writes record, schedule and history to the cache, in one request.
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

// setEnd stores the end of a run in its record.
func setEnd(r *runrecord.Record, status Status, done cleaned) {
	r.Status = int(status)
	r.StoredTokens, r.DeletedTokens = done.report.StoredTokens, done.report.DeletedTokens
	r.StoredSubmissions, r.DeletedSubmissions = done.report.StoredSubmissions, done.report.DeletedSubmissions
	r.Milliseconds = done.duration.Milliseconds()
}
