package memcachedadapter_test

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/bradfitz/gomemcache/memcache"
	"github.com/stretchr/testify/require"

	"github.com/mosparo/go-cluster/cache"
	"github.com/mosparo/go-cluster/cache/cachetest/servers"
	"github.com/mosparo/go-cluster/cache/memcachedadapter"
)

const (
	versionKey = ":"
	key        = "mosparoNextCleanup"
)

// written stores a value for the key through the adapter.
func written(t testing.TB, a cache.Adapter, key, value string) {
	t.Helper()
	require.NoError(t, a.Set(t.Context(), cache.Item{Key: key, Value: []byte(value)}))
}

func read(t testing.TB, a cache.Adapter, key string) string {
	t.Helper()
	got, err := a.Get(t.Context(), key)
	require.NoError(t, err)
	return string(got[0])
}

func TestVersion_OfAnotherNodeIsUsed(t *testing.T) {
	t.Parallel()
	all := start(t, 1)
	c := bare(t, all[0])
	for _, version := range []struct{ stored, text string }{
		{`s:6:"4EYEa:";`, "4EYEa:"},
		{"\x00\x00\x00\x02\x11\x064EYEa:", "4EYEa:"},
		{`s:3:"old";`, "old"},
		{"i:17;", "17"},
		{`s:6:"AAAAA:";`, "AAAAA:"},
		{"damaged", "1:"}, // what PHP uses then
	} {
		require.NoError(t, c.Set(&memcache.Item{Key: versionKey, Value: []byte(version.stored)}))
		written(t, open(t, all), key, version.text)
		item, err := c.Get(version.text + key)
		require.NoError(t, err)
		require.Equal(t, version.text, string(item.Value))
		item, err = c.Get(versionKey)
		require.NoError(t, err)
		require.Equal(t, version.stored, string(item.Value), "it is not written anew")
	}
}

func TestVersion_IsMadeWhereThereIsNone(t *testing.T) {
	t.Parallel()
	for _, found := range []string{"", `s:2:"1:";`} {
		all := start(t, 1)
		c := bare(t, all[0])
		if found != "" {
			require.NoError(t, c.Set(&memcache.Item{Key: versionKey, Value: []byte(found)}))
		}
		written(t, open(t, all), key, "value")
		item, err := c.Get(versionKey)
		require.NoError(t, err)
		require.Regexp(t, `^s:6:"[-_+A-Za-z0-9]{5}:";$`, string(item.Value))
		require.Zero(t, item.Flags)
		item, err = c.Get(string(item.Value[5:11]) + key)
		require.NoError(t, err)
		require.Equal(t, "value", string(item.Value))
	}
}

// Nodes that start at once on an empty server must not talk past each other.
func TestVersion_IsMadeOnceByManyNodes(t *testing.T) {
	t.Parallel()
	all := start(t, 3)
	for round := range 5 {
		for _, s := range all {
			require.NoError(t, bare(t, s).DeleteAll())
		}
		const nodes = 12
		var wg sync.WaitGroup
		got := make([]string, nodes)
		for i := range nodes {
			a := open(t, all)
			wg.Go(func() {
				raw, err := a.RawKey(t.Context(), key)
				got[i] = raw
				if err != nil {
					got[i] = err.Error()
				}
			})
		}
		wg.Wait()
		for _, raw := range got {
			require.Equal(t, got[0], raw, round)
		}
	}
}

// overtaken lets another node act just before a command is sent.
type overtaken struct {
	net.Conn
	command string
	other   func()
}

func (c overtaken) Write(b []byte) (int, error) {
	if bytes.HasPrefix(b, []byte(c.command)) {
		c.other()
	}
	return c.Conn.Write(b)
}

func TestVersion_OfANodeThatWasFasterWins(t *testing.T) {
	for command, found := range map[string]string{"add": "", "cas": `s:2:"1:";`} {
		all := start(t, 1)
		c := bare(t, all[0])
		if found != "" {
			require.NoError(t, c.Set(&memcache.Item{Key: versionKey, Value: []byte(found)}))
		}
		times := 0
		p := pool(t, all)
		client := p.Client(memcachedadapter.ClientOptions{Timeout: patient.Timeout, Dial: func(ctx context.Context, network, addr string) (net.Conn, error) {
			conn, err := new(net.Dialer).DialContext(ctx, network, addr)
			return overtaken{conn, command, func() {
				times++
				require.NoError(t, c.Set(&memcache.Item{Key: versionKey, Value: []byte(`s:6:"Ex3nN:";`)}))
			}}, err
		}})
		t.Cleanup(func() { require.NoError(t, client.Close()) })
		raw, err := memcachedadapter.New(client, p).RawKey(t.Context(), key)
		require.NoError(t, err)
		require.Equal(t, "Ex3nN:"+key, raw)
		require.Equal(t, 1, times)
	}
}

// The bound that the package documents: two seconds, and one reply.
func TestVersion_IsFollowedWithinTwoSeconds(t *testing.T) {
	t.Parallel()
	all := start(t, 1)
	c := bare(t, all[0])
	a := open(t, all)
	for name, change := range map[string]func(){
		"another node changes it": func() {
			require.NoError(t, c.Set(&memcache.Item{Key: versionKey, Value: []byte(`s:6:"Ex3nN:";`)}))
		},
		"the server drops it": func() { require.NoError(t, c.Delete(versionKey)) },
	} {
		written(t, a, key, "before")
		before, err := a.RawKey(t.Context(), key)
		require.NoError(t, err)
		time.Sleep(1100 * time.Millisecond) // a version made now is another than a second ago
		change()
		changed := time.Now()
		for {
			start := time.Now()
			raw, err := a.RawKey(t.Context(), key)
			require.NoError(t, err)
			if raw != before {
				break
			}
			require.Less(t, start.Sub(changed), 2*time.Second, name)
			time.Sleep(10 * time.Millisecond)
		}
		require.Empty(t, read(t, a, key), name)
	}
}

// An adapter that slept for long asks before it uses what it knew.
func TestVersion_IsReadAnewAfterAPause(t *testing.T) {
	t.Parallel()
	all := start(t, 1)
	c := bare(t, all[0])
	a := open(t, all)
	written(t, a, key, "before")
	time.Sleep(2100 * time.Millisecond)
	require.NoError(t, c.Set(&memcache.Item{Key: versionKey, Value: []byte(`s:6:"Ex3nN:";`)}))
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			raw, err := a.RawKey(t.Context(), key)
			if err != nil || raw != "Ex3nN:"+key {
				t.Errorf("%q, %v", raw, err)
			}
		})
	}
	wg.Wait()
}

func TestVersion_StaysInUseWhileItsServerIsDown(t *testing.T) {
	t.Parallel()
	all := start(t, 3)
	p := pool(t, all)
	home := serverOf(t, all, p, versionKey)
	a := open(t, all)
	elsewhere := keysOn(t, a, all, func(s *servers.MemcachedServer) bool { return s != home }, 3)
	for _, k := range elsewhere {
		written(t, a, k, "value of "+k)
	}
	home.Kill()
	time.Sleep(2100 * time.Millisecond) // it is older than it may be
	for _, k := range elsewhere {
		require.Equal(t, "value of "+k, read(t, a, k))
	}
	_, err := open(t, all).Get(t.Context(), elsewhere[0])
	require.ErrorIs(t, err, cache.ErrUnavailable, "a node that never knew the version")
	require.ErrorContains(t, err, "namespace version")
}

// serverOf is the server of a raw key.
func serverOf(t testing.TB, all []*servers.MemcachedServer, p *memcachedadapter.Servers, raw string) *servers.MemcachedServer {
	t.Helper()
	for _, s := range all {
		if p.ServerOf(raw).Port == s.Port() {
			return s
		}
	}
	t.Fatal("no server")
	return nil
}

// keysOn are n keys whose server is wanted.
func keysOn(t testing.TB, a *memcachedadapter.Adapter, all []*servers.MemcachedServer, want func(*servers.MemcachedServer) bool, n int) []string {
	t.Helper()
	var keys []string
	for i := 0; len(keys) < n; i++ {
		k := fmt.Sprintf("mosparoGoTest%d", i)
		raw, err := a.RawKey(t.Context(), k)
		require.NoError(t, err)
		if want(serverOf(t, all, a.Servers(), raw)) {
			keys = append(keys, k)
		}
	}
	return keys
}
