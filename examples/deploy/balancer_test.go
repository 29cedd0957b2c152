package deploy_test

import (
	"io"
	"net/http"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/mosparo/go-cluster/cache/cachetest/servers"
)

// balancerPort is where the balancers of the tests listen, instead of :80.
const balancerPort = 80

// haproxy starts HAProxy with the shipped file, which it checks first.
func (s *site) haproxy() *servers.Process {
	s.Helper()
	file := s.file("balancer/haproxy.cfg", "bind :80", "bind "+s.addr(10, balancerPort))
	command(s.T, servers.Find(s, "haproxy", "haproxy"), "-c", "-f", file)
	return servers.Program(s, "haproxy", "haproxy", func() error { return listens(s.addr(10, balancerPort)) }, "-db", "-f", file)
}

// nginx starts nginx with the shipped file included as on Debian, and checks it first.
func (s *site) nginx() *servers.Process {
	s.Helper()
	server := s.file("balancer/nginx.conf", "listen 80;", "listen "+s.addr(10, balancerPort)+";")
	file := s.write("nginx.conf", `daemon off; master_process off; pid `+s.dir+`/pid; error_log stderr; events {}
http { access_log off; client_body_temp_path `+s.dir+`; proxy_temp_path `+s.dir+`; fastcgi_temp_path `+s.dir+`; uwsgi_temp_path `+s.dir+`; scgi_temp_path `+s.dir+`;
include `+server+`; }`)
	args := []string{"-p", s.dir, "-e", "stderr", "-c", file}
	command(s.T, servers.Find(s, "nginx", "nginx"), append([]string{"-t"}, args...)...)
	return servers.Program(s, "nginx", "nginx", func() error { return listens(s.addr(10, balancerPort)) }, args...)
}

// get returns the node of PHP that answers, empty for a Go node, and the headers. The
// answer must be a success.
func (s *site) get(path string, headers ...string) (node string, h http.Header) {
	s.Helper()
	req, err := http.NewRequestWithContext(s.Context(), http.MethodGet, "http://"+s.addr(10, balancerPort)+path, nil)
	require.NoError(s, err)
	for i := 0; i < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	client := http.Client{Timeout: patience, Transport: &http.Transport{DisableKeepAlives: true}}
	res, err := client.Do(req)
	require.NoError(s, err)
	defer res.Body.Close()
	require.Equal(s, http.StatusOK, res.StatusCode)
	return res.Header.Get("X-Node"), res.Header
}

// load asks for a path of Go nodes over new connections until the returned function is
// called, which returns how many requests there were, and those that failed.
func (s *site) load(path string) func() (requests int64, failed []string) {
	var requests atomic.Int64
	var mu sync.Mutex
	var failed []string
	var workers sync.WaitGroup
	stop := make(chan struct{})
	for range 4 {
		workers.Go(func() {
			client := http.Client{Timeout: 30 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}}
			for {
				select {
				case <-stop:
					return
				case <-time.After(2 * time.Millisecond):
				}
				requests.Add(1)
				problem := ""
				res, err := client.Get("http://" + s.addr(10, balancerPort) + path)
				if err != nil {
					problem = err.Error()
				} else {
					_, err := io.Copy(io.Discard, res.Body)
					_ = res.Body.Close()
					if err != nil || res.StatusCode != http.StatusOK {
						problem = res.Status
					}
				}
				if problem != "" {
					mu.Lock()
					failed = append(failed, problem)
					mu.Unlock()
				}
			}
		})
	}
	return func() (int64, []string) {
		close(stop)
		workers.Wait()
		return requests.Load(), failed
	}
}

// Only /resources/ goes to Go nodes, nothing is lost while they restart one after the
// other (with MOSPARO_TEST_LONG=1), and PHP nodes take over when all Go nodes are gone.
func TestBalancers_SendResourcesToGoNodesAndLoseNothing(t *testing.T) {
	for name, b := range map[string]struct {
		start func(*site) *servers.Process
		// pause is the time between two restarts.
		pause time.Duration
	}{
		"haproxy": {(*site).haproxy, 5 * time.Second},
		"nginx":   {(*site).nginx, 11 * time.Second}, // its fail_timeout
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSite(t)
			s.php(11)
			s.php(12)
			args := []string{"--demo-dir", t.TempDir(), "--drain", "5s"} // the least that haproxy.cfg names
			nodes := []*servers.Process{s.node(11, args...), s.node(12, args...)}
			b.start(s)
			s.tellsNodesTheTruth()
			s.repeatsNoForm()

			const css = "/resources/0b0e7ab6-2b1c-4c1e-9a44-0123456789aa/url"
			require.Eventually(t, func() bool { php, _ := s.get(css); return php == "" }, patience, 100*time.Millisecond, "the Go nodes are known to be ready")
			if os.Getenv("MOSPARO_TEST_LONG") == "1" {
				end := s.load(css)
				for _, n := range nodes {
					n.Stop()
					n.Restart()
					time.Sleep(b.pause)
				}
				requests, failed := end()
				require.Greater(t, requests, int64(100))
				require.Empty(t, failed, "of %d requests", requests)
			}
			for _, n := range nodes {
				n.Kill()
			}
			require.Eventually(t, func() bool {
				res, err := http.Get("http://" + s.addr(10, balancerPort) + css)
				if err != nil {
					return false
				}
				_ = res.Body.Close()
				return res.Header.Get("X-Node") != ""
			}, patience, poll, "PHP takes over")
		})
	}
}

// tellsNodesTheTruth checks what PHP nodes learn of a client that lies.
func (s *site) tellsNodesTheTruth() {
	s.Helper()
	php, got := s.get("/login", "X-Forwarded-For", "192.0.2.1", "X-Forwarded-Proto", "https", "X-Forwarded-Host", "evil.example",
		"X-Forwarded-Port", "1", "X-Forwarded-Prefix", "/evil", "Forwarded", "for=192.0.2.1")
	require.NotEmpty(s, php, "no Go node answers this")
	require.True(s, strings.HasPrefix(got.Get("Got-X-Forwarded-For"), "127."), got.Get("Got-X-Forwarded-For"))
	require.Equal(s, "http", got.Get("Got-X-Forwarded-Proto"))
	require.Equal(s, s.addr(10, balancerPort), got.Get("Got-Host"))
	for _, name := range []string{"X-Forwarded-Host", "X-Forwarded-Port", "X-Forwarded-Prefix", "Forwarded"} {
		require.Empty(s, got.Get("Got-"+name))
	}
}

// repeatsNoForm checks that a form is not sent to a second node if the first one breaks
// the connection: it may have stored it.
func (s *site) repeatsNoForm() {
	s.Helper()
	before := s.broken.Load()
	res, err := http.Post("http://"+s.addr(10, balancerPort)+"/broken", "text/plain", strings.NewReader("form"))
	require.NoError(s, err)
	require.NoError(s, res.Body.Close())
	require.Equal(s, http.StatusBadGateway, res.StatusCode)
	require.Equal(s, before+1, s.broken.Load())
}

// Both balancers take the same file. In its config test keepalived 2.2.7 ends itself if the
// scripts have another user than root.
func TestKeepalived_TakesTheFile(t *testing.T) {
	keepalived := servers.Find(t, "keepalived", "keepalived")
	s := newSite(t)
	for _, id := range []string{"lb1", "lb2"} {
		file := s.file("balancer/keepalived.conf", "script_user nobody", "script_user root")
		command(t, keepalived, "--config-test", "--config-id", id, "--use-file", file)
	}
}
