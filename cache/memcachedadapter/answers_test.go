package memcachedadapter_test

import (
	"bufio"
	"io"
	"net"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/bradfitz/gomemcache/memcache"
	"github.com/stretchr/testify/require"

	"github.com/mosparo/go-cluster/cache"
	"github.com/mosparo/go-cluster/cache/memcachedadapter"
)

// serveAnswer starts a server that answers every request for mosparo's keys with the
// same, and has a namespace version. It counts its connections.
func serveAnswer(t *testing.T, answer string) (memcachedadapter.Server, *atomic.Int32) {
	t.Helper()
	connections := new(atomic.Int32)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, l.Close()) })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			connections.Add(1)
			go func() {
				defer conn.Close()
				for r := bufio.NewReader(conn); ; {
					line, err := r.ReadString('\n')
					reply := "VALUE : 0 13 1\r\ns:6:\"AAAAA:\";\r\nEND\r\n"
					if strings.Contains(line, "AAAAA:") {
						reply = answer
					}
					if err == nil {
						_, err = io.WriteString(conn, reply)
					}
					if err != nil {
						return
					}
				}
			}()
		}
	}()
	return memcachedadapter.Server{Host: "127.0.0.1", Port: l.Addr().(*net.TCPAddr).Port}, connections
}

func TestGet_RefusesAnAnswerForAnotherKey(t *testing.T) {
	t.Parallel()
	for _, answer := range []string{
		"VALUE AAAAA:c 0 1 1\r\nx\r\nEND\r\n",
		"VALUE AAAAA:a 0 1 1\r\nx\r\nVALUE AAAAA:b 0 1 1\r\nx\r\nVALUE BBBBB:a 0 1 1\r\nx\r\nEND\r\n",
	} {
		s, connections := serveAnswer(t, answer)
		a := adapterAt(t, s, memcachedadapter.ClientOptions{})
		many := make([]string, 100)
		for i := range many {
			many[i] = "k" + strconv.Itoa(i)
		}
		for i, keys := range [][]string{{"a"}, {"a", "b"}, many} {
			values, err := a.Get(t.Context(), keys...)
			var op *cache.OpError
			require.ErrorAs(t, err, &op)
			require.ErrorIs(t, err, cache.ErrUnavailable)
			require.ErrorContains(t, err, "another key")
			require.Equal(t, keys, op.Keys)
			for _, v := range values {
				require.Nil(t, v)
			}
			require.GreaterOrEqual(t, connections.Load(), int32(i+1), "the connection is not used again")
		}
	}
}

func TestGet_NamesTheServerThatAnswersForAnotherKey(t *testing.T) {
	t.Parallel()
	good := start(t, 1)[0]
	bad, _ := serveAnswer(t, "VALUE AAAAA:c 0 1 1\r\nx\r\nEND\r\n")
	host, port, err := net.SplitHostPort(good.Addr())
	require.NoError(t, err)
	n, err := strconv.Atoi(port)
	require.NoError(t, err)
	p, err := memcachedadapter.NewServers([]memcachedadapter.Server{{Host: host, Port: n}, bad})
	require.NoError(t, err)
	client := p.Client(memcachedadapter.ClientOptions{Timeout: patient.Timeout})
	defer client.Close()
	// The version that the bad server has, wherever it is looked for.
	require.NoError(t, memcache.New(good.Addr()).Set(&memcache.Item{Key: ":", Value: []byte(`s:6:"AAAAA:";`)}))
	a := memcachedadapter.New(client, p)
	var keys, wrong []string
	for i := range 20 {
		key := "k" + strconv.Itoa(i)
		keys = append(keys, key)
		raw, err := a.RawKey(t.Context(), key)
		require.NoError(t, err)
		if p.ServerOf(raw) == bad {
			wrong = append(wrong, key)
		} else {
			require.NoError(t, a.Set(t.Context(), cache.Item{Key: key, Value: []byte("v")}))
		}
	}
	require.NotEmpty(t, wrong)
	require.Less(t, len(wrong), len(keys))
	values, err := a.Get(t.Context(), keys...)
	var op *cache.OpError
	require.ErrorAs(t, err, &op)
	require.ElementsMatch(t, wrong, op.Keys)
	for i, key := range keys {
		if !slices.Contains(wrong, key) {
			require.Equal(t, "v", string(values[i]))
		}
	}
}
