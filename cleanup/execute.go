package cleanup

import (
	"context"
	"errors"
	"time"

	"github.com/mosparo/go-cluster/cleanup/internal/runrecord"
)

// execute runs the phases: snapshot, recovery of a crashed run, and, if the cleanup is
// due, announce, clean and finish. Unlike the snapshot before the lock, no other Go node
// can make this one outdated.
func (r *lockedRun) execute(ctx context.Context) (Attempt, error) {
	v, err := r.s.snapshot(ctx, true)
	if err != nil {
		return Attempt{Result: ResultUnavailable}, err
	}
	a := r.req.decide(v)
	firstSchedule := v.isFresh() && v.record == nil && !r.req.forced
	switch {
	case v.isBlocked():
		return a, nil
	case v.record != nil && time.Now().Before(v.record.AliveUntil()):
		// The lock server has lost a lease, and its holder may not know yet.
		a.Result = ResultAlreadyRunning
		a.RetryAfter = time.Until(v.record.AliveUntil()) + r.s.jitter()
		return a, nil
	case v.record == nil && !firstSchedule && !a.Decision.Run:
		return a, nil
	}
	if err := r.s.check(ctx, v.Snapshot); err != nil {
		a.Result = resultOf(err)
		return a, err
	}
	if firstSchedule {
		return a, r.writeFirstSchedule(ctx)
	}
	if v.record != nil { // of a node that holds the lock no longer
		if err := r.recoverCrashed(ctx, *v.record); err != nil {
			return Attempt{Result: ResultUnavailable}, err
		}
		if v, err = r.s.snapshot(ctx, true); err != nil {
			return Attempt{Result: ResultUnavailable}, err
		}
		a = r.req.decide(v)
	}
	if !a.Decision.Run {
		return a, nil
	}
	return r.announceAndClean(ctx, a, v.all)
}

// writeFirstSchedule plans the first cleanup of a cluster: PHP nodes never start one
// without a schedule and without runs.
func (r *lockedRun) writeFirstSchedule(ctx context.Context) error {
	if err := r.lease.Err(); err != nil {
		return err
	}
	return NextCleanup.Set(ctx, r.s.pool, runrecord.Now().Add(r.s.policy.ProcessInterval), 0)
}

// announceAndClean runs the phases after the decision. before are the runs of the
// snapshot.
func (r *lockedRun) announceAndClean(ctx context.Context, a Attempt, before []Run) (Attempt, error) {
	own, err := r.announce(ctx, before)
	switch {
	case errors.Is(err, ErrConcurrentRun):
		a.Result = ResultRunPending
		a.RetryAfter = time.Second + r.s.random(longestRetry-time.Second)
		return a, r.withdraw(ctx, own)
	case err != nil:
		a.Result = ResultUnavailable
		return a, errors.Join(err, r.withdraw(ctx, own))
	}
	done := r.clean(ctx, own)
	a.Report, a.Duration = done.report, done.duration
	var notSaved error
	a.Result, notSaved = r.finish(ctx, own, done)
	if errors.Is(done.err, ErrConcurrentRun) || errors.Is(done.err, ErrPaused) {
		a.Stopped, done.err = done.err, nil
	}
	return a, errors.Join(done.err, notSaved)
}
