package redisadapter_test

import (
	"bufio"
	"context"
	"io"
	"net"
	"testing"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"github.com/mosparo/go-cluster/cache"
	"github.com/mosparo/go-cluster/cache/cachetest/servers"
	"github.com/mosparo/go-cluster/cache/redisadapter"
)

// serveAnswer starts a server that answers every command but HELLO with the same
// reply.
func serveAnswer(t *testing.T, reply string) (addr string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, l.Close()) })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go answer(conn, reply)
		}
	}()
	return l.Addr().String()
}

func answer(conn net.Conn, reply string) {
	defer conn.Close()
	r := bufio.NewReader(conn)
	for {
		head, err := r.ReadString('\n') // *2, then $3, GET, $1, k
		if err != nil {
			return
		}
		name := ""
		for i := range 2 * int(head[1]-'0') {
			word, err := r.ReadString('\n')
			if err != nil {
				return
			}
			if i == 1 {
				name = word
			}
		}
		answer := reply
		if name == "hello\r\n" {
			answer = "-ERR unknown command 'hello'\r\n"
		}
		if _, err := io.WriteString(conn, answer); err != nil {
			return
		}
	}
}

func TestAdapter_TakesAPanicOfTheClientForAnOutage(t *testing.T) {
	for _, reply := range []string{"$9223372036854775806\r\n", "*9223372036854775806\r\n", ":-1\r\n"} {
		c := redis.NewClient(&redis.Options{Addr: serveAnswer(t, reply), Protocol: 2, MaxRetries: -1, DialerRetries: 1, DisableIdentity: true})
		t.Cleanup(func() { require.NoError(t, c.Close()) })
		a := redisadapter.New(c, owned)
		item := cache.Item{Key: "k", Value: []byte("v")}
		calls := map[string]func() error{
			"get two": func() error { _, err := a.Get(t.Context(), "k", "l"); return err },
			"set two": func() error { return a.Set(t.Context(), item, item) },
			"clear":   func() error { _, err := a.Clear(t.Context()); return err },
			"list":    func() error { return listed(a) },
			"ping":    func() error { return a.Ping(t.Context()) },
			"get": func() error {
				_, _, err := a.GetWithTTL(t.Context(), "k")
				return err
			},
		}
		for name, call := range calls {
			if reply == ":-1\r\n" && (name == "get" || name == "ping") {
				continue // a text to go-redis
			}
			err := call()
			var op *cache.OpError
			require.ErrorAs(t, err, &op, "%s: %q", name, reply)
			require.ErrorIs(t, err, cache.ErrUnavailable, "%s: %q", name, reply)
		}
	}
}

func listed(a *redisadapter.Adapter) error {
	for _, err := range a.List(context.Background(), "") {
		if err != nil {
			return err
		}
	}
	return nil
}

// A panic of the caller's own loop is the caller's.
func TestList_LeavesThePanicOfTheLoopAlone(t *testing.T) {
	c := connect(t, servers.Redis(t).Addr())
	a := redisadapter.New(c)
	require.NoError(t, a.Set(t.Context(), cache.Item{Key: "k", Value: []byte("v")}))
	require.PanicsWithValue(t, "mine", func() {
		for _, err := range a.List(t.Context(), "") {
			require.NoError(t, err)
			panic("mine")
		}
	})
}
