package memcachedadapter_test

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/bradfitz/gomemcache/memcache"
	"github.com/stretchr/testify/require"

	"github.com/mosparo/go-cluster/cache"
	"github.com/mosparo/go-cluster/cache/cachetest/servers"
	"github.com/mosparo/go-cluster/cache/memcachedadapter"
)

func TestOutage_OfOneServerFailsItsKeysOnly(t *testing.T) {
	t.Parallel()
	all := start(t, 3)
	a := open(t, all)
	home := serverOf(t, all, a.Servers(), versionKey)
	var dead *servers.MemcachedServer
	for _, s := range all {
		if s != home {
			dead = s
		}
	}
	isDead := func(s *servers.MemcachedServer) bool { return s == dead }
	gone := keysOn(t, a, all, isDead, 2)
	kept := keysOn(t, a, all, func(s *servers.MemcachedServer) bool { return s != dead }, 6)
	absent := keysOn(t, a, all, func(s *servers.MemcachedServer) bool { return s != dead }, 8)[6:]
	for _, k := range append(append([]string{}, gone...), kept...) {
		written(t, a, k, "value of "+k)
	}
	dead.Kill()

	keys := append(append(append([]string{}, gone[0]), kept...), absent...)
	keys = append(keys, gone[1])
	for range 2 { // found out, and known
		got, err := a.Get(t.Context(), keys...)
		var op *cache.OpError
		require.ErrorAs(t, err, &op)
		require.ErrorIs(t, err, cache.ErrUnavailable)
		require.ElementsMatch(t, gone, op.Keys)
		require.Len(t, got, len(keys))
		for i, k := range kept {
			require.Equal(t, "value of "+k, string(got[i+1]))
		}
		require.Nil(t, got[0])
	}
	err := a.Set(t.Context(), cache.Item{Key: kept[0], Value: []byte("new")}, cache.Item{Key: gone[0], Value: []byte("new")})
	var op *cache.OpError
	require.ErrorAs(t, err, &op)
	require.Equal(t, gone[:1], op.Keys)
	require.Equal(t, "new", read(t, a, kept[0]))
	require.ErrorIs(t, a.Delete(t.Context(), gone[0]), cache.ErrUnavailable)
	require.NoError(t, a.Delete(t.Context(), kept[0]))
	require.ErrorIs(t, a.Ping(t.Context()), cache.ErrUnavailable)

	dead.Restart()
	require.Eventually(t, func() bool {
		return a.Set(t.Context(), cache.Item{Key: gone[0], Value: []byte("back")}) == nil
	}, 10*time.Second, 20*time.Millisecond)
	require.Equal(t, "back", read(t, a, gone[0]))
	require.NoError(t, a.Ping(t.Context()))
}

// waits follows the requests of a client: which of them are without an answer.
type waits struct {
	mu   sync.Mutex
	open int
	// most were open at a time; began are the starts.
	most  int
	began []time.Time
}

func (w *waits) reset() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.most, w.began = w.open, nil
}

// client is one that is followed where it talks to the server.
func (w *waits) client(t *testing.T, p *memcachedadapter.Servers, s *servers.MemcachedServer, timeout time.Duration) *memcache.Client {
	t.Helper()
	c := p.Client(memcachedadapter.ClientOptions{Timeout: timeout, Dial: func(ctx context.Context, network, addr string) (net.Conn, error) {
		conn, err := new(net.Dialer).DialContext(ctx, network, addr)
		if err == nil && addr == s.Addr() {
			conn = &waitingConn{Conn: conn, all: w}
		}
		return conn, err
	}})
	t.Cleanup(func() { require.NoError(t, c.Close()) })
	return c
}

type waitingConn struct {
	net.Conn
	all     *waits
	waiting bool
}

func (c *waitingConn) Write(b []byte) (int, error) {
	c.all.mu.Lock()
	if !c.waiting {
		c.waiting = true
		c.all.open++
		c.all.most = max(c.all.most, c.all.open)
		c.all.began = append(c.all.began, time.Now())
	}
	c.all.mu.Unlock()
	return c.Conn.Write(b)
}

func (c *waitingConn) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	c.all.mu.Lock()
	if c.waiting {
		c.waiting = false
		c.all.open--
	}
	c.all.mu.Unlock()
	return n, err
}

// The request that finds out waits for the silent server once, and its other
// keys are answered.
func TestOutage_OfASilentServerCostsItsTimeoutOnce(t *testing.T) {
	t.Parallel()
	all := start(t, 3)
	p := pool(t, all)
	home := serverOf(t, all, p, versionKey)
	silent := all[0]
	if silent == home {
		silent = all[1]
	}
	var w waits
	a := memcachedadapter.New(w.client(t, p, silent, 2*time.Second), p)
	gone := keysOn(t, a, all, func(s *servers.MemcachedServer) bool { return s == silent }, 2)
	kept := keysOn(t, a, all, func(s *servers.MemcachedServer) bool { return s != silent }, 8) // most of them absent
	written(t, a, kept[0], "value")
	silence(t, silent)

	w.reset()
	got, err := a.Get(t.Context(), append(kept, gone...)...)
	require.Len(t, w.began, 1)
	var op *cache.OpError
	require.ErrorAs(t, err, &op)
	require.ElementsMatch(t, gone, op.Keys)
	require.ErrorContains(t, err, silent.Addr())
	require.Equal(t, "value", string(got[0]))
}

// silence pauses a server, and waits until that has come to pass.
func silence(t *testing.T, s *servers.MemcachedServer) {
	t.Helper()
	c := memcache.New(s.Addr())
	defer c.Close()
	c.Timeout = 100 * time.Millisecond
	s.Pause()
	require.Eventually(t, func() bool { return c.Ping() != nil }, 10*time.Second, time.Millisecond)
}

// A server that accepts connections and is silent is waited for by one caller
// at a time, who begins a second after the one before has given up; the others
// fail at once.
func TestOutage_ASilentServerIsProbedByOneCallerAtATime(t *testing.T) {
	t.Parallel()
	all := start(t, 1)
	p := pool(t, all)
	const timeout = 400 * time.Millisecond
	var w waits
	a := memcachedadapter.New(w.client(t, p, all[0], timeout), p)
	require.Eventually(t, func() bool { // the machine may be slow
		return a.Set(t.Context(), cache.Item{Key: key, Value: []byte("value")}) == nil
	}, 30*time.Second, 10*time.Millisecond)
	silence(t, all[0])
	_, err := a.Get(t.Context(), key)
	require.ErrorIs(t, err, cache.ErrUnavailable)

	w.reset()
	var wg sync.WaitGroup
	for range 16 {
		wg.Go(func() {
			for range 25 {
				if _, err := a.Get(context.Background(), key); !errors.Is(err, cache.ErrUnavailable) {
					t.Errorf("%v", err)
				}
				time.Sleep(100 * time.Millisecond)
			}
		})
	}
	wg.Wait()
	require.Equal(t, 1, w.most, "callers that waited at a time")
	for i := 1; i < len(w.began); i++ {
		require.GreaterOrEqual(t, w.began[i].Sub(w.began[i-1]), time.Second)
	}

	all[0].Resume()
	require.Eventually(t, func() bool {
		got, err := a.Get(t.Context(), key)
		return err == nil && string(got[0]) == "value"
	}, 30*time.Second, 20*time.Millisecond)
}

// The idle connections of a server that was restarted are dead, which nobody
// has to notice.
func TestOutage_ARestartBetweenRequestsIsNoError(t *testing.T) {
	t.Parallel()
	all := start(t, 1)
	a := open(t, all)
	var wg sync.WaitGroup
	for range 32 { // many connections
		wg.Go(func() {
			for range 20 {
				if err := a.Set(context.Background(), cache.Item{Key: key, Value: make([]byte, 2000)}); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	all[0].Restart()
	for range 32 {
		wg.Go(func() {
			if _, err := a.Get(context.Background(), key); err != nil {
				t.Error(err)
			}
			if err := a.Set(context.Background(), cache.Item{Key: key, Value: []byte("v")}); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	require.Equal(t, "v", read(t, a, key))
}

func TestOutage_IsLoggedOnce(t *testing.T) {
	t.Parallel()
	all := start(t, 1)
	var out strings.Builder
	a := open(t, all, memcachedadapter.WithLogger(slog.New(slog.NewTextHandler(&out, nil))))
	written(t, a, key, "value")
	require.Empty(t, out.String())
	all[0].Kill()
	for range 5 {
		_, err := a.Get(t.Context(), key)
		require.ErrorIs(t, err, cache.ErrUnavailable)
	}
	all[0].Restart()
	require.Eventually(t, func() bool {
		_, err := a.Get(t.Context(), key)
		return err == nil
	}, 10*time.Second, 20*time.Millisecond)
	require.Equal(t, 1, strings.Count(out.String(), "level=WARN"), out.String())
	require.Contains(t, out.String(), `msg="a memcached server is down" server=`+all[0].Addr())
	require.Equal(t, 1, strings.Count(out.String(), "is back"), out.String())
}

func TestClient_DialsNoMoreOnceItIsWarm(t *testing.T) {
	t.Parallel()
	all := start(t, 2)
	p := pool(t, all)
	var dials atomic.Int32
	client := p.Client(memcachedadapter.ClientOptions{Timeout: patient.Timeout, Dial: func(ctx context.Context, network, addr string) (net.Conn, error) {
		dials.Add(1)
		return new(net.Dialer).DialContext(ctx, network, addr)
	}})
	defer client.Close()
	a := memcachedadapter.New(client, p)
	written(t, a, key, "value")
	work := func() {
		var wg sync.WaitGroup
		for range 64 {
			wg.Go(func() {
				for range 20 {
					if _, err := a.Get(context.Background(), key, "other", "mosparoGoTest"); err != nil {
						t.Error(err)
					}
					if err := a.Set(context.Background(), cache.Item{Key: key, Value: []byte("v")}, cache.Item{Key: "other", Value: []byte("v")}); err != nil {
						t.Error(err)
					}
				}
			})
		}
		wg.Wait()
	}
	work()
	time.Sleep(1100 * time.Millisecond) // the version is read again
	work()
	require.LessOrEqual(t, dials.Load(), int32(2*64), "one for each goroutine and server, and none again")
}
