package doctor_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/mosparo/go-cluster/cache"
	"github.com/mosparo/go-cluster/cleanup"
	"github.com/mosparo/go-cluster/cleanup/cleanuptest"
	"github.com/mosparo/go-cluster/cssstore"
	"github.com/mosparo/go-cluster/cssstore/cachestore"
	"github.com/mosparo/go-cluster/envconfig/connect"
)

type projects []cssstore.Project

func (p projects) Projects(context.Context) ([]cssstore.Project, error) { return p, nil }

// open opens a node on the cache of an address, and on fakes.
func open(t *testing.T, address string, opts ...connect.Option) *connect.Node {
	t.Helper()
	n, err := connect.Open(t.Context(), settings(t, "REDIS_URL="+address), append([]connect.Option{
		connect.WithDatabase(cleanuptest.NewFake()), connect.WithProjects(projects{{UUID: cssstore.UUID{1}, Hash: cssstore.Hash{2}}}),
	}, opts...)...)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, n.Close()) })
	return n
}

// runNode does what a node that cleans does.
func runNode(t *testing.T, address string, opts ...connect.Option) {
	t.Helper()
	ctx := t.Context()
	n := open(t, address, append(opts, connect.WithMode(cleanup.ModeClean))...)
	for range 2 {
		a, err := n.Scheduler.TryRun(ctx, cleanup.ExecutorCommand)
		require.NoError(t, err)
		require.Equal(t, cleanup.ResultCompleted, a.Result)
	}
	_, err := n.Scheduler.Overview(ctx)
	require.NoError(t, err)
	_, err = cleanup.PauseAll(ctx, n.Pool, time.Minute, "test", "test")
	require.NoError(t, err)
	require.NoError(t, cleanup.ResumeAll(ctx, n.Pool))
	lease, err := n.Locker.Acquire(ctx, "job")
	require.NoError(t, err)
	require.NoError(t, lease.Renew(ctx))
	require.NoError(t, lease.Release(ctx))
	store := cachestore.New(n.Pool, cachestore.WithLocker(n.Locker))
	r := cssstore.Resource{Project: cssstore.UUID{1}, Hash: cssstore.Hash{2}, CSS: []byte(".form{}")}
	require.NoError(t, store.Put(ctx, r))
	got, err := store.Get(ctx, r.Project)
	require.NoError(t, err)
	require.Equal(t, r.CSS, got.CSS)
	require.NoError(t, store.Delete(ctx, r.Project))
	const entry cache.Key[string] = "mosparoGoTest"
	require.NoError(t, entry.Set(ctx, n.Pool, "x", time.Minute))
	require.NoError(t, entry.Delete(ctx, n.Pool))
	running, stop := context.WithCancel(ctx)
	ended := make(chan error, 1)
	go func() { ended <- n.Nodes.Run(running) }()
	require.Eventually(t, func() bool {
		o, err := n.Nodes.Overview(ctx)
		return err == nil && o.Listed
	}, 10*time.Second, 10*time.Millisecond)
	stop()
	require.NoError(t, <-ended)
	require.NoError(t, n.Scheduler.Leave(ctx, true))
}

// observe does what a node that observes does.
func observe(t *testing.T, address string) {
	t.Helper()
	ctx := t.Context()
	n := open(t, address)
	a, err := n.Scheduler.TryRun(ctx, cleanup.ExecutorCommand)
	require.NoError(t, err)
	require.Equal(t, cleanup.ResultObserved, a.Result)
	require.NoError(t, n.Scheduler.Check(ctx))
	_, err = n.Scheduler.Overview(ctx)
	require.NoError(t, err)
	_, err = n.Nodes.Overview(ctx)
	require.NoError(t, err)
	require.NoError(t, n.CSS.Ready(ctx))
	_, err = cachestore.New(n.Pool).Get(ctx, cssstore.UUID{1})
	require.ErrorIs(t, err, cssstore.ErrNotFound)
}
