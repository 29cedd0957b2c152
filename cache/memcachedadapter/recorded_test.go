package memcachedadapter

import (
	"encoding/json"
	"math"
	"slices"
	"testing"
	"time"

	"github.com/bradfitz/gomemcache/memcache"
	"github.com/stretchr/testify/require"

	"github.com/mosparo/go-cluster/cache"
	"github.com/mosparo/go-cluster/cache/cachetest/servers"
	"github.com/mosparo/go-cluster/cache/php"
	"github.com/mosparo/go-cluster/cache/php/typedjson"
)

func openInside(t *testing.T, addr string) (*Adapter, *memcache.Client) {
	t.Helper()
	client := memcache.New(addr)
	client.Timeout = 10 * time.Second
	t.Cleanup(func() { require.NoError(t, client.Close()) })
	return New(client, nil), client
}

func TestExpiration_IsPHPs(t *testing.T) {
	for _, c := range keyCases(t, "lifetime") {
		now := time.Now().Unix()
		got := int64(expiration(time.Duration(c.Lifetime) * time.Second))
		if c.Lifetime <= 30*24*60*60 {
			require.Equal(t, c.Expires, got, "relative")
			continue
		}
		require.InDelta(t, now+c.Expires, got, 5, "a point in time")
	}
}

func TestExpiration_IsRoundedUpAndEndsIn2038(t *testing.T) {
	for ttl, want := range map[time.Duration]int32{
		0: 0, 1: 1, time.Second: 1, time.Second + 1: 2, 1500 * time.Millisecond: 2,
		30 * 24 * time.Hour: 2_592_000, math.MaxInt64: math.MaxInt32,
	} {
		require.Equal(t, want, expiration(ttl), ttl)
	}
	// A nanosecond more is a point in time, never an instant miss.
	require.InDelta(t, time.Now().Unix()+2_592_001, int64(expiration(30*24*time.Hour+1)), 5)
}

func TestVersion_FoundIsUsedAsPHPDoes(t *testing.T) {
	var file struct {
		Cases []struct {
			Kind    string
			Found   json.RawMessage
			RawKeys []string `json:"raw_keys"`
			After   string   `json:"version_after"`
		}
	}
	readVectors(t, "memcached-keys", &file)
	s := servers.Memcached(t)
	n := 0
	for _, c := range file.Cases {
		if c.Kind != "version_found" {
			continue
		}
		n++
		a, client := openInside(t, s.Addr())
		found, err := typedjson.Unmarshal(c.Found)
		require.NoError(t, err)
		stored, err := php.Marshal(found)
		require.NoError(t, err)
		require.NoError(t, client.Set(&memcache.Item{Key: a.versionKey, Value: stored}))
		raw, err := a.RawKey(t.Context(), "k")
		require.NoError(t, err)
		require.Equal(t, c.After+"k", raw)
		require.True(t, slices.Contains(c.RawKeys, raw))
		item, err := client.Get(a.versionKey)
		require.NoError(t, err)
		require.Equal(t, stored, item.Value, "it is not written anew")
	}
	require.NotZero(t, n)
}

// Where PHP's clear changes the version, and flushes a server that has none,
// ours leaves everything that is not mosparo's.
func TestClear_LeavesWhatPHPsClearWouldTake(t *testing.T) {
	var file struct {
		Cases []struct {
			Kind, Name string
			Before     []string `json:"keys_before"`
		}
	}
	readVectors(t, "memcached-keys", &file)
	n := 0
	for _, c := range file.Cases {
		if c.Kind != "clear" {
			continue
		}
		n++
		s := servers.Memcached(t)
		list, err := NewServers([]Server{{Host: "127.0.0.1", Port: s.Port()}})
		require.NoError(t, err)
		client := list.Client(ClientOptions{Timeout: 10 * time.Second})
		a := New(client, list, WithOwned("mosparo{any}"))
		for _, k := range c.Before {
			value := []byte("x")
			if k == a.versionKey {
				value = versionValue(c.Before[len(c.Before)-1][:6])
			}
			require.NoError(t, client.Set(&memcache.Item{Key: k, Value: value}))
		}
		require.NoError(t, a.Set(t.Context(), cache.Item{Key: "mosparoNextCleanup", Value: []byte("N;")}))
		removed, err := a.Clear(t.Context())
		require.NoError(t, err)
		require.Equal(t, 1, removed)
		for _, k := range c.Before {
			_, err := client.Get(k)
			require.NoError(t, err, "%s: %s", c.Name, k)
		}
		require.NoError(t, client.Close())
	}
	require.NotZero(t, n)
}
