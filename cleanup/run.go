package cleanup

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime/debug"
	"sync/atomic"
	"time"

	"github.com/mosparo/go-cluster/cache"
	"github.com/mosparo/go-cluster/lock"
)

// run is one attempt under the lock.
type run struct {
	s *Scheduler
	order
	lease *lock.Lease

	known   map[int64]bool // rows that were there before
	floor   *Row           // the last of them, if there may be more
	record  RunRecord
	report  Report
	stopped error        // what ended the run between two rounds
	began   time.Time    // when the cleaner began
	asked   atomic.Int64 // how long after that it last asked between
}

// underLock looks again, mends what a dead node left, and cleans.
func (r *run) underLock(ctx context.Context) (Attempt, error) {
	v, err := r.s.look(ctx, true)
	if err != nil {
		return Attempt{Result: Unavailable}, err
	}
	a := r.decide(v)
	plan := v.fresh() && v.record == nil && !r.forced
	switch {
	case v.waits():
		return a, nil
	case v.record != nil && time.Now().Before(v.record.aliveUntil()):
		// The lock server has lost a lease whose holder may not know it yet.
		a.Result = CleanupRunningAlready
		a.RetryAfter = time.Until(v.record.aliveUntil()) + r.s.jitter()
		return a, nil
	case v.record == nil && !plan && !a.Decision.Run:
		return a, nil
	}
	if err := r.s.check(ctx, v.state); err != nil {
		a.Result = resultOf(err)
		return a, err
	}
	if plan {
		return a, r.plan(ctx)
	}
	if v.record != nil {
		// Whoever wrote it does not hold the lock any longer.
		goOn, err := r.bury(ctx, *v.record)
		if err != nil {
			return Attempt{Result: Unavailable}, err
		}
		if v, err = r.s.look(ctx, true); err != nil {
			return Attempt{Result: Unavailable}, err
		}
		if goOn { // what it has left is due now; a PHP node that has begun since comes first
			at := time.Now()
			v.state.Additional = &at
		}
		a = r.decide(v)
	}
	if !a.Decision.Run {
		return a, nil
	}
	return r.start(ctx, a, v)
}

// aliveUntil is Alive, bounded: a clock that is wrong must not stop the cleanup.
func (r RunRecord) aliveUntil() time.Time {
	if r.Alive.After(time.Now().Add(clockError)) {
		return time.Time{}
	}
	return r.Alive
}

// plan writes the first schedule of a cluster: without one, PHP never starts.
func (r *run) plan(ctx context.Context) error {
	if err := r.lease.Err(); err != nil {
		return err
	}
	return NextCleanup.Set(ctx, r.s.pool, now().Add(r.s.policy.Interval()), 0)
}

// now is the time as it can be stored.
func now() time.Time { return time.Now().UTC().Truncate(time.Microsecond) }

// start is the handshake with PHP nodes, which test and set in steps: marker,
// row, guard time, another look.
func (r *run) start(ctx context.Context, a Attempt, v view) (Attempt, error) {
	r.notice(v.all)
	if err := r.begin(ctx); err != nil {
		a.Result = Unavailable
		return a, errors.Join(err, r.withdraw(ctx))
	}
	switch err := r.strangers(ctx); {
	case errors.Is(err, ErrStranger):
		a.Result = UnfinishedCleanupStatistic
		a.RetryAfter = time.Second + r.s.random(longestRetry-time.Second)
		return a, r.withdraw(ctx)
	case err != nil:
		a.Result = Unavailable
		return a, errors.Join(err, r.withdraw(ctx))
	}
	return r.work(ctx, a)
}

// begin writes marker, row and record, and lets the guard time pass.
func (r *run) begin(ctx context.Context) error {
	if err := r.mark(ctx); err != nil {
		return err
	}
	if err := r.insert(ctx); err != nil {
		return err
	}
	r.known[r.record.Row] = true
	if err := r.saveRecord(ctx); err != nil {
		return err
	}
	return r.wait(ctx)
}

// mark writes the marker, together with the record that says it is ours.
func (r *run) mark(ctx context.Context) error {
	if err := r.lease.Err(); err != nil {
		return err
	}
	at := now()
	host, err := os.Hostname()
	if err != nil {
		host = "unknown"
	}
	r.record = RunRecord{
		Executor: r.by, Marker: at, Previous: at, Started: at, Alive: r.alive(),
		Fence: fenceOf(r.lease.Fence()), Host: host, PID: os.Getpid(),
	}
	ctx, cancel := context.WithTimeout(ctx, r.s.callTimeout)
	defer cancel()
	return cache.Write(ctx, r.s.pool, RunKey.With(r.record, runKeyTTL), CleanupStartedAt.With(at, 0))
}

func (r *run) insert(ctx context.Context) (err error) {
	if err := r.lease.Err(); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, r.s.callTimeout)
	defer cancel()
	r.record.Row, err = r.s.db.Begin(ctx, r.record.Started, r.by)
	return err
}

// alive is the end of the lease by the clock that other nodes have, too.
func (r *run) alive() time.Time { return now().Add(time.Until(r.lease.Expiry())) }

func (r *run) saveRecord(ctx context.Context) error {
	if err := r.lease.Err(); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, r.s.callTimeout)
	defer cancel()
	return RunKey.Set(ctx, r.s.pool, r.record, runKeyTTL)
}

// wait lets the guard time pass.
func (r *run) wait(ctx context.Context) error {
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

// notice remembers the rows that were there before.
func (r *run) notice(rows []Row) {
	r.known = map[int64]bool{}
	for _, row := range rows {
		r.known[row.ID] = true
	}
	if len(rows) >= recentRows {
		r.floor = &rows[len(rows)-1]
	}
}

// strangers looks for rows of other nodes that were not there before, of any
// status: a fast PHP run is complete again by now. A row that is older than all
// that were read before is none: it has moved up.
func (r *run) strangers(ctx context.Context) error {
	if err := r.lease.Err(); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, r.s.lookTimeout)
	defer cancel()
	rows, err := r.s.recent(ctx)
	if err != nil {
		return err
	}
	for _, row := range rows {
		if r.known[row.ID] || r.floor != nil && older(row, *r.floor) {
			continue
		}
		return fmt.Errorf("%w: row %d, %s, %s", ErrStranger, row.ID, row.Executor, row.Status)
	}
	return nil
}

// older is the order of [Statistics.Recent].
func older(a, b Row) bool {
	return a.Time.Before(b.Time) || a.Time.Equal(b.Time) && a.ID < b.ID
}

// between is what a run asks before every round.
func (r *run) between(ctx context.Context) error {
	r.asked.Store(int64(time.Since(r.began)))
	if r.limits.Between != nil {
		if err := r.limits.Between(ctx); err != nil {
			return err
		}
	}
	r.stopped = r.strangers(ctx)
	if r.stopped == nil {
		r.stopped = r.pausedNow(ctx)
	}
	return r.stopped
}

// pausedNow is [ErrPaused] during a pause. A cache that does not answer ends no
// run.
func (r *run) pausedNow(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, r.s.callTimeout)
	defer cancel()
	var p cache.Result[Pause]
	if err := cache.Read(ctx, r.s.pool, PauseKey.Into(&p)); err == nil && paused(p, time.Now()) != nil {
		return ErrPaused
	}
	return nil
}

// work cleans and saves the end.
func (r *run) work(ctx context.Context, a Attempt) (Attempt, error) {
	r.began = time.Now()
	working, cancel := context.WithCancelCause(ctx)
	stop := context.AfterFunc(r.lease.Context(), func() { cancel(context.Cause(r.lease.Context())) })
	// The run looks alive until the cleaner has returned, also after ctx has ended.
	keeping, stopKeeping := context.WithCancel(context.WithoutCancel(ctx))
	kept := make(chan struct{})
	go func() {
		defer close(kept)
		r.keep(keeping, func() { cancel(ErrHung) })
	}()
	err := r.cleanSafely(working)
	stopKeeping()
	<-kept
	stop()
	if hung := context.Cause(working); errors.Is(hung, ErrHung) {
		err = errors.Join(hung, err) // also if it came to its end: others may have begun since
	}
	cancel(nil)
	if errors.Is(err, context.Canceled) && r.lease.Err() != nil {
		err = nil // which is all that it means; finish says so
	}
	a.Duration, a.Report = time.Since(r.began), r.report
	saved := r.finish(ctx, &a, err == nil && r.report.Finished)
	if errors.Is(err, ErrStranger) || errors.Is(err, ErrPaused) {
		a.Stopped, err = err, nil
	}
	return a, errors.Join(err, saved)
}

// cleanSafely turns a panic of the cleaner into an error, so that the run can
// be ended in order.
func (r *run) cleanSafely(ctx context.Context) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = &PanicError{Value: p, Stack: debug.Stack()}
		}
	}()
	l := r.limits
	l.Between = r.between
	r.report, err = r.s.clean.Clean(ctx, l)
	if err == nil {
		err = r.stopped // a cleaner that did not listen
	}
	return err
}
