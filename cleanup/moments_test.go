package cleanup_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/mosparo/go-cluster/cache"
	"github.com/mosparo/go-cluster/cache/cachetest"
	"github.com/mosparo/go-cluster/cleanup"
	"github.com/mosparo/go-cluster/lock"
)

// stepwise is a PHP node that takes its steps right before given operations of a
// Go node: its look at the schedule, its look for unknown rows, and all the rest.
type stepwise struct {
	t    *testing.T
	c    *cluster
	at   [3]int
	ops  int
	when [3]time.Time
	ran  bool
	out  bool // it has given up
}

// operation counts one of the Go node.
func (p *stepwise) operation() {
	p.ops++
	for i, at := range p.at {
		if at == p.ops && !p.out {
			p.when[i] = time.Now()
			p.step(i)
		}
	}
}

func (p *stepwise) step(i int) {
	ctx, pool := p.t.Context(), p.c.pool
	next, _, started := p.c.times()
	rows := p.c.db.Runs()
	switch i {
	case 0:
		p.out = next.After(time.Now()) || started != nil && started.After(time.Now().Add(-5*time.Minute))
	case 1:
		for _, r := range rows {
			p.out = p.out || r.Status == cleanup.StatusUnknown
		}
	case 2:
		p.ran = true
		at := time.Now()
		require.NoError(p.t, cleanup.CleanupStartedAt.Set(ctx, pool, at, 0))
		id := p.c.db.Add(cleanup.Run{Time: at, Executor: cleanup.ExecutorFrontendAPI})
		require.NoError(p.t, cleanup.AdditionalCleanup.SetNull(ctx, pool, 0))
		require.NoError(p.t, cleanup.NextCleanup.Set(ctx, pool, at.Add(6*time.Hour), 0))
		fail := p.c.db.Fail
		p.c.db.Fail = nil
		require.NoError(p.t, p.c.db.Finish(ctx, cleanup.Run{ID: id, Time: at, Status: cleanup.StatusComplete}))
		p.c.db.Fail = fail
		require.NoError(p.t, cleanup.CleanupStartedAt.SetNull(ctx, pool, 0))
	}
}

// hung reports whether it stood still for longer than the guard time.
func (p *stepwise) hung() bool {
	return p.when[1].Sub(p.when[0]) >= guard || p.when[2].Sub(p.when[1]) >= guard
}

// A PHP node may act between any two operations of a Go node: the two do
// not both clean, unless the PHP node hung for longer than the guard time.
func TestTryRun_WithdrawsForAPHPNodeAtAnyMoment(t *testing.T) {
	const operations = 24
	both, tried := 0, 0
	for i := 1; i <= operations; i++ {
		for j := i; j <= operations; j++ {
			for k := j; k <= operations; k++ {
				bubble(t, func(t *testing.T) {
					c := newCluster(t)
					c.due()
					p := &stepwise{t: t, c: c, at: [3]int{i, j, k}}
					c.db.Fail = func(string) error { p.operation(); return nil }
					faulty := cachetest.NewFaulty(c.adapter)
					faulty.Inject(cachetest.Fault{Match: func(cachetest.Op, []string) bool { p.operation(); return false }})
					l := lock.New(c.locks)
					defer l.Close()
					a, err := cleanup.New(cache.NewPool(faulty), l, c.db, cleanup.WithMode(cleanup.ModeClean)).TryRun(t.Context(), cleanup.ExecutorFrontendAPI)
					require.NoError(t, err)
					tried++
					if p.ran && a.Result == cleanup.ResultCompleted {
						require.True(t, p.hung(), "both cleaned, with its steps before operations %v", p.at)
						both++
					}
				})
			}
		}
	}
	require.Positive(t, both, "one that hangs cannot be helped")
	t.Logf("%d of %d: both cleaned, after the PHP node had hung", both, tried)
}
