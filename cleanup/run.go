package cleanup

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
	"runtime/debug"
	"time"

	"github.com/mosparo/go-cluster/cache"
	"github.com/mosparo/go-cluster/lock"
)

// run is one attempt under the lock.
type run struct {
	s      *Scheduler
	by     Executor
	limits Limits
	lease  *lock.Lease

	known  map[int64]bool // rows that were there before
	record RunRecord
	report Report
}

// saveTime bounds what is saved after a run that was cancelled.
const saveTime = 10 * time.Second

// underLock looks again, mends what a dead node left, and cleans.
func (r *run) underLock(ctx context.Context) (Attempt, error) {
	v, err := r.s.look(ctx)
	if err != nil {
		return Attempt{Result: Unavailable}, err
	}
	if v.record != nil {
		// Whoever wrote it does not hold the lock any longer.
		if err := r.bury(ctx, v); err != nil {
			return Attempt{Result: Unavailable}, err
		}
		if v, err = r.s.look(ctx); err != nil {
			return Attempt{Result: Unavailable}, err
		}
	}
	a := Attempt{Decision: r.s.policy.Decide(v.state, time.Now(), r.by.Forced())}
	a.Result = a.Decision.Result
	if v.fresh() && !r.by.Forced() {
		return a, r.plan(ctx, v.state)
	}
	if !a.Decision.Run {
		return a, nil
	}
	if err := r.check(ctx, v.state); err != nil {
		a.Result = Unavailable
		if errors.Is(err, ErrRefused) {
			a.Result = Refused
		}
		return a, err
	}
	return r.start(ctx, a, v)
}

func (r *run) check(ctx context.Context, st State) error {
	for _, c := range r.s.checks {
		if err := c(ctx, st); err != nil {
			return err
		}
	}
	return nil
}

// plan writes the first schedule of a cluster: without one, PHP never starts.
func (r *run) plan(ctx context.Context, st State) error {
	if err := r.check(ctx, st); err != nil {
		return err
	}
	if err := r.lease.Err(); err != nil {
		return err
	}
	return NextCleanup.Set(ctx, r.s.pool, now().Add(r.s.policy.Interval()), 0)
}

// now is the time as it can be stored.
func now() time.Time { return time.Now().UTC().Truncate(time.Microsecond) }

// bury ends the run of a node that is gone, if its traces are still there, so
// that nobody waits for them.
func (r *run) bury(ctx context.Context, v view) error {
	dead := *v.record
	for _, row := range v.rows {
		if row.ID != dead.Row || row.Status != StatusUnknown {
			continue
		}
		row.Status, row.Time = StatusIncomplete, dead.Started
		if err := r.s.db.Finish(ctx, row); err != nil && !errors.Is(err, ErrNoRow) {
			return err
		}
	}
	if err := r.lease.Err(); err != nil {
		return err
	}
	if dead.owns(v.state.Started) {
		if err := CleanupStartedAt.SetNull(ctx, r.s.pool, 0); err != nil {
			return err
		}
	}
	r.s.logger.Info("ended the run of a node that is gone", slog.String("host", dead.Host), slog.Int("pid", dead.PID), slog.Int64("row", dead.Row))
	return RunKey.Delete(ctx, r.s.pool)
}

// start is the handshake with PHP nodes, which test and set in steps: marker,
// row, guard time, another look.
func (r *run) start(ctx context.Context, a Attempt, v view) (Attempt, error) {
	r.known = map[int64]bool{}
	for _, row := range v.rows {
		r.known[row.ID] = true
	}
	if err := r.mark(ctx); err != nil {
		a.Result = Unavailable
		return a, errors.Join(err, r.unmark(ctx))
	}
	id, err := r.s.db.Begin(ctx, r.record.Started, r.by)
	if err != nil {
		a.Result = Unavailable
		return a, errors.Join(err, r.unmark(ctx))
	}
	r.record.Row = id
	r.known[id] = true
	if err := r.saveRecord(ctx); err != nil {
		a.Result = Unavailable
		return a, errors.Join(err, r.withdraw(ctx))
	}
	if err := r.wait(ctx); err != nil {
		a.Result = Unavailable
		return a, errors.Join(err, r.withdraw(ctx))
	}
	switch err := r.strangers(ctx); {
	case errors.Is(err, ErrStranger):
		a.Result = UnfinishedCleanupStatistic
		a.RetryAfter = time.Second + rand.N(59*time.Second)
		return a, r.withdraw(ctx)
	case err != nil:
		a.Result = Unavailable
		return a, errors.Join(err, r.withdraw(ctx))
	}
	return r.work(ctx, a)
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
	r.record = RunRecord{Marker: at, Previous: at, Started: at, Fence: int64(r.lease.Fence() & (1<<63 - 1)), Host: host, PID: os.Getpid()}
	return cache.Write(ctx, r.s.pool, RunKey.With(r.record, runKeyTTL), CleanupStartedAt.With(at, 0))
}

func (r *run) saveRecord(ctx context.Context) error {
	return RunKey.Set(ctx, r.s.pool, r.record, runKeyTTL)
}

// saving is a context for what has to be saved although ctx may have ended.
func saving(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.WithoutCancel(ctx), saveTime)
}

// unmark removes marker and record, the marker only while it is ours: there is
// no compare-and-delete, so a PHP node that writes its own between our look
// and our write loses it, and is protected by its statistic row alone.
func (r *run) unmark(ctx context.Context) error {
	ctx, cancel := saving(ctx)
	defer cancel()
	if r.lease.Err() != nil {
		return nil // the keys are somebody else's by now
	}
	started, err := CleanupStartedAt.Get(ctx, r.s.pool)
	if err == nil && r.record.owns(&started) {
		err = CleanupStartedAt.SetNull(ctx, r.s.pool, 0)
	}
	if errors.Is(err, cache.ErrNotFound) || errors.Is(err, cache.ErrNull) {
		err = nil
	}
	return errors.Join(err, RunKey.Delete(ctx, r.s.pool))
}

// withdraw undoes a start: nothing was deleted yet.
func (r *run) withdraw(ctx context.Context) error {
	save, cancel := saving(ctx)
	defer cancel()
	return errors.Join(r.s.db.Withdraw(save, r.record.Row), r.unmark(ctx))
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

// strangers looks for rows of other nodes that were not there before, of any
// status: a fast PHP run is complete again by now.
func (r *run) strangers(ctx context.Context) error {
	if err := r.lease.Err(); err != nil {
		return err
	}
	rows, err := r.s.db.Recent(ctx, recentRows)
	if err != nil {
		return err
	}
	for _, row := range rows {
		if !r.known[row.ID] {
			return fmt.Errorf("%w: row %d, %s, %s", ErrStranger, row.ID, row.Executor, row.Status)
		}
	}
	return nil
}

// work cleans and saves the end.
func (r *run) work(ctx context.Context, a Attempt) (Attempt, error) {
	began := time.Now()
	working, cancel := context.WithCancelCause(ctx)
	stop := context.AfterFunc(r.lease.Context(), func() { cancel(context.Cause(r.lease.Context())) })
	keeping, stopKeeping := context.WithCancel(working)
	kept := make(chan struct{})
	go func() {
		defer close(kept)
		r.keep(keeping)
	}()
	limits := r.limits
	outer := limits.Between
	limits.Between = func(ctx context.Context) error {
		if outer != nil {
			if err := outer(ctx); err != nil {
				return err
			}
		}
		return r.strangers(ctx)
	}
	err := r.cleanSafely(working, limits)
	stopKeeping()
	<-kept
	stop()
	cancel(nil)
	a.Duration, a.Report = time.Since(began), r.report
	saved := r.finish(ctx, &a, err == nil && r.report.Finished)
	if errors.Is(err, ErrStranger) {
		r.s.logger.Warn("stopped, since another node cleans too", slog.Any("error", err))
		err = nil
	}
	return a, errors.Join(err, saved)
}

// cleanSafely turns a panic of the cleaner into an error, so that the run can
// be ended in order.
func (r *run) cleanSafely(ctx context.Context, l Limits) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = &PanicError{Value: p, Stack: debug.Stack()}
		}
	}()
	r.report, err = r.s.clean.Clean(ctx, l)
	return err
}

// finish saves the end in PHP's order: additional, next, row, marker. With a
// lost lease only the own row is touched.
func (r *run) finish(ctx context.Context, a *Attempt, complete bool) error {
	save, cancel := saving(ctx)
	defer cancel()
	lost := r.lease.Err()
	at := now()
	out := r.s.policy.Finish(complete && lost == nil, at)
	a.Result = out.Result
	var errs []error
	if lost != nil {
		errs = append(errs, lost)
	} else {
		if out.Additional == nil {
			errs = append(errs, AdditionalCleanup.SetNull(save, r.s.pool, 0))
		} else {
			errs = append(errs, AdditionalCleanup.Set(save, r.s.pool, *out.Additional, 0))
		}
		errs = append(errs, NextCleanup.Set(save, r.s.pool, out.Next, 0))
	}
	errs = append(errs, r.s.db.Finish(save, Row{
		ID: r.record.Row, Time: r.record.Started, Executor: r.by, Status: out.Status,
		StoredTokens: r.report.StoredTokens, DeletedTokens: r.report.DeletedTokens,
		StoredSubmissions: r.report.StoredSubmissions, DeletedSubmissions: r.report.DeletedSubmissions,
		Duration: a.Duration,
	}))
	if lost == nil {
		errs = append(errs, r.unmark(ctx))
	}
	return errors.Join(errs...)
}
