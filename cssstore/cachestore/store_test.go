package cssstore_test

import (
	"context"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"github.com/mosparo/go-cluster/cache"
	"github.com/mosparo/go-cluster/cache/cachetest"
	"github.com/mosparo/go-cluster/cache/cachetest/servers"
	"github.com/mosparo/go-cluster/cache/fileadapter"
	"github.com/mosparo/go-cluster/cache/memoryadapter"
	"github.com/mosparo/go-cluster/cache/redisadapter"
	"github.com/mosparo/go-cluster/cssstore"
	"github.com/mosparo/go-cluster/cssstore/cssstoretest"
	"github.com/mosparo/go-cluster/lock"
	"github.com/mosparo/go-cluster/lock/memorylocker"
)

func newLocker(t testing.TB) *lock.Locker {
	l := lock.New(memorylocker.New(), lock.WithPoll(time.Millisecond))
	t.Cleanup(l.Close)
	return l
}

func redisClient(t testing.TB) *redis.Client {
	t.Helper()
	c := redis.NewClient(&redis.Options{Addr: servers.Redis(t).Addr(), ContextTimeoutEnabled: true, MaxRetries: -1, DialTimeout: time.Second})
	t.Cleanup(func() { require.NoError(t, c.Close()) })
	return c
}

// adapters are those that are not bound to a bubble.
func adapters(t *testing.T) map[string]func(t *testing.T) cache.Adapter {
	return map[string]func(t *testing.T) cache.Adapter{
		"memory": func(*testing.T) cache.Adapter { return memoryadapter.New() },
		"files": func(t *testing.T) cache.Adapter {
			a, err := fileadapter.New(t.TempDir())
			require.NoError(t, err)
			return a
		},
		"redis":     func(t *testing.T) cache.Adapter { return redisadapter.New(redisClient(t)) },
		"memcached": func(t *testing.T) cache.Adapter { a, _ := memcachedAdapter(t, 3); return a },
	}
}

func TestCached_Conformance(t *testing.T) {
	for name, open := range adapters(t) {
		t.Run(name, func(t *testing.T) {
			a := open(t)
			cssstoretest.Conformance(t, func(t *testing.T) cssstore.Store {
				return cssstore.NewCached(cache.NewPool(a), newLocker(t))
			})
		})
	}
}

var (
	project = cssstore.UUID{0x51, 0xb9, 0x09, 0x1d, 0x8e, 0x8b, 0x48, 0x2b, 0xa8, 0xf1, 0xd9, 0x30, 0xe8, 0xda, 0x93, 0x1e}
	hashOf  = cssstoretest.HashOf
)

func resource(css string) cssstore.Resource {
	return cssstore.Resource{Project: project, Hash: hashOf(css), CSS: []byte(css)}
}

// phpNode writes as a PHP node does: the CSS, then the hash.
type phpNode struct{ pool *cache.Pool }

func (n phpNode) putCSS(t testing.TB, css string) {
	t.Helper()
	require.NoError(t, cache.Key[string]("design_"+project.String()+"_content").Set(context.Background(), n.pool, css, 0))
}

func (n phpNode) putHash(t testing.TB, css string) {
	t.Helper()
	require.NoError(t, cache.Key[string]("design_"+project.String()+"_hash").Set(context.Background(), n.pool, hashOf(css).String(), 0))
}

func (n phpNode) put(t testing.TB, css string) {
	t.Helper()
	n.putCSS(t, css)
	n.putHash(t, css)
}

// bubble runs a test with a store in memory, in virtual time.
func bubble(t *testing.T, test func(t *testing.T, s *cssstore.Cached, php phpNode)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		pool := cache.NewPool(memoryadapter.New())
		test(t, cssstore.NewCached(pool, newLocker(t)), phpNode{pool})
	})
}

func get(t testing.TB, s cssstore.Store) cssstore.Resource {
	t.Helper()
	r, err := s.Get(t.Context(), project)
	require.NoError(t, err)
	return r
}

func TestCached_WhatPHPWroteIsSettledOnTheSecondLook(t *testing.T) {
	bubble(t, func(t *testing.T, s *cssstore.Cached, php phpNode) {
		php.put(t, "a")
		start := time.Now()
		require.False(t, get(t, s).Settled)
		require.Zero(t, time.Since(start), "the first visitor does not wait")
		time.Sleep(cssstore.SettleTime - time.Nanosecond)
		require.False(t, get(t, s).Settled)
		time.Sleep(time.Nanosecond)
		r := get(t, s)
		require.True(t, r.Settled)
		require.Equal(t, hashOf("a"), r.Hash)
		require.Equal(t, "a", string(r.CSS))

		php.put(t, "b")
		require.False(t, get(t, s).Settled, "another pair is looked at again")
	})
}

func TestCached_TheMiddleOfAPHPNodesWriteIsNotSettled(t *testing.T) {
	bubble(t, func(t *testing.T, s *cssstore.Cached, php phpNode) {
		php.put(t, "a")
		_, err := cssstore.GetSettled(t.Context(), s, project)
		require.NoError(t, err)
		php.putCSS(t, "b")
		r := get(t, s)
		require.Equal(t, hashOf("a"), r.Hash)
		require.False(t, r.Settled)
		php.putHash(t, "b")
		r, err = cssstore.GetSettled(t.Context(), s, project)
		require.NoError(t, err)
		require.Equal(t, hashOf("b"), r.Hash)
	})
}

func TestCached_NothingIsGivenOutWhileAPHPNodeReplacesAGoNodesVersion(t *testing.T) {
	bubble(t, func(t *testing.T, s *cssstore.Cached, php phpNode) {
		require.NoError(t, s.Put(t.Context(), resource("go")))
		php.putCSS(t, "php")
		go func() {
			time.Sleep(cssstore.SettleTime / 2)
			php.putHash(t, "php")
		}()
		r := get(t, s)
		require.Equal(t, hashOf("php"), r.Hash)
		require.Equal(t, "php", string(r.CSS))
		require.True(t, r.Settled)
	})
}

func TestCached_CSSOfAWriterThatStopsBeforeItsHashIsNotGivenOut(t *testing.T) {
	bubble(t, func(t *testing.T, s *cssstore.Cached, php phpNode) {
		require.NoError(t, s.Put(t.Context(), resource("go")))
		php.putCSS(t, "php")
		go func() {
			time.Sleep(3*cssstore.SettleTime + 7)
			php.putHash(t, "php")
		}()
		start := time.Now()
		r := get(t, s)
		require.Equal(t, hashOf("php"), r.Hash)
		require.True(t, r.Settled)
		require.Less(t, time.Since(start), 6*cssstore.SettleTime)
	})
}

func TestCached_NewBytesOfPHPUnderTheSameHashAreTakenAfterAWhile(t *testing.T) {
	bubble(t, func(t *testing.T, s *cssstore.Cached, php phpNode) {
		require.NoError(t, s.Put(t.Context(), resource("go")))
		php.putCSS(t, "the same design after an update of mosparo")
		start := time.Now()
		r := get(t, s)
		require.Equal(t, 4*cssstore.SettleTime, time.Since(start))
		require.Equal(t, hashOf("go"), r.Hash)
		require.Equal(t, "the same design after an update of mosparo", string(r.CSS))
		require.True(t, r.Settled)
		start = time.Now()
		require.True(t, get(t, s).Settled)
		require.Zero(t, time.Since(start), "it is looked at twice once")
	})
}

func TestCached_APairThatChangesEachTimeIsNotGivenOut(t *testing.T) {
	bubble(t, func(t *testing.T, s *cssstore.Cached, php phpNode) {
		require.NoError(t, s.Put(t.Context(), resource("go")))
		php.putCSS(t, "php")
		ctx, cancel := context.WithCancel(t.Context())
		go func() {
			for i := 0; ctx.Err() == nil; i++ {
				php.putCSS(t, strings.Repeat("x", i))
				time.Sleep(cssstore.SettleTime/2 + 7)
			}
		}()
		_, err := s.Get(t.Context(), project)
		require.ErrorIs(t, err, cssstore.ErrUnsettled)
		cancel()
		synctest.Wait()
		time.Sleep(time.Second)
		require.True(t, get(t, s).Settled)
	})
}

func TestCached_BytesOfAGoNodeKeepTheirHash(t *testing.T) {
	for name, c := range map[string]struct {
		hash string
	}{
		"a writer stopped before the hash":           {hash: "old"},
		"a php node wrote before and after":          {hash: "php"},
		"a php node stored a design of the same css": {hash: "16.0 instead of 16"},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T, s *cssstore.Cached, php phpNode) {
				require.NoError(t, s.Put(t.Context(), resource("go")))
				php.putHash(t, c.hash)
				for range 3 {
					r := get(t, s)
					require.Equal(t, hashOf("go"), r.Hash)
					require.True(t, r.Settled)
					require.Equal(t, hashOf(c.hash), r.Alias)
					h, err := s.Hash(t.Context(), project)
					require.NoError(t, err)
					require.Equal(t, hashOf("go"), h)
					time.Sleep(time.Hour)
				}
				r, err := cssstore.Version(t.Context(), s, project, hashOf(c.hash))
				require.NoError(t, err)
				require.False(t, r.Settled, "who asks for the other hash gets the bytes for a minute")
				require.Equal(t, hashOf(c.hash), r.Hash)
				require.NoError(t, s.Put(t.Context(), resource("go")))
				require.True(t, get(t, s).Alias.IsZero(), "storing it again makes it right")
			})
		})
	}
}

func TestCached_WhatPHPTakesForAMissIsNotFound(t *testing.T) {
	set := func(key string, raw string) func(*testing.T, cache.Adapter) {
		return func(t *testing.T, a cache.Adapter) {
			require.NoError(t, a.Set(t.Context(), cache.Item{Key: "design_" + project.String() + key, Value: []byte(raw)}))
		}
	}
	remove := func(key string) func(*testing.T, cache.Adapter) {
		return func(t *testing.T, a cache.Adapter) {
			require.NoError(t, a.Delete(t.Context(), "design_"+project.String()+key))
		}
	}
	for name, damage := range map[string]func(*testing.T, cache.Adapter){
		"no content": remove("_content"), "no hash": remove("_hash"),
		"null content": set("_content", "N;"), "null hash": set("_hash", "N;"),
		"content is a number": set("_content", "i:1;"), "content is damaged": set("_content", `s:9:"a";`),
		"hash is short": set("_hash", `s:3:"abc";`), "hash is a list": set("_hash", `a:0:{}`),
	} {
		t.Run(name, func(t *testing.T) {
			a := memoryadapter.New()
			s := cssstore.NewCached(cache.NewPool(a), nil)
			require.NoError(t, s.Put(t.Context(), resource("go")))
			damage(t, a)
			_, err := s.Get(t.Context(), project)
			require.ErrorIs(t, err, cssstore.ErrNotFound)
		})
	}
}

func TestCached_KeepsSourceAndTime(t *testing.T) {
	bubble(t, func(t *testing.T, s *cssstore.Cached, php phpNode) {
		r := resource("go")
		r.Source = cssstore.Source{Base: hashOf("base").String(), Version: "1.5.4"}
		require.NoError(t, s.Put(t.Context(), r))
		got := get(t, s)
		require.Equal(t, r.Source, got.Source)
		require.True(t, got.Modified.Equal(time.Now()))

		time.Sleep(31 * 24 * time.Hour)
		got = get(t, s)
		require.Equal(t, "go", string(got.CSS), "the pair outlives the mark")
		require.False(t, got.Settled)
		require.Zero(t, got.Source)
	})
}

func TestCached_ADamagedMarkIsNone(t *testing.T) {
	for _, raw := range []string{"N;", "i:1;", "a:0:{}", `a:2:{s:4:"hash";s:1:"x";s:6:"sha256";s:1:"y";}`, "\x00\x00\x00\x02\x14", "x"} {
		a := memoryadapter.New()
		s := cssstore.NewCached(cache.NewPool(a), nil)
		require.NoError(t, s.Put(t.Context(), resource("go")))
		require.NoError(t, a.Set(t.Context(), cache.Item{Key: "mosparoGoCss_" + project.String(), Value: []byte(raw)}))
		r := get(t, s)
		require.False(t, r.Settled, "%q", raw)
		require.Equal(t, "go", string(r.CSS))
	}
}

func TestCached_ReadsInOneRoundTrip(t *testing.T) {
	f := cachetest.NewFake()
	s := cssstore.NewCached(cache.NewPool(f), nil)
	require.NoError(t, s.Put(t.Context(), resource("go")))
	before := f.Requests(cachetest.OpGet)
	get(t, s)
	require.Equal(t, before+1, f.Requests(cachetest.OpGet))
}

func TestCached_PassesOnWhatTheCacheSays(t *testing.T) {
	f := cachetest.NewFake(memoryadapter.WithMaxValueSize(1000))
	s := cssstore.NewCached(cache.NewPool(f), nil)
	require.NoError(t, s.Put(t.Context(), resource("go")))
	require.ErrorIs(t, s.Put(t.Context(), resource(strings.Repeat("x", 2000))), cache.ErrTooLarge)
	require.Equal(t, "go", string(get(t, s).CSS))
	f.Inject(cachetest.Fault{Err: cache.ErrUnavailable})
	_, err := s.Get(t.Context(), project)
	require.ErrorIs(t, err, cache.ErrUnavailable)
	require.NotErrorIs(t, err, cssstore.ErrNotFound)
	require.ErrorIs(t, s.Put(t.Context(), resource("new")), cache.ErrUnavailable)
	require.ErrorIs(t, s.Delete(t.Context(), project), cache.ErrUnavailable)
}

func TestCached_PutWritesAgainWhenAPHPNodeCameInBetween(t *testing.T) {
	f := cachetest.NewFake()
	s, php := cssstore.NewCached(cache.NewPool(f), nil), phpNode{cache.NewPool(f.Below())}
	once := true
	f.Inject(cachetest.Fault{Op: cachetest.OpGet, Match: func(cachetest.Op, []string) bool {
		if once {
			once = false
			php.putHash(t, "php") // it wrote the CSS before us
		}
		return false
	}})
	require.NoError(t, s.Put(t.Context(), resource("go")))
	r := get(t, s)
	require.Equal(t, hashOf("go"), r.Hash)
	require.True(t, r.Alias.IsZero())
}

func TestCached_PutThatGivesWayLeavesNoCSSUnderItsHash(t *testing.T) {
	f := cachetest.NewFake()
	s, php := cssstore.NewCached(cache.NewPool(f), nil), phpNode{cache.NewPool(f.Below())}
	interfere := true
	f.Inject(cachetest.Fault{Op: cachetest.OpGet, Match: func(cachetest.Op, []string) bool {
		if interfere {
			php.putCSS(t, "php") // and its hash before ours
		}
		return false
	}})
	require.ErrorIs(t, s.Put(t.Context(), resource("go")), cssstore.ErrOverwritten)
	interfere = false
	_, err := cssstore.GetSettled(t.Context(), s, project)
	require.ErrorIs(t, err, cssstore.ErrNotFound, "PHP prepares what is missing")
}

func TestCached_ListsProjectsOfAnyEntry(t *testing.T) {
	a := memoryadapter.New()
	s := cssstore.NewCached(cache.NewPool(a), nil)
	other := cssstore.UUID{7}
	require.NoError(t, s.Put(t.Context(), resource("go")))
	for _, key := range []string{"design_" + other.String() + "_content", "design_x_hash", "design_", "mosparoGoCss_", "design_" + strings.ToUpper(project.String()) + "_hash"} {
		require.NoError(t, a.Set(t.Context(), cache.Item{Key: key, Value: []byte("N;")}))
	}
	var found []cssstore.UUID
	for p, err := range cssstore.List(t.Context(), s) {
		require.NoError(t, err)
		found = append(found, p)
	}
	require.ElementsMatch(t, []cssstore.UUID{project, other}, found)
}
