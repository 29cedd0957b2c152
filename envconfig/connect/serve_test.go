package connect_test

import (
	"bufio"
	"context"
	"io"
	"net"
	"net/http"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/mosparo/go-cluster/cleanup"
	"github.com/mosparo/go-cluster/envconfig/connect"
	"github.com/mosparo/go-cluster/envconfig/health"
)

// serving is a node that serves.
type serving struct {
	*connect.Node
	url, admin string
	stop       context.CancelFunc
	ended      chan error
}

func serve(t *testing.T, public http.Handler, opts ...connect.Option) *serving {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	s := &serving{Node: newFakes().open(t, opts...), stop: stop, ended: make(chan error, 1)}
	l, err := connect.Listen(ctx, "127.0.0.1:0")
	require.NoError(t, err)
	admin, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	s.url, s.admin = "http://"+l.Addr().String(), "http://"+admin.Addr().String()
	served := []connect.ServeOption{connect.WithAdmin(admin, s.Health.Admin())}
	if public != nil {
		served = append(served, connect.WithHandler(public))
	}
	go func() { s.ended <- s.Serve(ctx, l, served...) }()
	t.Cleanup(func() {
		stop()
		require.NoError(t, s.Close())
	})
	require.Eventually(t, func() bool { return s.get(t, s.admin+health.ReadyPath) == http.StatusOK }, time.Minute, time.Millisecond)
	return s
}

// get asks on a connection of its own; 0 if there is none.
func (s *serving) get(t *testing.T, url string) int {
	t.Helper()
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	res, err := client.Get(url)
	if err != nil {
		return 0
	}
	require.NoError(t, res.Body.Close())
	return res.StatusCode
}

func TestServe_DrainsBeforeItStopsListening(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		finish := make(chan struct{})
		n := newFakes().open(t, connect.WithMode(cleanup.ModeClean))
		public, admin := newPipes(), newPipes()
		ctx, stop := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() {
			ended <- n.Serve(ctx, public, connect.WithAdmin(admin, n.Health.Admin()), connect.WithHandler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.URL.Path == "/slow" {
					<-finish
				}
				_, _ = io.WriteString(w, "done")
			})))
		}()
		synctest.Wait()
		require.Equal(t, http.StatusOK, admin.get(t, health.ReadyPath))

		idle, err := public.dial(ctx, "", "")
		require.NoError(t, err)
		defer idle.Close()
		reader := bufio.NewReader(idle)
		ask := func() *http.Response {
			_, err := io.WriteString(idle, "GET / HTTP/1.1\r\nHost: x\r\n\r\n")
			require.NoError(t, err)
			res, err := http.ReadResponse(reader, nil)
			require.NoError(t, err)
			body, err := io.ReadAll(res.Body)
			require.NoError(t, err)
			require.Equal(t, "done", string(body))
			return res
		}
		require.False(t, ask().Close, "connections are kept")

		slow := make(chan int, 1)
		go func() { slow <- public.get(t, "/slow") }()
		synctest.Wait()
		stop()
		synctest.Wait()
		require.Equal(t, http.StatusServiceUnavailable, admin.get(t, health.ReadyPath), "readiness falls first")
		time.Sleep(connect.DefaultDrain - time.Millisecond)
		require.Equal(t, http.StatusOK, admin.get(t, health.LivePath))
		require.Equal(t, http.StatusOK, public.get(t, "/"), "new clients are served")
		require.True(t, ask().Close, "the answer ends the connection")

		time.Sleep(time.Millisecond)
		synctest.Wait()
		require.Zero(t, public.get(t, "/"), "the listener closes")
		require.Equal(t, http.StatusServiceUnavailable, admin.get(t, health.ReadyPath), "operators are answered to the end")
		close(finish)
		require.Equal(t, http.StatusOK, <-slow, "a request under way finishes")
		require.NoError(t, <-ended)
		require.NoError(t, n.Close())
	})
}

func TestServe_IdleConnectionsCloseLast(t *testing.T) {
	entered, finish := make(chan struct{}, 1), make(chan struct{})
	s := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/slow" {
			entered <- struct{}{}
			<-finish
		}
	}), connect.WithDrain(0))
	var idle http.Client
	idle.Transport = &http.Transport{DisableKeepAlives: false}
	res, err := idle.Get(s.url)
	require.NoError(t, err)
	require.NoError(t, res.Body.Close())
	go s.get(t, s.url+"/slow")
	<-entered
	s.stop()
	require.Eventually(t, func() bool { return s.get(t, s.url) == 0 }, time.Minute, time.Millisecond, "the listener closes")
	res, err = idle.Get(s.url)
	require.NoError(t, err, "a request on a connection that was idle")
	require.NoError(t, res.Body.Close())
	close(finish)
	require.NoError(t, <-s.ended)
}

// A client connects shortly before the listener closes, and asks after that.
func TestServe_AnswersAConnectionThatItHasJustAccepted(t *testing.T) {
	s := serve(t, nil, connect.WithDrain(0))
	conn, err := net.Dial("tcp", strings.TrimPrefix(s.url, "http://"))
	require.NoError(t, err)
	defer conn.Close()
	require.Equal(t, http.StatusServiceUnavailable, s.get(t, s.url), "it came later, so the other one is accepted")
	s.stop()
	require.Eventually(t, func() bool { return s.get(t, s.url) == 0 }, time.Minute, time.Millisecond, "the listener closes")
	_, err = io.WriteString(conn, "GET /livez HTTP/1.1\r\nHost: x\r\n\r\n")
	require.NoError(t, err)
	res, err := http.ReadResponse(bufio.NewReader(conn), nil)
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, res.StatusCode)
	require.True(t, res.Close)
	require.NoError(t, <-s.ended)
}

func TestServe_EndsWithTheErrorOfItsListener(t *testing.T) {
	n := newFakes().open(t)
	defer n.Close()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	require.NoError(t, l.Close())
	begun := time.Now()
	require.ErrorIs(t, n.Serve(t.Context(), l), net.ErrClosed)
	require.Less(t, time.Since(begun), connect.DefaultDrain, "there is nothing to drain")
}

func TestServe_TellsTheServiceManager(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("skipped: systemd is not of this system")
	}
	path := []string{filepath.Join(t.TempDir(), "notify")}
	if runtime.GOOS == "linux" {
		path = append(path, "@mosparo-"+filepath.Base(t.TempDir())+time.Now().Format("150405.000000"))
	}
	for _, name := range path {
		t.Setenv("NOTIFY_SOCKET", name)
		manager, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Net: "unixgram", Name: name})
		require.NoError(t, err)
		require.NoError(t, manager.SetReadDeadline(time.Now().Add(time.Minute)))
		hears := func() string {
			b := make([]byte, 100)
			n, err := manager.Read(b)
			require.NoError(t, err)
			return string(b[:n])
		}
		s := serve(t, nil, connect.WithDrain(0))
		require.Equal(t, "READY=1", hears())
		s.stop()
		require.Equal(t, "STOPPING=1", hears())
		require.NoError(t, <-s.ended)
		require.NoError(t, manager.Close())
	}
}
