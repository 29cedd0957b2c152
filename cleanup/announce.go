package cleanup

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/mosparo/go-cluster/cleanup/internal/runrecord"
)

// announcement is what a run has written to be seen: marker and row for PHP nodes, the
// record for Go nodes.
type announcement struct {
	*runrecord.Traces
	others knownRuns
}

// announce is the handshake with PHP nodes, which read the statistics and insert their
// row in two steps. It writes marker and record, then the row, waits for the guard
// time, in which a PHP node between its two steps inserts its row, and reads the
// statistics again. The error wraps [ErrConcurrentRun] if there is such a row. With any
// error the announcement is what may have been written, for withdraw.
func (r *lockedRun) announce(ctx context.Context, before []Run) (announcement, error) {
	own := announcement{Traces: runrecord.NewTraces(r.s.pool, r.lease, CleanupStartedAt, r.newRecord()), others: newKnownRuns(before)}
	if err := r.write(ctx, own.Announce); err != nil {
		return own, err
	}
	if err := r.insertRow(ctx, own); err != nil {
		return own, err
	}
	if err := r.write(ctx, own.Save); err != nil {
		return own, err
	}
	if err := r.waitGuard(ctx); err != nil {
		return own, err
	}
	return own, r.checkConcurrent(ctx, own)
}

func (r *lockedRun) newRecord() runrecord.Record {
	at := runrecord.Now()
	host, err := os.Hostname()
	if err != nil || host == "" {
		host = "unknown"
	}
	return runrecord.Record{
		Executor: int(r.req.by), Marker: at, Previous: at, Started: at,
		Fence: runrecord.Fence(r.lease.Fence()), Host: host, PID: os.Getpid(),
	}
}

func (r *lockedRun) insertRow(ctx context.Context, own announcement) error {
	if err := r.lease.Err(); err != nil {
		return err
	}
	return r.write(ctx, func(ctx context.Context) (err error) {
		own.Record.Row, err = r.s.db.Begin(ctx, own.Record.Started, r.req.by)
		if err == nil {
			setRunID(ctx, own.Record.Row)
			own.others.add(own.Record.Row)
		}
		return err
	})
}

func (r *lockedRun) waitGuard(ctx context.Context) error {
	t := time.NewTimer(r.s.guard)
	defer t.Stop()
	select {
	case <-t.C:
		return r.lease.Err()
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-r.lease.Context().Done():
		return r.lease.Err()
	}
}

// checkConcurrent returns an error that wraps [ErrConcurrentRun] if another node
// has begun a run since the snapshot.
func (r *lockedRun) checkConcurrent(ctx context.Context, own announcement) error {
	if err := r.lease.Err(); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, r.s.readTimeout)
	defer cancel()
	runs, err := r.s.recent(ctx)
	if err != nil {
		return err
	}
	if other := own.others.firstNew(runs); other != nil {
		return fmt.Errorf("%w: row %d, %s, %s", ErrConcurrentRun, other.ID, other.Executor, other.Status)
	}
	return nil
}

// knownRuns is the set of runs in a snapshot, and the node's own.
type knownRuns struct {
	ids   map[int64]bool
	floor *Run // the oldest of the snapshot, if there may be older ones
}

func newKnownRuns(runs []Run) knownRuns {
	k := knownRuns{ids: map[int64]bool{}}
	for _, r := range runs {
		k.add(r.ID)
	}
	if len(runs) >= recentRuns {
		k.floor = &runs[len(runs)-1]
	}
	return k
}

func (k knownRuns) add(id int64) { k.ids[id] = true }

// firstNew returns the newest run that is not in the set, nil if there is none. Its
// status does not matter: a short PHP run may be complete by now. A run older than the
// whole snapshot is not new: it has moved up, since others were withdrawn.
func (k knownRuns) firstNew(runs []Run) *Run {
	for i, r := range runs {
		if !k.ids[r.ID] && (k.floor == nil || !older(r, *k.floor)) {
			return &runs[i]
		}
	}
	return nil
}

// withdraw undoes an announcement before anything was deleted.
func (r *lockedRun) withdraw(ctx context.Context, own announcement) error {
	save, cancel := withSaveTimeout(ctx)
	defer cancel()
	if own.Record.Row != 0 {
		if err := r.s.db.Withdraw(save, own.Record.Row); err != nil {
			return errors.Join(err, own.Abandon(save))
		}
		return own.Remove(save)
	}
	if r.lease.Err() != nil {
		return nil
	}
	// The row may be there although the database did not confirm it.
	if err := r.recoverCrashed(save, own.Record); err != nil {
		return errors.Join(err, own.Abandon(save))
	}
	return nil
}
