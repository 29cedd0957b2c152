package cssgen_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/bradfitz/gomemcache/memcache"
	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"github.com/mosparo/go-cluster/cache"
	"github.com/mosparo/go-cluster/cache/cachetest/servers"
	"github.com/mosparo/go-cluster/cache/memcachedadapter"
	"github.com/mosparo/go-cluster/cache/redisadapter"
	"github.com/mosparo/go-cluster/cssstore"
	"github.com/mosparo/go-cluster/cssstore/cachestore"
	"github.com/mosparo/go-cluster/cssstore/cssgen"
	"github.com/mosparo/go-cluster/lock"
	"github.com/mosparo/go-cluster/lock/memcachedlocker"
	"github.com/mosparo/go-cluster/lock/redislocker"
)

// connect is how one node reaches the servers.
type connect func(t *testing.T) (cache.Adapter, lock.Backend)

// onServers starts servers, and returns how nodes reach them.
var onServers = map[string]func(t *testing.T) connect{
	"Redis": func(t *testing.T) connect {
		addr := servers.Redis(t).Addr()
		return func(t *testing.T) (cache.Adapter, lock.Backend) {
			c := redis.NewClient(&redis.Options{Addr: addr, ContextTimeoutEnabled: true, MaxRetries: -1})
			t.Cleanup(func() { require.NoError(t, c.Close()) })
			return redisadapter.New(c), redislocker.New(c)
		}
	},
	"memcached": func(t *testing.T) connect {
		var list []memcachedadapter.Server
		for range 2 {
			list = append(list, memcachedadapter.Server{Host: "127.0.0.1", Port: servers.Memcached(t).Port()})
		}
		locks := servers.Memcached(t).Addr()
		return func(t *testing.T) (cache.Adapter, lock.Backend) {
			all, err := memcachedadapter.NewServers(list)
			require.NoError(t, err)
			c, l := all.Client(memcachedadapter.ClientOptions{}), memcache.New(locks)
			l.Timeout, l.MaxIdleConns = 5*time.Second, 16
			t.Cleanup(func() { l.Close(); require.NoError(t, c.Close()) })
			return memcachedadapter.New(c, all), memcachedlocker.New(l)
		}
	},
}

// server is a node with connections of its own.
type server struct {
	*cssgen.Generator
	pool   *cache.Pool
	locker *lock.Locker
	end    func()
}

// puts count what was prepared, and know an older version that takes the place
// of a newer one.
type puts struct {
	mu     sync.Mutex
	last   map[cssstore.UUID]string
	counts map[string]int
	older  []string
}

func (p *puts) note(r cssstore.Resource) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.last[r.Project] > r.Source.Version {
		p.older = append(p.older, fmt.Sprintf("project %v: %s by %s", r.Project, p.last[r.Project], r.Source.Version))
	}
	p.last[r.Project] = r.Source.Version
	p.counts[r.Source.Version]++
}

func (p *puts) of(version string) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.counts[version]
}

// noting tells of each Put.
type noting struct {
	cssstore.Store
	*puts
}

func (n noting) Put(ctx context.Context, r cssstore.Resource) error {
	err := n.Store.Put(ctx, r)
	if err == nil {
		n.note(r)
	}
	return err
}

// startServer starts a node that publishes itself until it ends.
func startServer(t *testing.T, reach connect, db *settings, all *puts, name, version string) *server {
	t.Helper()
	adapter, backend := reach(t)
	s := &server{pool: cache.NewPool(adapter), locker: lock.New(backend, lock.WithPoll(5*time.Millisecond))}
	store := noting{cachestore.New(s.pool, cachestore.WithLocker(s.locker)), all}
	n := &node{build: build(version)}
	s.Generator = cssgen.New(store, s.pool, s.locker, cssgen.Inputs{Settings: db, LoadBuild: n.load}, cssgen.WithName(name))
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = s.Run(ctx)
	}()
	s.end = sync.OnceFunc(func() {
		cancel()
		<-ended
		s.locker.Close()
	})
	t.Cleanup(s.end)
	return s
}

// published waits until so many nodes have published themselves.
func (s *server) published(t *testing.T, count int) {
	t.Helper()
	require.Eventually(t, func() bool {
		all, err := cssgen.PeerBuilds(t.Context(), s.pool)
		return err == nil && len(all) == count
	}, time.Minute, 10*time.Millisecond)
}

func TestGenerator_NodesThatStartTogetherAllPublishThemselves(t *testing.T) {
	for name, start := range onServers {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			const nodes = 12
			reach, db := start(t), newSettings(1)
			all := &puts{last: map[cssstore.UUID]string{}, counts: map[string]int{}}
			var running []*server
			for i := range nodes {
				running = append(running, startServer(t, reach, db, all, fmt.Sprint("node", i), "1.5.4"))
			}
			running[0].published(t, nodes)
			var ending sync.WaitGroup
			for _, s := range running[1:] {
				ending.Go(s.end)
			}
			ending.Wait()
			left, err := cssgen.PeerBuilds(t.Context(), running[0].pool)
			require.NoError(t, err)
			require.Len(t, left, 1, "all that ended together have withdrawn")
			require.Equal(t, "node0", left[0].Node)
		})
	}
}

// The same as in memory, with nodes that are started again with what is new,
// as an update does.
func TestGenerator_AnUpdateUnderLoadOnServers(t *testing.T) {
	const projects = 6
	for name, start := range onServers {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			reach, db := start(t), newSettings(projects)
			all := &puts{last: map[cssstore.UUID]string{}, counts: map[string]int{}}
			nodes := []*server{
				startServer(t, reach, db, all, "a", "1.5.4"), startServer(t, reach, db, all, "b", "1.5.4"), startServer(t, reach, db, all, "c", "1.5.4"),
			}
			nodes[0].published(t, len(nodes))
			for _, n := range nodes {
				n.HeardAll() // one of them was the first
			}
			// Every node gets three concurrent requests for every project.
			everywhere := func(check func(error) bool) {
				var asking sync.WaitGroup
				for _, n := range nodes {
					for j := range 3 * projects {
						asking.Go(func() {
							if _, err := n.Generate(t.Context(), db.project(j%projects)); !check(err) {
								t.Error(err)
							}
						})
					}
				}
				asking.Wait()
			}
			works := func(err error) bool { return err == nil }
			disagrees := func(err error) bool { return errors.Is(err, cssgen.ErrDisagreement) }
			again := func(i int, name string) {
				nodes[i].end()
				nodes[i] = startServer(t, reach, db, all, name, "1.5.5")
				nodes[i].published(t, len(nodes))
			}

			everywhere(works)
			require.Equal(t, projects, all.of("1.5.4"), "each project was prepared once in the cluster")

			again(0, "a")
			again(1, "b")
			for j := range projects {
				db.save(j, "green")
			}
			everywhere(disagrees)
			require.Equal(t, projects, all.of("1.5.4"), "two new nodes and an old one: no node prepares")
			require.Zero(t, all.of("1.5.5"))

			again(2, "c")
			everywhere(works)
			require.Equal(t, projects, all.of("1.5.5"), "all agree again")
			require.Empty(t, all.older)
			store := cachestore.New(nodes[0].pool)
			for j := range projects {
				r, err := store.Get(t.Context(), db.project(j).UUID)
				require.NoError(t, err)
				require.Equal(t, db.project(j).Hash, r.Hash)
				require.True(t, r.Settled)
				require.Equal(t, "1.5.5", r.Source.Version)
			}
		})
	}
}
