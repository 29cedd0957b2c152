package memcachedadapter_test

import (
	"bufio"
	"io"
	"net"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/mosparo/go-cluster/cache"
	"github.com/mosparo/go-cluster/cache/memcachedadapter"
)

// liar is a server that answers every request for mosparo's keys with the
// same, without end if need be, and has a namespace version.
func liar(t *testing.T, answer string, endless bool) memcachedadapter.Server {
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
			go func() {
				defer conn.Close()
				for r := bufio.NewReader(conn); ; {
					line, err := r.ReadString('\n')
					reply := "VALUE : 0 13 1\r\ns:6:\"AAAAA:\";\r\nEND\r\n"
					if strings.Contains(line, "AAAAA:") {
						reply = answer
					}
					for again := true; again && err == nil; again = endless && reply == answer {
						_, err = io.WriteString(conn, reply)
					}
					if err != nil {
						return
					}
				}
			}()
		}
	}()
	return memcachedadapter.Server{Host: "127.0.0.1", Port: l.Addr().(*net.TCPAddr).Port}
}

func TestReplies_OfAServerThatLiesEndSoonAndTakeNoMemory(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		answer  string
		endless bool
		want    error
		says    string
	}{
		{"VALUE AAAAA:a 0 4294967295 1\r\n", false, cache.ErrTooLarge, "announces 4294967295 bytes, limit 2000"},
		{"VALUE AAAAA:a 0 2001\r\n", false, cache.ErrTooLarge, "announces 2001 bytes, limit 2000"},
		{"VALUE AAAAA:a\t0 0 2001 1\r\n", false, cache.ErrTooLarge, "announces 2001 bytes"},
		{"VALUE AAAAA:a 0 -1 1\r\n", false, cache.ErrUnavailable, "no number"},
		{"VALUE " + strings.Repeat("k", 600) + " 0 1 1\r\n", false, cache.ErrUnavailable, "without size"},
		{"VALUE AAAAA:a 0 1 1\r\nx\r\n", true, cache.ErrUnavailable, "more items than it was asked for"},
	} {
		a := adapterAt(t, liar(t, c.answer, c.endless), memcachedadapter.ClientOptions{MaxItemSize: 2000})
		for _, keys := range [][]string{{"a"}, {"a", "b"}} {
			_, err := a.Get(t.Context(), keys...)
			var op *cache.OpError
			require.ErrorAs(t, err, &op, c.says)
			require.ErrorIs(t, err, c.want)
			require.ErrorContains(t, err, c.says)
		}
	}
}

func TestReplies_OfAnHonestServerPass(t *testing.T) {
	t.Parallel()
	all := start(t, 1)
	p := pool(t, all)
	client := p.Client(memcachedadapter.ClientOptions{Timeout: patient.Timeout, MaxItemSize: 100_000})
	defer client.Close()
	a := memcachedadapter.New(client, p, memcachedadapter.WithCompression(memcachedadapter.Uncompressed))
	full := strings.Repeat("VALUE a 0 99 1\r\n", 100_000/16)
	for _, v := range []string{full, "\r\n", "END\r\n", "VALUE ", full[1:]} {
		written(t, a, key, v)
		written(t, a, "other", v)
		for range 2 {
			got, err := a.Get(t.Context(), key, "absent", "other", key)
			require.NoError(t, err)
			require.Equal(t, [][]byte{[]byte(v), nil, []byte(v), []byte(v)}, got)
		}
	}
	written(t, a, key, full+full)
	_, err := a.Get(t.Context(), key)
	require.ErrorIs(t, err, cache.ErrTooLarge)
	require.ErrorContains(t, err, all[0].Addr())
	require.Equal(t, full[1:], read(t, a, "other"), "the server is not taken for dead")
}
