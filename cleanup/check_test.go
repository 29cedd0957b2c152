package cleanup_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/mosparo/go-cluster/cleanup"
	"github.com/mosparo/go-cluster/cleanup/cleanuptest"
	"github.com/mosparo/go-cluster/lock"
)

// A user who may only SELECT must not show at the first due run, hours later.
func TestRun_MakesTheChecksWhenItStarts(t *testing.T) {
	for _, mode := range []cleanup.Mode{cleanup.ModeObserve, cleanup.ModeClean} {
		for want, missing := range map[cleanup.Result]error{
			cleanup.ResultRefused:     fmt.Errorf("%w: GRANT DELETE ON delay", cleanup.ErrRefused),
			cleanup.ResultUnavailable: errors.New("GRANT what you like, the server hangs"),
		} {
			t.Run(fmt.Sprint(mode, want), func(t *testing.T) {
				bubble(t, func(t *testing.T) {
					c := newCluster(t)
					require.NoError(t, cleanup.NextCleanup.Set(t.Context(), c.pool, time.Now().Add(5*time.Hour), 0))
					before := snapshot(t, c)
					var fails atomic.Bool
					fails.Store(true)
					var log bytes.Buffer
					n := c.node(mode, cleanup.WithLogger(slog.New(slog.NewTextHandler(&log, nil))),
						cleanup.WithCheck(func(context.Context, cleanup.Snapshot) error {
							if fails.Load() {
								return missing
							}
							return nil
						}))
					o, err := n.Overview(t.Context())
					require.NoError(t, err)
					require.Zero(t, o.CheckedAt, "not asked yet")
					ctx, cancel := context.WithCancel(t.Context())
					done := make(chan error)
					began := time.Now()
					go func() { done <- n.Run(ctx) }()
					time.Sleep(30 * time.Second)
					o, err = n.Overview(t.Context())
					require.NoError(t, err)
					require.ErrorIs(t, o.CheckErr, missing)
					require.True(t, o.CheckedAt.Equal(began))
					require.Equal(t, before, snapshot(t, c))

					time.Sleep(10 * time.Minute)
					fails.Store(false) // the operator has granted the rights
					time.Sleep(2 * time.Minute)
					o, err = n.Overview(t.Context())
					require.NoError(t, err)
					require.NoError(t, o.CheckErr)
					cancel()
					require.NoError(t, <-done)
					require.Equal(t, 1, strings.Count(log.String(), "this node may not clean"), log.String())
					require.Contains(t, log.String(), "result="+want.String())
					require.Contains(t, log.String(), "GRANT")
					require.Equal(t, 1, strings.Count(log.String(), "this node may clean now"))
				})
			})
		}
	}
}

func TestCheck_ReportsWhetherANodeMayCleanAndWritesNothing(t *testing.T) {
	bubble(t, func(t *testing.T) {
		c := newCluster(t)
		c.due()
		before := snapshot(t, c)
		require.NoError(t, c.node(cleanup.ModeClean).Check(t.Context()))
		n := c.node(cleanup.ModeClean, cleanup.WithCheck(func(context.Context, cleanup.Snapshot) error { return cleanup.ErrRefused }))
		require.ErrorIs(t, n.Check(t.Context()), cleanup.ErrRefused)
		c.db.Fail = func(string) error { return errBroken }
		require.ErrorIs(t, n.Check(t.Context()), errBroken)
		o, _ := n.Overview(t.Context())
		require.ErrorIs(t, o.CheckErr, errBroken)
		require.Equal(t, before, snapshot(t, c))
	})
}

func TestTryRun_TheCommandCanObeyTheSchedule(t *testing.T) {
	bubble(t, func(t *testing.T) {
		c := newCluster(t)
		require.NoError(t, cleanup.NextCleanup.Set(t.Context(), c.pool, time.Now().Add(time.Hour), 0))
		n := c.nodeWith(cleanup.Policy{GracePeriod: true, SubmitTokenRetention: 2 * time.Hour}, cleanup.ModeClean)
		a, err := n.TryRun(t.Context(), cleanup.ExecutorCommand, cleanup.WhenDue())
		require.NoError(t, err)
		require.Equal(t, cleanup.ResultNotDue, a.Result)
		require.Equal(t, 2*time.Hour, a.Decision.Grace)
		require.Equal(t, "regular schedule, put off by the grace period of 2 h", a.Decision.Why())
		require.True(t, a.Decision.Due.Equal(time.Now().Add(3*time.Hour)))
		time.Sleep(3*time.Hour + time.Second)
		a, err = n.TryRun(t.Context(), cleanup.ExecutorCommand, cleanup.WhenDue())
		require.NoError(t, err)
		require.Equal(t, cleanup.ResultCompleted, a.Result)
		require.Equal(t, cleanup.ExecutorCommand, c.db.Runs()[0].Executor)
	})
}

func TestDecision_NamesTheGracePeriodWhereItCounts(t *testing.T) {
	at := time.Now()
	p := cleanup.Policy{GracePeriod: true}
	require.Equal(t, "nothing planned yet, put off by the grace period of 24 h", p.Decide(cleanup.Snapshot{}, at, false).Why())
	require.Equal(t, "an unfinished run is continued", p.Decide(cleanup.Snapshot{Additional: &at}, at, false).Why())
	require.Equal(t, "regular schedule", (cleanup.Policy{}).Decide(cleanup.Snapshot{Next: &at}, at, false).Why())
}

// checking is a database with checks and a dry run.
type checking struct {
	*cleanuptest.Fake
	policy cleanup.Policy
	err    error
}

func (c *checking) Check(_ context.Context, p cleanup.Policy, _ cleanup.Snapshot) error {
	c.policy = p
	return c.err
}

func (c *checking) DryRun(_ context.Context, p cleanup.Policy) (cleanup.Report, error) {
	c.policy = p
	return cleanup.Report{DeletedTokens: 3}, c.err
}

func TestNew_UsesTheChecksAndTheDryRunOfTheDatabase(t *testing.T) {
	bubble(t, func(t *testing.T) {
		c := newCluster(t)
		l := lock.New(c.locks)
		defer l.Close()
		p := cleanup.Policy{ProcessInterval: 2 * time.Hour}
		db := &checking{Fake: c.db, err: cleanup.ErrRefused}
		n := cleanup.New(c.pool, l, db, cleanup.WithMode(cleanup.ModeClean), cleanup.WithPolicy(p))
		a, err := n.TryRun(t.Context(), cleanup.ExecutorCommand)
		require.ErrorIs(t, err, cleanup.ErrRefused)
		require.Equal(t, cleanup.ResultRefused, a.Result)
		require.Equal(t, p.WithDefaults(), db.policy)
		require.Empty(t, c.db.Runs())

		db.policy, db.err = cleanup.Policy{}, nil
		r, err := n.DryRun(t.Context())
		require.NoError(t, err)
		require.Equal(t, 3, r.DeletedTokens)
		require.Equal(t, p.WithDefaults(), db.policy)
		_, err = c.node(cleanup.ModeObserve).DryRun(t.Context())
		require.ErrorIs(t, err, errors.ErrUnsupported)
	})
}
