package doctor_test

import (
	"io"
	"net"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// alterProxy passes bytes to a server and back, and lets alter change what comes back.
func alterProxy(t *testing.T, target string, alter func([]byte) []byte) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			client, err := l.Accept()
			if err != nil {
				return
			}
			server, err := net.Dial("tcp", target)
			if err != nil {
				client.Close()
				continue
			}
			go func() { _, _ = io.Copy(server, client); server.Close() }()
			go func() { passBack(client, server, alter); client.Close() }()
		}
	}()
	return l.Addr().String()
}

func passBack(client, server net.Conn, alter func([]byte) []byte) {
	b := make([]byte, 64<<10)
	for {
		n, err := server.Read(b)
		if err != nil {
			return
		}
		if _, err := client.Write(alter(b[:n])); err != nil {
			return
		}
	}
}

// late returns an alteration that takes time.
func late(d time.Duration) func([]byte) []byte {
	return func(b []byte) []byte { time.Sleep(d); return b }
}
