package testing_test

import (
	"context"
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/mosparo/go-cluster/cache"
	"github.com/mosparo/go-cluster/cleanup"
	"github.com/mosparo/go-cluster/cleanup/cleanuptest"
	"github.com/mosparo/go-cluster/lock"
)

// serve is the server under test: it cleans, and has a page.
func serve(ctx context.Context, env cleanuptest.NodeEnv) error {
	pool, locker := cache.NewPool(env.Cache), lock.New(env.Locks, lock.WithRandom(env.Random("lock")))
	defer locker.Close()
	env.Serve(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		next, err := cleanup.NextCleanup.Get(r.Context(), pool)
		fmt.Fprintln(w, "next cleanup:", next, err)
	}))
	return cleanup.New(pool, locker, env.Database, cleanup.WithMode(cleanup.ModeClean), cleanup.WithRandom(env.Random("cleanup"))).Run(ctx)
}

// TestServer runs five of them for 30 days, with crashes, partitions, slow servers and
// flushes.
func TestServer(t *testing.T) {
	o := cleanuptest.Simulation{
		Seed: 1, Duration: 30 * 24 * time.Hour, Nodes: 5, Start: serve, Faults: true,
		Traffic: cleanuptest.Traffic{Paths: []string{"/"}},
	}.Run(t)
	if err := o.Err(); err != nil {
		t.Error(err)
	}
	t.Log(len(o.Runs), "runs, requests by status:", o.Requests.Statuses)
}
