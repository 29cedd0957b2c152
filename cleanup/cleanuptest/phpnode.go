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
// with a sleep in between, and takes no lock.
type PHPNode struct {
	Pool       *cache.Pool
	Statistics *Statistics
	Cleaner    *Cleaner
	Policy     cleanup.Policy
	// Sleep is the pause between look and start; PHP's is 1-100 ms. nil is
	// random.
	Sleep func() time.Duration
	// Stall is how long the node hangs between its look for unknown rows and
	// its own row.
	Stall time.Duration
}

// Cleanup is CleanupHelper::cleanup.
func (n *PHPNode) Cleanup(ctx context.Context, by cleanup.Executor) (cleanup.Result, error) {
	s, err := n.state(ctx)
	if err != nil {
		return 0, err
	}
	schedule := s
	schedule.NewestUnknown = nil
	if d := n.Policy.Decide(schedule, time.Now(), by.Forced()); !d.Run {
		return d.Result, nil
	}
	pause := time.Millisecond + rand.N(99*time.Millisecond)
	if n.Sleep != nil {
		pause = n.Sleep()
	}
	time.Sleep(pause)
	if s, err = n.state(ctx); err != nil {
		return 0, err
	}
	if d := n.Policy.Decide(s, time.Now(), true); !d.Run {
		return d.Result, nil
	}
	time.Sleep(n.Stall)
	started := time.Now()
	if err := cleanup.CleanupStartedAt.Set(ctx, n.Pool, started, 0); err != nil {
		return 0, err
	}
	id, err := n.Statistics.Begin(ctx, started, by)
	if err != nil {
		return 0, err
	}
	report, err := n.Cleaner.Clean(ctx, cleanup.Limits{})
	if err != nil && ctx.Err() != nil {
		return 0, err // the process died
	}
	out := n.Policy.Finish(err == nil && report.Finished, time.Now())
	if out.Additional == nil {
		err = cleanup.AdditionalCleanup.SetNull(ctx, n.Pool, 0)
	} else {
		err = cleanup.AdditionalCleanup.Set(ctx, n.Pool, *out.Additional, 0)
	}
	return out.Result, errors.Join(err,
		cleanup.NextCleanup.Set(ctx, n.Pool, out.Next, 0),
		n.Statistics.Finish(ctx, cleanup.Row{ID: id, Time: started, Status: out.Status, Duration: time.Since(started)}),
		cleanup.CleanupStartedAt.SetNull(ctx, n.Pool, 0))
}

func (n *PHPNode) state(ctx context.Context) (cleanup.State, error) {
	var next, additional, started cache.Result[time.Time]
	if err := cache.Read(ctx, n.Pool, cleanup.NextCleanup.Into(&next), cleanup.AdditionalCleanup.Into(&additional), cleanup.CleanupStartedAt.Into(&started)); err != nil {
		return cleanup.State{}, err
	}
	value := func(r cache.Result[time.Time]) *time.Time {
		if !r.Present() {
			return nil
		}
		return &r.Value
	}
	s := cleanup.State{Next: value(next), Additional: value(additional), Started: value(started)}
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
