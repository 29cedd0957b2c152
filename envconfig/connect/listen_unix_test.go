//go:build unix

package connect_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/mosparo/go-cluster/envconfig/connect"
)

// activated makes the test's binary a service with one answer.
const activated = "CONNECT_TEST_ACTIVATED"

func TestMain(m *testing.M) {
	if os.Getenv(activated) == "" {
		os.Exit(m.Run())
	}
	l, err := connect.Listen(context.Background(), "no-address")
	if err != nil {
		fmt.Print(err)
		os.Exit(1)
	}
	own, err := connect.Listen(context.Background(), "127.0.0.1:0")
	if err != nil {
		fmt.Print("second call: ", err)
		os.Exit(1)
	}
	_ = own.Close()
	conn, err := l.Accept()
	if err == nil {
		_, err = http.ReadRequest(bufio.NewReader(conn))
	}
	if err == nil {
		_, err = io.WriteString(conn, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
	}
	if err != nil {
		fmt.Print(err)
		os.Exit(1)
	}
	os.Exit(0)
}

// service starts the binary as systemd does: with the sockets from descriptor 3 on,
// and its process in the environment.
func service(t *testing.T, pid, fds string, sockets ...*os.File) *exec.Cmd {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "/bin/sh", "-c", `LISTEN_PID=`+pid+` exec "$0"`, os.Args[0])
	cmd.Env = append(os.Environ(), activated+"=1", "LISTEN_FDS="+fds, "GORACE=atexit_sleep_ms=0")
	cmd.ExtraFiles = sockets
	return cmd
}

// Requests that come while no process has the socket wait for the next one.
func TestListen_TakesTheSocketOfTheServiceManager(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	socket, err := l.(*net.TCPListener).File()
	require.NoError(t, err)
	defer socket.Close()
	address := "http://" + l.Addr().String()
	require.NoError(t, l.Close())

	for range 2 {
		answered := make(chan error, 1)
		go func() {
			res, err := http.Get(address)
			if err == nil {
				err = res.Body.Close()
			}
			answered <- err
		}()
		out, err := service(t, "$$", "1", socket).CombinedOutput()
		require.NoError(t, err, string(out))
		require.NoError(t, <-answered)
	}
	for _, c := range []struct{ pid, fds, says string }{
		{"$$", "2", "LISTEN_FDS: the service manager passes 2 sockets, and a node takes one: use one .socket unit with one ListenStream="},
		{"$$", "0", "passes 0 sockets"},
		{"1", "1", "no-address"}, // it is for another process
	} {
		out, err := service(t, c.pid, c.fds, socket).CombinedOutput()
		require.Error(t, err)
		require.Contains(t, string(out), c.says)
	}
	out, err := service(t, "$$", "1").CombinedOutput()
	require.Error(t, err)
	require.Contains(t, string(out), "LISTEN_FDS")
}
