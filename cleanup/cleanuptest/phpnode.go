package cleanuptest

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"

	"github.com/mosparo/go-cluster/cache"
	"github.com/mosparo/go-cluster/cleanup"
)

// PHPNode is a model of a mosparo node in PHP: it reads and writes in separate steps, with a
// sleep in between, takes no lock, and continues if the cache fails. Set the fields before
// the first call of Cleanup, which is safe for concurrent use.
type PHPNode struct {
	Pool     *cache.Pool
	Database cleanup.Database
	Policy   cleanup.Policy
	// Sleep returns the time between the first read and the second. The default is
	// mosparo's, a random time of 1 to 100 ms.
	Sleep func() time.Duration
	// Stall is how long the node hangs between its second read, that of the
	// statistics, and the insertion of its row.
	Stall time.Duration
}

// Cleanup does what mosparo's CleanupHelper::cleanup does. It returns errors of the
// statistics and, for a forced run, of Clean, after which row and marker stay as they are,
// as in PHP.
func (n *PHPNode) Cleanup(ctx context.Context, by cleanup.Executor) (cleanup.Result, error) {
	if !by.Forced() {
		d, err := n.firstDecision(ctx)
		if err != nil || !d.Run {
			return d.Result, err
		}
	}
	pause := time.Millisecond + rand.N(99*time.Millisecond)
	if n.Sleep != nil {
		pause = n.Sleep()
	}
	if err := sleep(ctx, pause); err != nil {
		return 0, err
	}
	s, err := n.statistics(ctx)
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

// firstDecision decides by the cache alone if it has a schedule.
func (n *PHPNode) firstDecision(ctx context.Context) (cleanup.Decision, error) {
	s := n.schedule(ctx)
	if s.Next == nil {
		runs, err := n.Database.Recent(ctx, 1)
		if err != nil {
			return cleanup.Decision{}, err
		}
		if len(runs) > 0 {
			s.Newest = &runs[0].Time
		}
	}
	return n.Policy.Decide(s, time.Now(), false), nil
}

// run cleans and saves the end of the run.
func (n *PHPNode) run(ctx context.Context, started time.Time, by cleanup.Executor) (cleanup.Result, error) {
	id, err := n.Database.Begin(ctx, started, by)
	if err != nil {
		return 0, err
	}
	p := n.Policy.WithDefaults()
	report, err := n.Database.Clean(ctx, cleanup.Job{Policy: p})
	if err != nil && (ctx.Err() != nil || by.Forced()) {
		return 0, err // the process died, or its error was thrown
	}
	// Errors of the cache are ignored, as in PHP.
	end := time.Now()
	result, status := cleanup.ResultUnfinished, cleanup.StatusIncomplete
	if err == nil && report.Finished {
		result, status = cleanup.ResultCompleted, cleanup.StatusComplete
		_ = cleanup.AdditionalCleanup.SetNull(ctx, n.Pool, 0)
	} else {
		_ = cleanup.AdditionalCleanup.Set(ctx, n.Pool, end.Add(p.UnfinishedInterval), 0)
	}
	_ = cleanup.NextCleanup.Set(ctx, n.Pool, end.Add(p.ProcessInterval), 0)
	err = n.Database.Finish(ctx, cleanup.Run{
		ID: id, Time: started, Status: status, Duration: time.Since(started),
		DeletedTokens: report.DeletedTokens, DeletedSubmissions: report.DeletedSubmissions,
	})
	if errors.Is(err, cleanup.ErrNoRun) {
		err = nil // Doctrine does not check the number of changed rows
	}
	if err == nil {
		_ = cleanup.CleanupStartedAt.SetNull(ctx, n.Pool, 0)
	}
	return result, err
}

// schedule returns the values in the cache; one that cannot be read counts as not set.
func (n *PHPNode) schedule(ctx context.Context) cleanup.Snapshot {
	var next, additional, started cache.Result[time.Time]
	_ = cache.Read(ctx, n.Pool, cleanup.NextCleanup.Into(&next), cleanup.AdditionalCleanup.Into(&additional), cleanup.CleanupStartedAt.Into(&started))
	value := func(r cache.Result[time.Time]) *time.Time {
		if !r.Present() {
			return nil
		}
		return &r.Value
	}
	return cleanup.Snapshot{Next: value(next), Additional: value(additional), Started: value(started)}
}

// statistics returns the values in the statistics.
func (n *PHPNode) statistics(ctx context.Context) (cleanup.Snapshot, error) {
	var s cleanup.Snapshot
	runs, err := n.Database.Recent(ctx, 100)
	for i := range runs {
		if s.Newest == nil {
			s.Newest = &runs[i].Time
		}
		if runs[i].Status == cleanup.StatusUnknown && s.NewestUnknown == nil {
			s.NewestUnknown = &runs[i].Time
		}
	}
	return s, err
}
