package connect_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/mosparo/go-cluster/cache"
	"github.com/mosparo/go-cluster/cache/cachetest/servers"
	"github.com/mosparo/go-cluster/cleanup"
	"github.com/mosparo/go-cluster/cleanup/cleanuptest"
	"github.com/mosparo/go-cluster/cssstore"
	"github.com/mosparo/go-cluster/envconfig"
	"github.com/mosparo/go-cluster/envconfig/connect"
	"github.com/mosparo/go-cluster/envconfig/connect/nodes"
	"github.com/mosparo/go-cluster/lock"
)

// installed makes an installation of mosparo with these settings, and returns them.
func installed(t *testing.T, config string, environ ...string) *envconfig.Settings {
	t.Helper()
	dir := t.TempDir()
	require.NoError(t, os.Mkdir(filepath.Join(dir, "config"), 0o755))
	php := "<?php return ['mosparo_installed' => true, 'mosparo_installed_version' => '1.5.4', 'encryption_key' => 'k', " + config + "];"
	require.NoError(t, os.WriteFile(filepath.Join(dir, "config", "env.mosparo.php"), []byte(php), 0o644))
	s, err := envconfig.Load(dir, append(environ, "MOSPARO_PREPARE_CSS_FILES_IN_SHARED_CACHE=1"))
	require.NoError(t, err)
	return s
}

// requests is a cache that writes down what it is asked.
type requests struct {
	cache.Adapter
	mu  sync.Mutex
	all []string
}

func (r *requests) note(op string, keys []string) {
	if slices.ContainsFunc(keys, func(k string) bool { return strings.HasPrefix(k, "mosparoGoNode") }) {
		op = "nodes: " + op
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.all = append(r.all, fmt.Sprint(op, " ", keys))
}

func (r *requests) Get(ctx context.Context, keys ...string) ([][]byte, error) {
	r.note("get", keys)
	return r.Adapter.Get(ctx, keys...)
}

func (r *requests) Set(ctx context.Context, items ...cache.Item) error {
	var keys []string
	for _, i := range items {
		keys = append(keys, i.Key)
	}
	r.note("set", keys)
	return r.Adapter.Set(ctx, items...)
}

func (r *requests) Delete(ctx context.Context, keys ...string) error {
	r.note("delete", keys)
	return r.Adapter.Delete(ctx, keys...)
}

// A cleanup makes the same requests, in the same order, whether its node has a record or
// not.
func TestOpen_ANodesRecordCostsACleanupNoRequest(t *testing.T) {
	none := func(time.Duration) time.Duration { return 0 }
	ofHalfADay := func(opts ...connect.Option) (work, records []string) {
		s := installed(t, "")
		synctest.Test(t, func(t *testing.T) {
			f := newFakes()
			require.NoError(t, cleanup.NextCleanup.Set(t.Context(), cache.NewPool(f.cache), time.Now(), 0))
			seen := &requests{Adapter: f.cache}
			n, err := connect.Open(t.Context(), s, append(opts, connect.WithMode(cleanup.ModeClean),
				connect.WithCache(seen), connect.WithLock(f.lock), connect.WithDatabase(f.database), connect.WithProjects(projectList{}),
				connect.WithLockerOptions(lock.WithRandom(none)), connect.WithSchedulerOptions(cleanup.WithRandom(none)))...)
			require.NoError(t, err)
			ctx, stop := context.WithTimeout(t.Context(), 13*time.Hour)
			defer stop()
			require.NoError(t, n.Run(ctx))
			require.NoError(t, n.Close())
			require.Equal(t, 3, f.database.Cleans())
			for _, r := range seen.all {
				if strings.HasPrefix(r, "nodes: ") {
					records = append(records, r)
				} else {
					work = append(work, r)
				}
			}
		})
		return work, records
	}
	want, records := ofHalfADay(connect.WithoutNodes())
	require.Empty(t, records)
	got, records := ofHalfADay()
	require.Equal(t, want, got)
	require.InDelta(t, 2*13*60, len(records), 2*13*3, "one read and one write a minute")
}

// seenBy returns the nodes that a node sees.
func seenBy(t *testing.T, n *connect.Node) (names []string, o nodes.Overview) {
	t.Helper()
	o, err := n.Nodes.Overview(t.Context())
	require.NoError(t, err)
	for _, other := range o.Nodes {
		names = append(names, other.Host+":"+string(other.Mode))
	}
	return names, o
}

// Two Go nodes, and a PHP node that cleans when a visitor comes, and whose cron publishes.
func TestOpen_GoAndPHPNodesOfAClusterSeeEachOther(t *testing.T) {
	one, two, phps, watching := installed(t, ""), installed(t, ""), installed(t, "'mailer_host' => 'old'"), installed(t, "")
	synctest.Test(t, func(t *testing.T) {
		f := newFakes()
		pool := cache.NewPool(f.cache)
		require.NoError(t, cleanup.NextCleanup.Set(t.Context(), pool, time.Now(), 0))
		ctx, stop := context.WithCancel(t.Context())
		var work sync.WaitGroup
		open := func(s *envconfig.Settings, host string, opts ...connect.Option) *connect.Node {
			n, err := connect.Open(t.Context(), s, append(opts, connect.WithNodesOptions(nodes.WithHost(host)),
				connect.WithCache(f.cache), connect.WithLock(f.lock), connect.WithDatabase(f.database), connect.WithProjects(projectList{}))...)
			require.NoError(t, err)
			work.Go(func() { _ = n.Run(ctx) })
			return n
		}
		clean := connect.WithMode(cleanup.ModeClean)
		go1, go2, watcher := open(one, "go1", clean), open(two, "go2", clean), open(watching, "watcher")
		php := cleanuptest.PHPNode{Pool: pool, Database: f.database}
		work.Go(func() {
			for ctx.Err() == nil {
				_, err := php.Cleanup(ctx, cleanup.ExecutorFrontendAPI)
				if ctx.Err() == nil {
					require.NoError(t, err)
				}
				select {
				case <-time.After(7 * time.Minute):
				case <-ctx.Done():
				}
			}
		})
		work.Go(func() { // its cron
			for ctx.Err() == nil {
				locker := lock.New(f.lock)
				_, err := nodes.New(pool, locker, phps, nodes.WithHost("php1")).Publish(ctx, 2*time.Hour)
				locker.Close()
				if ctx.Err() == nil {
					require.NoError(t, err)
				}
				select {
				case <-time.After(time.Hour):
				case <-ctx.Done():
				}
			}
		})
		time.Sleep(7 * time.Hour)
		all := []string{"go1:clean", "go2:clean", "php1:published"}
		for _, n := range []*connect.Node{go1, go2} {
			names, o := seenBy(t, n)
			require.Equal(t, all, names)
			require.True(t, o.Listed)
			require.Len(t, o.Differences, 1)
			require.Contains(t, o.Describe(o.Differences[0]), "php1 differs from most nodes in the setting mailer_host since")
		}
		names, o := seenBy(t, watcher)
		require.Equal(t, append(all, "watcher:observe"), names)
		require.False(t, o.Listed)
		require.Greater(t, f.database.Cleans(), 1)
		require.Zero(t, f.database.OverlappingCleans())
		stop()
		work.Wait()
		for _, n := range []*connect.Node{go1, go2, watcher} {
			require.NoError(t, n.Close())
		}
	})
}

// phpNodes prints what PHP reads of the nodes.
const phpNodes = `
$pool = new Symfony\Component\Cache\Adapter\RedisAdapter(Symfony\Component\Cache\Adapter\RedisAdapter::createConnection($argv[1]));
foreach ($pool->getItem('mosparoGoNodes')->get()['ids'] as $id) {
	$n = $pool->getItem('mosparoGoNode.'.$id)->get();
	echo $n['host'], ' ', $n['mode'], ' ', get_class($n['seen']), ' ', $n['mosparo'], ' ', count($n['settings']), "\n";
}`

func TestOpen_NodesSeeEachOtherOnRedisAndPHPReadsThem(t *testing.T) {
	t.Parallel()
	php := servers.PHP(t, "redis")
	dsn := "redis://" + servers.Redis(t).Addr()
	environ := []string{"MOSPARO_CACHE_ADAPTER=redis", "REDIS_URL=" + dsn}
	ctx, stop := context.WithCancel(t.Context())
	var all []*connect.Node
	var work sync.WaitGroup
	for _, host := range []string{"go1", "go2"} {
		n, err := connect.Open(t.Context(), installed(t, "", environ...), connect.WithMode(cleanup.ModeClean), connect.WithNodesOptions(nodes.WithHost(host)),
			connect.WithDatabase(cleanuptest.NewFake()), connect.WithProjects(projectList{{UUID: cssstore.UUID{1}}}))
		require.NoError(t, err)
		defer n.Close()
		work.Go(func() { _ = n.Run(ctx) })
		all = append(all, n)
	}
	_, err := nodes.New(all[0].Pool, all[0].Locker, installed(t, ""), nodes.WithHost("php1")).Publish(t.Context(), time.Hour, nodes.WithFileLists())
	require.NoError(t, err)
	for _, n := range all {
		require.Eventually(t, func() bool {
			names, o := seenBy(t, n)
			return o.Listed && slices.Equal(names, []string{"go1:clean", "go2:clean", "php1:published"}) && len(o.Differences) == 0
		}, 30*time.Second, 20*time.Millisecond)
	}
	lines := strings.Split(strings.TrimSpace(php.Run(phpNodes, dsn)), "\n")
	slices.Sort(lines)
	require.Equal(t, []string{"go1 clean DateTime 1.5.4 3", "go2 clean DateTime 1.5.4 3", "php1 published DateTime 1.5.4 3"}, lines)
	stop()
	work.Wait()
	stopped, err := nodes.Read(t.Context(), all[0].Pool)
	require.NoError(t, err)
	require.True(t, stopped[0].Stopped && stopped[1].Stopped && !stopped[2].Stopped)
}
