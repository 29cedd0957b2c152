package csshttp_test

import (
	"bufio"
	"context"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime/pprof"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/mosparo/go-cluster/cssstore"
	"github.com/mosparo/go-cluster/cssstore/csshttp"
	"github.com/mosparo/go-cluster/cssstore/cssstoretest"
)

var (
	load        = flag.Duration("load", 0, "measure under load with wrk, beside nginx and a bare net/http handler, for so long in each round")
	loadProfile = flag.String("load.profile", "", "write CPU profiles of bare, sized, headed and csshttp to this directory")
)

const (
	// serveEnv makes this test's program a server of that name.
	serveEnv = "MOSPARO_TEST_CSSHTTP_SERVER"
	// profileEnv is the file to which it writes its CPU profile.
	profileEnv = "MOSPARO_TEST_CSSHTTP_PROFILE"
)

// loadBody is as large as a prepared CSS of mosparo.
var loadBody = []byte(strings.Repeat(".mosparo__container .a{color:red}", 263))[:8669]

func TestMain(m *testing.M) {
	if name := os.Getenv(serveEnv); name != "" {
		if err := serve(name); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

// sameHeaders are those of an answer with CSS.
func sameHeaders() http.Header {
	h, w := csshttp.New(stored(), projectList{known}), httptest.NewRecorder()
	defer h.Close()
	h.ServeHTTP(w, httptest.NewRequest(http.MethodGet, path(hashA), nil))
	return w.Header()
}

func stored() *cssstoretest.Fake {
	store := cssstoretest.NewFake()
	if err := store.Put(context.Background(), cssstore.Resource{Project: project, Hash: hashA, CSS: loadBody}); err != nil {
		panic(err)
	}
	return store
}

// serve serves until standard input ends.
func serve(name string) error {
	if file := os.Getenv(profileEnv); file != "" {
		f, err := os.Create(file)
		if err != nil {
			return err
		}
		defer f.Close()
		if err := pprof.StartCPUProfile(f); err != nil {
			return err
		}
		defer pprof.StopCPUProfile()
	}
	var handler http.Handler
	switch name {
	case "bare": // one byte slice, and nothing else
		handler = http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(loadBody) })
	case "sized": // with the two headers that spare net/http a guess and chunks
		length := strconv.Itoa(len(loadBody))
		handler = http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/css; charset=UTF-8")
			w.Header().Set("Content-Length", length)
			_, _ = w.Write(loadBody)
		})
	case "headed": // with all that mosparo sends beside the CSS: the least that any handler can do
		type field struct {
			name   string
			values []string
		}
		var fields []field
		for name, values := range sameHeaders() {
			fields = append(fields, field{name, values})
		}
		handler = http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			h := w.Header()
			for _, f := range fields {
				h[f.name] = f.values
			}
			_, _ = w.Write(loadBody)
		})
	case "empty":
		handler = http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) })
	default:
		h := csshttp.New(stored(), projectList{known})
		defer h.Close()
		handler = h
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	server := &http.Server{Handler: handler, ReadHeaderTimeout: time.Minute}
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		_ = server.Close()
	}()
	fmt.Println(l.Addr())
	_ = server.Serve(l) // it ends with the input
	return nil
}

// measured is one round with one server.
type measured struct {
	perSecond float64
	// cpu is what a request costs the server, in seconds.
	cpu float64
}

var rate = regexp.MustCompile(`Requests/sec:\s+([0-9.]+)`)

// wrk asks for d; it returns requests a second and in all.
func wrk(t *testing.T, url string, d time.Duration, headers ...string) (perSecond, requests float64) {
	t.Helper()
	args := []string{"-t1", "-c16", "-d" + strconv.Itoa(int(d.Seconds())) + "s"}
	for _, h := range headers {
		args = append(args, "-H", h)
	}
	out, err := exec.CommandContext(t.Context(), command(t, "wrk", "wrk"), append(args, url)...).CombinedOutput()
	require.NoError(t, err, string(out))
	require.NotContains(t, string(out), "Non-2xx", string(out))
	perSecond, err = strconv.ParseFloat(rate.FindStringSubmatch(string(out))[1], 64)
	require.NoError(t, err)
	n := regexp.MustCompile(`(\d+) requests in`).FindStringSubmatch(string(out))
	requests, err = strconv.ParseFloat(n[1], 64)
	require.NoError(t, err)
	return perSecond, requests
}

// round runs a server of its own process, and measures it.
func round(t *testing.T, cmd *exec.Cmd, url func(string) string, headers ...string) measured {
	t.Helper()
	stdin, err := cmd.StdinPipe()
	require.NoError(t, err)
	stdout, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	addr, err := bufio.NewReader(stdout).ReadString('\n')
	require.NoError(t, err)
	var m measured
	var requests float64
	m.perSecond, requests = wrk(t, url(strings.TrimSpace(addr)), *load, headers...)
	require.NoError(t, stdin.Close())
	require.NoError(t, cmd.Wait())
	m.cpu = (cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()).Seconds() / requests
	return m
}

func own(t *testing.T, name string, headers ...string) measured {
	t.Helper()
	exe, err := os.Executable()
	require.NoError(t, err)
	cmd := exec.CommandContext(t.Context(), exe)
	cmd.Env = append(os.Environ(), serveEnv+"="+name)
	if *loadProfile != "" && len(headers) == 0 {
		cmd.Env = append(cmd.Env, profileEnv+"="+filepath.Join(*loadProfile, name+".pprof"))
	}
	cmd.Stderr = os.Stderr
	return round(t, cmd, func(addr string) string { return "http://" + addr + path(hashA) }, headers...)
}

// nginx serves the same bytes from a file, with one worker for each processor.
func nginx(t *testing.T) measured {
	t.Helper()
	binary := command(t, "nginx", "nginx", "/usr/sbin/nginx")
	dir := t.TempDir()
	require.NoError(t, os.Chmod(dir, 0o755))
	file := filepath.Join(dir, path(hashA))
	require.NoError(t, os.MkdirAll(filepath.Dir(file), 0o755))
	require.NoError(t, os.WriteFile(file, loadBody, 0o644))
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	addr := l.Addr().String()
	require.NoError(t, l.Close())
	conf := fmt.Sprintf(`user root; worker_processes auto; daemon off; pid %[1]s/pid; error_log stderr;
events {} http { access_log off; sendfile on; tcp_nopush on; keepalive_requests 10000000; types { text/css css; }
client_body_temp_path %[1]s/b; proxy_temp_path %[1]s/p; fastcgi_temp_path %[1]s/f; uwsgi_temp_path %[1]s/u; scgi_temp_path %[1]s/s;
server { listen %[2]s; root %[1]s; location / { expires max; } } }`, dir, addr)
	if os.Getuid() != 0 {
		conf = strings.TrimPrefix(conf, "user root; ")
	}
	require.NoError(t, os.WriteFile(filepath.Join(dir, "conf"), []byte(conf), 0o600))
	// The shell ends nginx when its input ends, and counts its processes.
	script := fmt.Sprintf(`%s -p %s -c %s/conf & while [ ! -s %s/pid ]; do sleep 0.05; done; echo %s; cat >/dev/null; kill -QUIT $!; wait $!`, binary, dir, dir, dir, addr)
	cmd := exec.CommandContext(t.Context(), "sh", "-c", script)
	cmd.Stderr = os.Stderr
	return round(t, cmd, func(addr string) string { return "http://" + addr + path(hashA) })
}

// middle is the median of one number.
func middle(all []measured, of func(measured) float64) float64 {
	var n []float64
	for _, m := range all {
		n = append(n, of(m))
	}
	slices.Sort(n)
	return n[len(n)/2]
}

func TestLoad_BesideABareHandler(t *testing.T) {
	if *load == 0 {
		t.Skip("skipped: measures only with -load, such as -load 3s, on a machine that does nothing else")
	}
	tag := do(func() http.Handler { h, _, _ := served(t, css(hashA, string(loadBody))); return h }(), "GET "+path(hashA), nil).Header.Get("Etag")
	notModified, compressed := "If-None-Match: "+tag, "Accept-Encoding: gzip, deflate, br, zstd"
	results := map[string][]measured{}
	measure := func(name string, m measured) { results[name] = append(results[name], m) }
	for range 5 { // in turns, so that what else the machine does hits all
		measure("bare", own(t, "bare"))
		measure("sized", own(t, "sized"))
		measure("headed", own(t, "headed"))
		measure("hit", own(t, "csshttp"))
		measure("compressed", own(t, "csshttp", compressed))
		measure("empty", own(t, "empty", notModified)) // the same request
		measure("unchanged", own(t, "csshttp", notModified))
		measure("nginx", nginx(t))
	}
	speed := func(m measured) float64 { return m.perSecond }
	cost := func(m measured) float64 { return m.cpu }
	for name, all := range results {
		t.Logf("%-10s %8.0f requests/s, %6.2f µs of CPU each", name, middle(all, speed), 1e6*middle(all, cost))
	}
	// The median of the rounds' ratios: what slows a round slows both.
	ratio := func(a, b string, of func(measured) float64) float64 {
		var all []measured
		for i, m := range results[a] {
			all = append(all, measured{perSecond: m.perSecond / results[b][i].perSecond, cpu: m.cpu / results[b][i].cpu})
		}
		return middle(all, of)
	}
	// The difference between a hit and a bare handler is its 13 headers. net/http keeps
	// them in a map, which grows past 8 entries, copies the map, sorts it and writes
	// it: at best 0.5 + 0.6 + 1.4 µs of CPU, against 0.4 µs for all of that with 2
	// headers and 1.3 µs with 8 (see BenchmarkNetHTTPHeaders). A handler cannot avoid
	// any of it. The bare handler in turn needs one more write for the end of its
	// chunked response. Therefore the handler is compared to one that sends the same
	// headers as well.
	for _, c := range []struct{ what, beside, goal string }{
		{"hit", "bare", " (goal: 95 %, 1.05 times)"},
		{"hit", "sized", ""},
		{"hit", "headed", " (goal: 95 %, 1.05 times)"},
		{"headed", "bare", ""},
		{"headed", "sized", ""},
		{"compressed", "bare", ""},
		{"unchanged", "empty", " (goal: 1.3 times)"},
		{"hit", "nginx", ""},
	} {
		t.Logf("%s beside %s: %.0f %% of the requests/s, %.2f times the CPU%s", c.what, c.beside,
			100*ratio(c.what, c.beside, speed), ratio(c.what, c.beside, cost), c.goal)
	}
}
