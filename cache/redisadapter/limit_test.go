package redisadapter_test

import (
	"bufio"
	"context"
	"io"
	"math"
	"net"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"github.com/mosparo/go-cluster/cache"
	"github.com/mosparo/go-cluster/cache/cachetest/servers"
	"github.com/mosparo/go-cluster/cache/redisadapter"
)

// limited is a client whose replies are limited.
func limited(t *testing.T, addr string, protocol, maxBytes int) *redis.Client {
	t.Helper()
	c := redis.NewClient(&redis.Options{
		Addr: addr, Protocol: protocol, MaxRetries: -1, DialerRetries: 1, DisableIdentity: true,
		Dialer: func(ctx context.Context, network, addr string) (net.Conn, error) {
			conn, err := new(net.Dialer).DialContext(ctx, network, addr)
			if err != nil {
				return nil, err
			}
			return redisadapter.LimitReplies(conn, maxBytes), nil
		},
	})
	t.Cleanup(func() { require.NoError(t, c.Close()) })
	return c
}

// liar is a server that answers every command but HELLO with the same reply.
func liar(t *testing.T, reply string) (addr string) {
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
			go lie(conn, reply)
		}
	}()
	return l.Addr().String()
}

func lie(conn net.Conn, reply string) {
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

// Without the limit go-redis panics at the first three.
func TestLimitReplies_RefusesAbsurdClaimsBeforeMemoryIsTaken(t *testing.T) {
	for reply, want := range map[string]error{
		"$9223372036854775806\r\n":          cache.ErrTooLarge,
		"*9223372036854775806\r\n":          cache.ErrTooLarge,
		"*2\r\n$1\r\na\r\n*99999999999\r\n": cache.ErrTooLarge,
		"$1073741824\r\n":                   cache.ErrTooLarge,
		"$99999999999999999999999999\r\n":   cache.ErrTooLarge,
		"=1073741824\r\n":                   cache.ErrTooLarge,
		"%4194304\r\n":                      cache.ErrTooLarge,
		strings.Repeat("*1\r\n", 100):       cache.ErrUnavailable,
		"$x\r\n":                            cache.ErrUnavailable,
		"+" + strings.Repeat("x", 2<<20):    cache.ErrUnavailable,
	} {
		a := redisadapter.New(limited(t, liar(t, reply), 2, 1<<20))
		for _, keys := range [][]string{{"k"}, {"k", "l"}} {
			_, err := a.Get(t.Context(), keys...)
			var op *cache.OpError
			require.ErrorAs(t, err, &op, "%.40q", reply)
			require.ErrorIs(t, err, want, "%.40q", reply)
		}
	}
}

func TestLimitReplies_LetsThroughWhatRedisSays(t *testing.T) {
	addr := servers.Redis(t).Addr()
	for _, protocol := range []int{2, 3} {
		c := limited(t, addr, protocol, 1<<20)
		a := redisadapter.New(c)
		full := []byte(strings.Repeat("$9\r\n*9\r\n", 1<<17)) // 1 MiB that looks like replies
		require.NoError(t, a.Set(t.Context(), cache.Item{Key: "full", Value: full}, cache.Item{Key: "small", Value: []byte("\n")}))
		for range 3 {
			got, err := a.Get(t.Context(), "full", "absent", "small")
			require.NoError(t, err)
			require.Equal(t, [][]byte{full, nil, []byte("\n")}, got)
		}
		require.NoError(t, c.HSet(t.Context(), "hash", "a", "", "b", "2").Err())
		require.Equal(t, map[string]string{"a": "", "b": "2"}, c.HGetAll(t.Context(), "hash").Val())
		nested, err := c.Eval(t.Context(), "return {1, {2, {'x', {}}}, 'y', false}", nil).Result()
		require.NoError(t, err)
		require.Equal(t, []any{int64(1), []any{int64(2), []any{"x", []any{}}}, "y", nil}, nested)
		require.NotEmpty(t, c.Info(t.Context()).Val())
		require.NotEmpty(t, c.Command(t.Context()).Val())
		require.Error(t, c.Do(t.Context(), "NOSUCH").Err())

		require.NoError(t, c.Append(t.Context(), "full", "x").Err()) // one byte more
		_, err = a.Get(t.Context(), "full")
		require.ErrorIs(t, err, cache.ErrTooLarge)
		require.NotErrorIs(t, err, cache.ErrUnavailable)
		got, err := a.Get(t.Context(), "small")
		require.NoError(t, err)
		require.Equal(t, "\n", string(got[0]))
		require.NoError(t, a.Delete(t.Context(), "full", "small", "hash"))
	}
}

// go-redis finds out that an idle connection was closed by looking at its
// socket.
func TestLimitReplies_LeavesTheSocketInSight(t *testing.T) {
	one, other := net.Pipe()
	defer one.Close()
	defer other.Close()
	require.NotImplements(t, (*syscall.Conn)(nil), redisadapter.LimitReplies(one, 1))
	require.Implements(t, (*syscall.Conn)(nil), redisadapter.LimitReplies(new(net.TCPConn), 1))
}

func TestSet_TakesTheLongestLifetimeThereIs(t *testing.T) {
	c := connect(t, servers.Redis(t).Addr())
	a := redisadapter.New(c)
	require.NoError(t, a.Set(t.Context(), cache.Item{Key: "k", Value: []byte("v"), TTL: math.MaxInt64}))
	require.NoError(t, a.Set(t.Context(), cache.Item{Key: "k", Value: []byte("v"), TTL: math.MaxInt64}, cache.Item{Key: "l", Value: []byte("v")}))
	v, left, err := a.GetWithTTL(t.Context(), "k")
	require.NoError(t, err)
	require.Equal(t, "v", string(v))
	require.Greater(t, left.Hours(), 290*365*24.0)
	require.NoError(t, c.Do(t.Context(), "EXPIRE", "k", "9000000000000000").Err()) // s
	v, left, err = a.GetWithTTL(t.Context(), "k")
	require.NoError(t, err)
	require.Equal(t, "v", string(v))
	require.Equal(t, time.Duration(math.MaxInt64), left)
}
