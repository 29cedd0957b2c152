package nodes_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/mosparo/go-cluster/cache"
	"github.com/mosparo/go-cluster/cache/cachetest"
	"github.com/mosparo/go-cluster/cleanup"
	"github.com/mosparo/go-cluster/envconfig/connect/nodes"
	"github.com/mosparo/go-cluster/lock"
)

func TestRegistry_NodesSeeEachOther(t *testing.T) {
	a, b, c := install(t, nil), install(t, nil), install(t, nil)
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		started := time.Now()
		web1, _ := w.start(t, a, "web1")
		time.Sleep(10 * time.Second)
		web2, stop2 := w.start(t, b, "web2")
		watcher := w.registry(t, c, nodes.WithHost("watcher"))
		stopWatching := run(t, watcher)
		time.Sleep(time.Second)

		o := overview(t, web2)
		require.Equal(t, "web1:clean web2:clean:self", hosts(o.Nodes), "already after the first heartbeat")
		require.True(t, o.Listed)
		require.Empty(t, o.NotListed)
		require.Empty(t, o.Differences)
		n := node(t, o.Nodes, "web1")
		require.Equal(t, "1.5.4", n.Mosparo)
		require.Equal(t, "1.5.4", n.Source)
		require.NotEmpty(t, n.Library)
		require.WithinDuration(t, started, n.Started, time.Second)
		require.WithinDuration(t, time.Now(), n.Seen, time.Minute)
		require.Len(t, n.Fingerprints.Settings, 4)
		require.Len(t, n.Fingerprints.Folders, 2)

		// One that observes sees the others, is not seen, and says so.
		writes := w.cache.Requests(cachetest.OpSet)
		o = overview(t, watcher)
		require.Equal(t, "watcher:observe:self web1:clean web2:clean", hosts(o.Nodes))
		require.False(t, o.Listed)
		require.Contains(t, o.NotListed, "observes")
		require.Equal(t, writes, w.cache.Requests(cachetest.OpSet))

		time.Sleep(time.Hour)
		require.Equal(t, "web1:clean:self web2:clean", hosts(overview(t, web1).Nodes))

		stop2()
		require.Equal(t, "web1:clean:self web2:clean:stopped", hosts(overview(t, web1).Nodes))
		time.Sleep(6 * time.Minute)
		require.Equal(t, "web1:clean:self", hosts(overview(t, web1).Nodes))
		stopWatching()
	})
}

func TestRegistry_ANodeThatCrashedIsForgottenAfterMinutes(t *testing.T) {
	a, b := install(t, nil), install(t, nil)
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		web1, _ := w.start(t, a, "web1")
		_, kill := w.start(t, b, "web2")
		time.Sleep(3 * time.Minute)
		remove := w.cache.Inject(cachetest.Fault{Op: cachetest.OpSet, Err: cache.ErrUnavailable}) // it says nothing at its end
		kill()
		remove()
		time.Sleep(3 * time.Minute)
		o := overview(t, web1)
		require.Equal(t, "web1:clean:self web2:clean", hosts(o.Nodes))
		require.Greater(t, time.Since(node(t, o.Nodes, "web2").Seen), 2*time.Minute)
		time.Sleep(3 * time.Minute)
		require.Equal(t, "web1:clean:self", hosts(overview(t, web1).Nodes))
	})
}

// The list outlives its lifetime, and is never without a node.
func TestRegistry_NodesStayListedForDays(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		for range 2 {
			run(t, w.withoutDir(t))
		}
		time.Sleep(time.Minute)
		hours := 8 * 24
		if os.Getenv("MOSPARO_TEST_LONG") != "1" {
			w.ageList(t, 84*time.Hour-30*time.Minute, 2*time.Hour)
			hours = 4
		}
		for range hours {
			all, err := nodes.Read(t.Context(), w.pool)
			require.NoError(t, err)
			require.Len(t, all, 2)
			time.Sleep(time.Hour)
		}
	})
}

// ageList makes the list one that was written a time ago, and has a time left.
func (w *world) ageList(t *testing.T, age, left time.Duration) {
	t.Helper()
	list := cache.Key[map[string]any]("mosparoGoNodes")
	stored, err := list.Get(t.Context(), w.pool)
	require.NoError(t, err)
	stored["written"] = time.Now().Add(-age).Unix()
	require.NoError(t, list.Set(t.Context(), w.pool, stored, left))
}

// The list and all records are read in one request, and the record is written in another.
func TestRegistry_AHeartbeatIsOneReadAndOneWrite(t *testing.T) {
	a, b := install(t, nil), install(t, nil)
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		w.start(t, a, "web1")
		w.start(t, b, "web2")
		time.Sleep(5 * time.Minute)
		reads, writes := w.cache.Requests(cachetest.OpGet), w.cache.Requests(cachetest.OpSet)
		time.Sleep(100 * time.Minute)
		require.InDelta(t, 2*100, w.cache.Requests(cachetest.OpGet)-reads, 12)
		require.InDelta(t, 2*100, w.cache.Requests(cachetest.OpSet)-writes, 12)
		require.Zero(t, w.cache.Requests(cachetest.OpDelete)+w.cache.Requests(cachetest.OpList))
	})
}

// All nodes start at once, on a cache that takes its time.
func TestRegistry_NoNodeLosesAnotherOnesPlaceInTheList(t *testing.T) {
	const n = 12
	dir := install(t, nil)
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		w.cache.Inject(cachetest.Fault{Delay: 50 * time.Millisecond})
		for i := range n {
			w.start(t, dir, fmt.Sprintf("web%02d", i))
		}
		time.Sleep(time.Minute)
		all, err := nodes.Read(t.Context(), w.pool)
		require.NoError(t, err)
		require.Len(t, all, n)
	})
}

func TestRegistry_TheListSurvivesItsLoss(t *testing.T) {
	a, b := install(t, nil), install(t, nil)
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		web1, _ := w.start(t, a, "web1")
		w.start(t, b, "web2")
		time.Sleep(3 * time.Minute)
		w.cache.Expire("mosparoGoNodes")
		require.Equal(t, "web1:clean:self web2:clean", hosts(overview(t, web1).Nodes), "it knows the other one")
		time.Sleep(time.Minute + 10*time.Second)
		all, err := nodes.Read(t.Context(), w.pool)
		require.NoError(t, err)
		require.Equal(t, "web1:clean web2:clean", hosts(all), "each has added itself")
		require.NoError(t, w.cache.Flush())
		time.Sleep(time.Minute + 10*time.Second)
		require.Equal(t, "web1:clean:self web2:clean", hosts(overview(t, web1).Nodes))
	})
}

// An operator still sees the cluster as it was.
func TestOverview_HasTheNodesOfBeforeWhileTheCacheIsDown(t *testing.T) {
	a, b := install(t, nil), install(t, nil)
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		web1, _ := w.start(t, a, "web1")
		w.start(t, b, "web2")
		time.Sleep(90 * time.Second)
		read := overview(t, web1).ReadAt
		require.WithinDuration(t, time.Now(), read, time.Second)
		w.cache.Down()
		time.Sleep(10 * time.Second)
		o, err := web1.Overview(t.Context())
		require.ErrorIs(t, err, cache.ErrUnavailable)
		require.Equal(t, "web1:clean:self web2:clean", hosts(o.Nodes))
		require.Equal(t, read, o.ReadAt)
		w.cache.Heal()
	})
}

func TestRegistry_SaysWhyTheOthersDoNotSeeItOnce(t *testing.T) {
	dir := install(t, nil)
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		var log bytes.Buffer
		r := w.registry(t, dir, nodes.WithMode(cleanup.ModeClean), nodes.WithLogger(slog.New(slog.NewTextHandler(&log, nil))))
		require.Contains(t, overview(t, r).NotListed, "does not run")
		heal := w.cache.Fail(fmt.Errorf("%w: dial tcp 10.0.0.31:6379: connect: connection refused", cache.ErrUnavailable))
		stop := run(t, r)
		time.Sleep(10 * time.Minute)
		o, err := r.Overview(t.Context())
		require.ErrorIs(t, err, cache.ErrUnavailable)
		require.False(t, o.Listed)
		require.Equal(t, "the shared cache is unavailable", o.NotListed)
		require.Contains(t, log.String(), "10.0.0.31:6379", "the log has the error")
		require.Len(t, o.Nodes, 1, "itself")
		heal()
		time.Sleep(2 * time.Minute)
		require.True(t, overview(t, r).Listed)
		heal = w.cache.Fail(errors.New("OOM at 10.0.0.31:6379"))
		time.Sleep(2 * time.Minute)
		o, _ = r.Overview(t.Context())
		require.Equal(t, "its record cannot be written; the error is in its log", o.NotListed)
		heal()
		time.Sleep(2 * time.Minute)
		stop()
		require.False(t, overview(t, r).Listed)
		require.Equal(t, 4, strings.Count(log.String(), "\n"), log.String())
	})
}

// A restart is the same node; what it had before, it has had since then.
func TestRegistry_ARestartKeepsIDAndTimes(t *testing.T) {
	dir := install(t, nil)
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		r, stop := w.start(t, dir, "web1")
		time.Sleep(time.Hour)
		before := overview(t, r).Nodes
		stop()
		write(t, dir, "config/env.mosparo.php", config("'mailer_host' => 'mx'"))
		time.Sleep(2 * time.Minute)
		restarted := time.Now()
		r, _ = w.start(t, dir, "web1")
		time.Sleep(time.Minute)
		after := overview(t, r).Nodes
		require.Equal(t, "web1:clean:self", hosts(after))
		require.Equal(t, before[0].ID, after[0].ID)
		require.NotEqual(t, before[0].Started, after[0].Started)
		require.Equal(t, before[0].Fingerprints.Folders, after[0].Fingerprints.Folders)
		for _, s := range after[0].Fingerprints.Settings {
			if s.Name == "mailer_host" {
				require.WithinDuration(t, restarted, s.Since, 5*time.Second)
			} else {
				require.Contains(t, before[0].Fingerprints.Settings, s)
			}
		}
	})
}

// A new process starts before the old one ends.
func TestRegistry_AnOldProcessLeavesTheRecordOfTheNewOneAlone(t *testing.T) {
	dir := install(t, nil)
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		var log bytes.Buffer
		opts := []nodes.Option{
			nodes.WithLogger(slog.New(slog.NewTextHandler(&log, nil))),
			nodes.WithRandom(func(time.Duration) time.Duration { return 0 }), // a heartbeat every 57 s
		}
		_, stop := w.start(t, dir, "web1", opts...)
		time.Sleep(10*57*time.Second + 20*time.Second)
		started := time.Now()
		r, _ := w.start(t, dir, "web1", opts...)
		time.Sleep(50 * time.Second) // with one heartbeat of the old one
		stop()
		all, err := nodes.Read(t.Context(), w.pool)
		require.NoError(t, err)
		require.Equal(t, "web1:clean", hosts(all))
		require.WithinDuration(t, started, all[0].Started, time.Second)
		time.Sleep(10 * time.Minute)
		require.Equal(t, "web1:clean:self", hosts(overview(t, r).Nodes))
		require.Empty(t, log.String())
	})
}

func TestRegistry_TwoNodesWithOneNameAndDirectoryAreBothListed(t *testing.T) {
	dir := install(t, nil)
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		var log bytes.Buffer
		logger := nodes.WithLogger(slog.New(slog.NewTextHandler(&log, nil)))
		r, _ := w.start(t, dir, "web", logger)
		time.Sleep(20 * time.Second)
		w.start(t, dir, "web", logger)
		time.Sleep(10 * time.Minute)
		o := overview(t, r)
		require.Len(t, o.Nodes, 2)
		require.NotEqual(t, o.Nodes[0].ID, o.Nodes[1].ID)
		require.Equal(t, 1, strings.Count(log.String(), "same host name and directory"), log.String())
	})
}

// Processes without mosparo's directory cannot be told apart by it.
func TestRegistry_NodesOfOneProcessAreApart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		var last *nodes.Registry
		for range 3 {
			last = w.withoutDir(t)
			run(t, last)
		}
		time.Sleep(time.Minute)
		o := overview(t, last)
		require.Len(t, o.Nodes, 3)
		require.Contains(t, o.Nodes[0].Fingerprints.Problem, "directory")
		require.Empty(t, o.Differences)
	})
}

// A newer version may store the list in another form: it is left alone.
func TestRegistry_LeavesTheListOfALaterVersionAlone(t *testing.T) {
	dir := install(t, nil)
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		later := cache.Key[map[string]any]("mosparoGoNodes")
		require.NoError(t, later.Set(t.Context(), w.pool, map[string]any{"format": 1, "written": time.Now().Unix(), "ids": []string{}}, time.Hour))
		r, _ := w.start(t, dir, "web1")
		time.Sleep(5 * time.Minute)
		stored, err := later.Get(t.Context(), w.pool)
		require.NoError(t, err)
		require.EqualValues(t, 1, stored["format"])
		o, err := r.Overview(t.Context())
		require.ErrorContains(t, err, "later version")
		require.False(t, o.Listed)
	})
}

func TestRegistry_EndsWithItsContext(t *testing.T) {
	dir := install(t, nil)
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		ctx, cancel := context.WithCancelCause(t.Context())
		cancel(errors.New("at once"))
		require.NoError(t, w.registry(t, dir, nodes.WithMode(cleanup.ModeClean)).Run(ctx))
		require.Zero(t, w.cache.Requests(cachetest.OpSet))
	})
}

// endingCache ends a node while it writes.
type endingCache struct {
	cache.Adapter
	end context.CancelFunc
}

func (c endingCache) Set(ctx context.Context, items ...cache.Item) error {
	err := c.Adapter.Set(ctx, items...)
	c.end()
	return err
}

// A node that is stopped during its first heartbeat does not leave a record of a node that
// runs.
func TestRegistry_StopsWhileItWritesItsFirstRecord(t *testing.T) {
	dir := install(t, nil)
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		ctx, stop := context.WithCancel(t.Context())
		defer stop()
		l := lock.New(w.locks)
		defer l.Close()
		require.NoError(t, nodes.New(cache.NewPool(endingCache{w.cache, stop}), l, load(t, dir), nodes.WithMode(cleanup.ModeClean), nodes.WithHost("web1")).Run(ctx))
		all, err := nodes.Read(t.Context(), w.pool)
		require.NoError(t, err)
		require.Equal(t, "web1:clean:stopped", hosts(all))
	})
}
