package memcachedlocker_test

import (
	"testing"
	"time"

	"github.com/bradfitz/gomemcache/memcache"

	"github.com/mosparo/go-cluster/cache/cachetest/servers"
	"github.com/mosparo/go-cluster/lock"
	"github.com/mosparo/go-cluster/lock/locktest"
	"github.com/mosparo/go-cluster/lock/memcachedlocker"
)

// BenchmarkBare is the client library alone: a lock of the simplest kind, add
// and delete, which nothing keeps from deleting another holder's; and the five
// requests of this package.
func BenchmarkBare(b *testing.B) {
	c := connect(b, servers.Memcached(b).Addr())
	value := make([]byte, 150)
	must := func(err error) {
		if err != nil {
			b.Fatal(err)
		}
	}
	b.Run("add and delete", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			must(c.Add(&memcache.Item{Key: "simple", Value: value, Expiration: 60}))
			must(c.Delete("simple"))
		}
	})
	b.Run("the five requests", func(b *testing.B) {
		must(c.Set(&memcache.Item{Key: "fence", Value: value}))
		b.ReportAllocs()
		for b.Loop() {
			must(c.Add(&memcache.Item{Key: "lock", Value: value, Expiration: 60}))
			item, err := c.Get("fence")
			must(err)
			must(c.CompareAndSwap(item))
			item, err = c.Get("lock")
			must(err)
			item.Expiration = -1
			must(c.CompareAndSwap(item))
		}
	})
}

func BenchmarkAcquireRelease(b *testing.B) {
	l := memcachedlocker.New(connect(b, servers.Memcached(b).Addr()))
	b.ReportAllocs()
	for b.Loop() {
		c := lock.Claim{Token: locktest.NewToken(), Owner: lock.Owner{Host: "host.example"}}
		if _, err := l.Acquire(b.Context(), "n", c, time.Minute); err != nil {
			b.Fatal(err)
		}
		if err := l.Release(b.Context(), "n", c.Token); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkAcquireHeld(b *testing.B) {
	l := memcachedlocker.New(connect(b, servers.Memcached(b).Addr()))
	if _, err := l.Acquire(b.Context(), "n", lock.Claim{Token: locktest.NewToken()}, time.Hour); err != nil {
		b.Fatal(err)
	}
	c := lock.Claim{Token: locktest.NewToken()}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := l.Acquire(b.Context(), "n", c, time.Minute); err == nil {
			b.Fatal("two hold it")
		}
	}
}
