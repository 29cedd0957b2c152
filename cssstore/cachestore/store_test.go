package cachestore_test

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
	"github.com/mosparo/go-cluster/cssstore/cachestore"
	"github.com/mosparo/go-cluster/cssstore/cssstoretest"
	"github.com/mosparo/go-cluster/cssstore/internal/fixturetest"
)

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

func TestStore_Conformance(t *testing.T) {
	for name, open := range adapters(t) {
		t.Run(name, func(t *testing.T) {
			a := open(t)
			cssstoretest.Conformance(t, func(t *testing.T) cssstore.Store {
				return cachestore.New(cache.NewPool(a), cachestore.WithLocker(fixturetest.Locker(t)))
			})
		})
	}
}

var project, hashOf = fixturetest.Project, cssstoretest.HashOf

// bubble runs a test with a store in memory, in virtual time.
func bubble(t *testing.T, test func(t *testing.T, s *cachestore.Store, php fixturetest.PHPNode)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		pool := cache.NewPool(memoryadapter.New())
		test(t, cachestore.New(pool, cachestore.WithLocker(fixturetest.Locker(t))), fixturetest.PHPNode{Pool: pool})
	})
}

func TestStore_WhatPHPWroteIsSettledOnTheSecondLook(t *testing.T) {
	bubble(t, func(t *testing.T, s *cachestore.Store, php fixturetest.PHPNode) {
		php.Put(t, "a")
		start := time.Now()
		require.False(t, fixturetest.Get(t, s).Settled)
		require.Zero(t, time.Since(start), "the first visitor does not wait")
		time.Sleep(cssstore.SettleTime - time.Nanosecond)
		require.False(t, fixturetest.Get(t, s).Settled)
		time.Sleep(time.Nanosecond)
		r := fixturetest.Get(t, s)
		require.True(t, r.Settled)
		require.Equal(t, hashOf("a"), r.Hash)
		require.Equal(t, "a", string(r.CSS))

		php.Put(t, "b")
		require.False(t, fixturetest.Get(t, s).Settled, "another pair is looked at again")
	})
}

func TestStore_TheMiddleOfAPHPNodesWriteIsNotSettled(t *testing.T) {
	bubble(t, func(t *testing.T, s *cachestore.Store, php fixturetest.PHPNode) {
		php.Put(t, "a")
		_, err := cssstore.GetSettled(t.Context(), s, project)
		require.NoError(t, err)
		php.PutCSS(t, "b")
		r := fixturetest.Get(t, s)
		require.Equal(t, hashOf("a"), r.Hash)
		require.False(t, r.Settled)
		php.PutHash(t, "b")
		r, err = cssstore.GetSettled(t.Context(), s, project)
		require.NoError(t, err)
		require.Equal(t, hashOf("b"), r.Hash)
	})
}

func TestStore_NothingIsGivenOutWhileAPHPNodeReplacesAGoNodesVersion(t *testing.T) {
	bubble(t, func(t *testing.T, s *cachestore.Store, php fixturetest.PHPNode) {
		require.NoError(t, s.Put(t.Context(), fixturetest.Resource("go")))
		php.PutCSS(t, "php")
		go func() {
			time.Sleep(cssstore.SettleTime / 2)
			php.PutHash(t, "php")
		}()
		r := fixturetest.Get(t, s)
		require.Equal(t, hashOf("php"), r.Hash)
		require.Equal(t, "php", string(r.CSS))
		require.True(t, r.Settled)
	})
}

func TestStore_CSSOfAWriterThatStopsBeforeItsHashIsNotGivenOut(t *testing.T) {
	bubble(t, func(t *testing.T, s *cachestore.Store, php fixturetest.PHPNode) {
		require.NoError(t, s.Put(t.Context(), fixturetest.Resource("go")))
		php.PutCSS(t, "php")
		go func() {
			time.Sleep(3*cssstore.SettleTime + 7)
			php.PutHash(t, "php")
		}()
		start := time.Now()
		r := fixturetest.Get(t, s)
		require.Equal(t, hashOf("php"), r.Hash)
		require.True(t, r.Settled)
		require.Less(t, time.Since(start), 6*cssstore.SettleTime)
	})
}

func TestStore_NewBytesOfPHPUnderTheSameHashAreTakenAfterAWhile(t *testing.T) {
	bubble(t, func(t *testing.T, s *cachestore.Store, php fixturetest.PHPNode) {
		require.NoError(t, s.Put(t.Context(), fixturetest.Resource("go")))
		php.PutCSS(t, "the same design after an update of mosparo")
		start := time.Now()
		r := fixturetest.Get(t, s)
		require.Equal(t, 4*cssstore.SettleTime, time.Since(start))
		require.Equal(t, hashOf("go"), r.Hash)
		require.Equal(t, "the same design after an update of mosparo", string(r.CSS))
		require.True(t, r.Settled)
		start = time.Now()
		require.True(t, fixturetest.Get(t, s).Settled)
		require.Zero(t, time.Since(start), "it is looked at twice once")
	})
}

func TestStore_APairThatChangesEachTimeIsNotGivenOut(t *testing.T) {
	bubble(t, func(t *testing.T, s *cachestore.Store, php fixturetest.PHPNode) {
		require.NoError(t, s.Put(t.Context(), fixturetest.Resource("go")))
		php.PutCSS(t, "php")
		ctx, cancel := context.WithCancel(t.Context())
		go func() {
			for i := 0; ctx.Err() == nil; i++ {
				php.PutCSS(t, strings.Repeat("x", i))
				time.Sleep(cssstore.SettleTime/2 + 7)
			}
		}()
		_, err := s.Get(t.Context(), project)
		require.ErrorIs(t, err, cssstore.ErrUnsettled)
		cancel()
		synctest.Wait()
		time.Sleep(time.Second)
		require.True(t, fixturetest.Get(t, s).Settled)
	})
}

func TestStore_BytesOfAGoNodeKeepTheirHash(t *testing.T) {
	for name, c := range map[string]struct {
		hash string
	}{
		"a writer stopped before the hash":           {hash: "old"},
		"a php node wrote before and after":          {hash: "php"},
		"a php node stored a design of the same css": {hash: "16.0 instead of 16"},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T, s *cachestore.Store, php fixturetest.PHPNode) {
				require.NoError(t, s.Put(t.Context(), fixturetest.Resource("go")))
				php.PutHash(t, c.hash)
				for range 3 {
					r := fixturetest.Get(t, s)
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
				require.NoError(t, s.Put(t.Context(), fixturetest.Resource("go")))
				require.True(t, fixturetest.Get(t, s).Alias.IsZero(), "storing it again makes it right")
			})
		})
	}
}

func TestStore_WhatPHPTakesForAMissIsNotFound(t *testing.T) {
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
			s := cachestore.New(cache.NewPool(a))
			require.NoError(t, s.Put(t.Context(), fixturetest.Resource("go")))
			damage(t, a)
			_, err := s.Get(t.Context(), project)
			require.ErrorIs(t, err, cssstore.ErrNotFound)
		})
	}
}

func TestStore_KeepsSourceAndTime(t *testing.T) {
	bubble(t, func(t *testing.T, s *cachestore.Store, php fixturetest.PHPNode) {
		r := fixturetest.Resource("go")
		r.Source = cssstore.Source{Base: hashOf("base").String(), Version: "1.5.4"}
		require.NoError(t, s.Put(t.Context(), r))
		got := fixturetest.Get(t, s)
		require.Equal(t, r.Source, got.Source)
		require.True(t, got.Modified.Equal(time.Now()))

		time.Sleep(31 * 24 * time.Hour)
		got = fixturetest.Get(t, s)
		require.Equal(t, "go", string(got.CSS), "the pair outlives the mark")
		require.False(t, got.Settled)
		require.Zero(t, got.Source)
	})
}

func TestStore_ADamagedMarkIsNone(t *testing.T) {
	for _, raw := range []string{"N;", "i:1;", "a:0:{}", `a:2:{s:4:"hash";s:1:"x";s:6:"sha256";s:1:"y";}`, "\x00\x00\x00\x02\x14", "x"} {
		a := memoryadapter.New()
		s := cachestore.New(cache.NewPool(a))
		require.NoError(t, s.Put(t.Context(), fixturetest.Resource("go")))
		require.NoError(t, a.Set(t.Context(), cache.Item{Key: "mosparoGoCss_" + project.String(), Value: []byte(raw)}))
		r := fixturetest.Get(t, s)
		require.False(t, r.Settled, "%q", raw)
		require.Equal(t, "go", string(r.CSS))
	}
}

func TestStore_ReadsInOneRoundTrip(t *testing.T) {
	f := cachetest.NewFake()
	s := cachestore.New(cache.NewPool(f))
	require.NoError(t, s.Put(t.Context(), fixturetest.Resource("go")))
	before := f.Requests(cachetest.OpGet)
	fixturetest.Get(t, s)
	require.Equal(t, before+1, f.Requests(cachetest.OpGet))
}

func TestStore_PassesOnWhatTheCacheSays(t *testing.T) {
	f := cachetest.NewFake(memoryadapter.WithMaxValueSize(1000))
	s := cachestore.New(cache.NewPool(f))
	require.NoError(t, s.Put(t.Context(), fixturetest.Resource("go")))
	require.ErrorIs(t, s.Put(t.Context(), fixturetest.Resource(strings.Repeat("x", 2000))), cache.ErrTooLarge)
	require.Equal(t, "go", string(fixturetest.Get(t, s).CSS))
	f.Inject(cachetest.Fault{Err: cache.ErrUnavailable})
	_, err := s.Get(t.Context(), project)
	require.ErrorIs(t, err, cache.ErrUnavailable)
	require.NotErrorIs(t, err, cssstore.ErrNotFound)
	require.ErrorIs(t, s.Put(t.Context(), fixturetest.Resource("new")), cache.ErrUnavailable)
	require.ErrorIs(t, s.Delete(t.Context(), project), cache.ErrUnavailable)
}

func TestStore_PutWritesAgainWhenAPHPNodeCameInBetween(t *testing.T) {
	f := cachetest.NewFake()
	s, php := cachestore.New(cache.NewPool(f)), fixturetest.PHPNode{Pool: cache.NewPool(f.Below())}
	once := true
	f.Inject(cachetest.Fault{Op: cachetest.OpGet, Match: func(cachetest.Op, []string) bool {
		if once {
			once = false
			php.PutHash(t, "php") // it wrote the CSS before us
		}
		return false
	}})
	require.NoError(t, s.Put(t.Context(), fixturetest.Resource("go")))
	r := fixturetest.Get(t, s)
	require.Equal(t, hashOf("go"), r.Hash)
	require.True(t, r.Alias.IsZero())
}

func TestStore_PutThatGivesWayLeavesNoCSSUnderItsHash(t *testing.T) {
	f := cachetest.NewFake()
	s, php := cachestore.New(cache.NewPool(f)), fixturetest.PHPNode{Pool: cache.NewPool(f.Below())}
	interfere := true
	f.Inject(cachetest.Fault{Op: cachetest.OpGet, Match: func(cachetest.Op, []string) bool {
		if interfere {
			php.PutCSS(t, "php") // and its hash before ours
		}
		return false
	}})
	require.ErrorIs(t, s.Put(t.Context(), fixturetest.Resource("go")), cssstore.ErrOverwritten)
	interfere = false
	_, err := cssstore.GetSettled(t.Context(), s, project)
	require.ErrorIs(t, err, cssstore.ErrNotFound, "PHP prepares what is missing")
}

func TestStore_ListsProjectsOfAnyEntry(t *testing.T) {
	a := memoryadapter.New()
	s := cachestore.New(cache.NewPool(a))
	other := cssstore.UUID{7}
	require.NoError(t, s.Put(t.Context(), fixturetest.Resource("go")))
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
