package cleanuptest

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"

	"github.com/mosparo/go-cluster/cache"
	"github.com/mosparo/go-cluster/cleanup"
)

// PHPNode is a model of a mosparo node in PHP: it tests and sets in steps,
// with a sleep in between, takes no lock, and goes on without the cache.
type PHPNode struct {
	Pool       *cache.Pool
	Statistics cleanup.Statistics
	Cleaner    cleanup.Cleaner
	Policy     cleanup.Policy
	// Sleep is the pause between look and start; PHP's is 1-100 ms. nil is
	// random.
	Sleep func() time.Duration
	// Stall is how long the node hangs between its look for unknown rows and
	// its own row.
	Stall time.Duration
}

// Cleanup is CleanupHelper::cleanup. Its error is that of the database, or, for
// a forced run, of the cleaner: then PHP leaves row and marker as they are.
func (n *PHPNode) Cleanup(ctx context.Context, by cleanup.Executor) (cleanup.Result, error) {
	if !by.Forced() {
		s := n.schedule(ctx)
		if s.Next == nil {
			rows, err := n.Statistics.Recent(ctx, 1)
			if err != nil {
				return 0, err
			}
			if len(rows) > 0 {
				s.Newest = &rows[0].Time
			}
		}
		if d := n.Policy.Decide(s, time.Now(), false); !d.Run {
			return d.Result, nil
		}
	}
	pause := time.Millisecond + rand.N(99*time.Millisecond)
	if n.Sleep != nil {
		pause = n.Sleep()
	}
	if err := sleep(ctx, pause); err != nil {
		return 0, err
	}
	s, err := n.rows(ctx)
	if err != nil {
		return 0, err
	}
	if d := n.Policy.Decide(s, time.Now(), true); !d.Run {
		return d.Result, nil
	}
	if err := sleep(ctx, n.Stall); err != nil {
		return 0, err
	}
	started := time.Now()
	if cleanup.CleanupStartedAt.Set(ctx, n.Pool, started, 0) != nil {
		s.ReadOnlyCache = true
		if d := n.Policy.Decide(s, time.Now(), true); !d.Run {
			return d.Result, nil
		}
	}
	return n.run(ctx, started, by)
}

func (n *PHPNode) run(ctx context.Context, started time.Time, by cleanup.Executor) (cleanup.Result, error) {
	id, err := n.Statistics.Begin(ctx, started, by)
	if err != nil {
		return 0, err
	}
	report, err := n.Cleaner.Clean(ctx, cleanup.Limits{})
	if err != nil && (ctx.Err() != nil || by.Forced()) {
		return 0, err // the process died, or its error was thrown
	}
	out := n.Policy.Finish(err == nil && report.Finished, time.Now())
	// What the cache refuses is lost, as in PHP.
	if out.Additional == nil {
		_ = cleanup.AdditionalCleanup.SetNull(ctx, n.Pool, 0)
	} else {
		_ = cleanup.AdditionalCleanup.Set(ctx, n.Pool, *out.Additional, 0)
	}
	_ = cleanup.NextCleanup.Set(ctx, n.Pool, out.Next, 0)
	err = n.Statistics.Finish(ctx, cleanup.Row{
		ID: id, Time: started, Status: out.Status, Duration: time.Since(started),
		DeletedTokens: report.DeletedTokens, DeletedSubmissions: report.DeletedSubmissions,
	})
	if errors.Is(err, cleanup.ErrNoRow) {
		err = nil // Doctrine does not count
	}
	if err == nil {
		_ = cleanup.CleanupStartedAt.SetNull(ctx, n.Pool, 0)
	}
	return out.Result, err
}

// schedule is what the cache says; what cannot be read counts as not set.
func (n *PHPNode) schedule(ctx context.Context) cleanup.State {
	var next, additional, started cache.Result[time.Time]
	_ = cache.Read(ctx, n.Pool, cleanup.NextCleanup.Into(&next), cleanup.AdditionalCleanup.Into(&additional), cleanup.CleanupStartedAt.Into(&started))
	value := func(r cache.Result[time.Time]) *time.Time {
		if !r.Present() {
			return nil
		}
		return &r.Value
	}
	return cleanup.State{Next: value(next), Additional: value(additional), Started: value(started)}
}

// rows is what the statistics say.
func (n *PHPNode) rows(ctx context.Context) (cleanup.State, error) {
	var s cleanup.State
	rows, err := n.Statistics.Recent(ctx, 100)
	for i := range rows {
		if s.Newest == nil {
			s.Newest = &rows[i].Time
		}
		if rows[i].Status == cleanup.StatusUnknown && s.NewestUnknown == nil {
			s.NewestUnknown = &rows[i].Time
		}
	}
	return s, err
}

// sleep waits for d or the end of the context. When the deadline comes before
// the end of d, or with it, no timer is started that could race with it.
func sleep(ctx context.Context, d time.Duration) error {
	if err := context.Cause(ctx); err != nil || d <= 0 {
		return err
	}
	if end, ok := ctx.Deadline(); ok && time.Until(end) <= d {
		<-ctx.Done()
		return context.Cause(ctx)
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	}
	return context.Cause(ctx)
}
