package csshttp_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/mosparo/go-cluster/cache/cachetest/servers"
)

// command finds a program, or ends the test.
func command(t *testing.T, pkg string, names ...string) string {
	t.Helper()
	for _, name := range names {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	servers.Missing(t, names[0], pkg)
	return ""
}

// styles is a style sheet with an effect that a browser can tell.
var styles = ".box{color:rgb(1, 2, 3)}" + strings.Repeat(".mosparo__container .a{color:red}", 200)

func TestCurl_UnderstandsEveryForm(t *testing.T) {
	curl := command(t, "curl", "curl")
	h, _, _ := served(t, css(hashA, styles))
	server := httptest.NewServer(h)
	defer server.Close()
	run := func(args ...string) string {
		args = append(args, "--silent", "--show-error", "--noproxy", "*", "--max-time", "30")
		out, err := exec.CommandContext(t.Context(), curl, args...).CombinedOutput()
		require.NoError(t, err, string(out))
		return string(out)
	}
	url := server.URL + path(hashA)
	for _, encoding := range []string{"identity", "gzip", "br"} {
		out := run("--compressed", "--header", "Accept-Encoding: "+encoding, "--include", url)
		head, body, _ := strings.Cut(out, "\r\n\r\n")
		require.Equal(t, styles, body, encoding)
		require.Equal(t, encoding != "identity", strings.Contains(head, "Content-Encoding: "+encoding), head)
		require.Contains(t, head, "X-Content-Type-Options: nosniff")
	}
	require.Equal(t, styles, run("--location", server.URL+"/resources/"+project.String()+".css"), "through the redirect")
	require.Equal(t, styles[10:20], run("--range", "10-19", url))
	require.Equal(t, path(hashA), strings.TrimPrefix(run(server.URL+"/resources/"+project.String()+"/url"), server.URL))
	dir := t.TempDir()
	run("--etag-save", dir+"/etag", "--output", dir+"/css", url)
	require.Equal(t, "304", run("--etag-compare", dir+"/etag", "--output", dir+"/css", "--write-out", "%{http_code}", url))
}

// seen is what the page of the browser's test reports.
type seen struct {
	Color   string            `json:"color"`
	Body    int               `json:"body"`
	Headers map[string]string `json:"headers"`
	Again   int               `json:"again"`
	Error   string            `json:"error"`
}

// page uses the CSS as a website does, from another origin than its own.
const page = `<!doctype html><link rel="stylesheet" crossorigin href="%[1]s/resources/%[2]s.css"><p class="box">x</p><script type="module">
const report = {headers: {}};
try {
	report.color = getComputedStyle(document.querySelector('.box')).color;
	const first = await fetch('%[1]s%[3]s');
	report.body = (await first.text()).length;
	for (const [name, value] of first.headers) report.headers[name] = value;
	const again = await fetch('%[1]s%[3]s', {cache: 'no-cache'});
	report.again = (await again.text()).length;
} catch (e) { report.error = String(e) }
await fetch('/report', {method: 'POST', body: JSON.stringify(report)});
</script>`

func TestBrowser_AppliesTheCSSOfAnotherOriginAndRevalidatesIt(t *testing.T) {
	chromium := command(t, "chromium", "chromium", "chromium-browser", "google-chrome")
	h, _, _ := served(t, css(hashA, styles))
	var mu sync.Mutex
	var answers []string
	resources := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		logged := &statusWriter{ResponseWriter: w}
		h.ServeHTTP(logged, r)
		mu.Lock()
		defer mu.Unlock()
		answers = append(answers, fmt.Sprint(logged.status, " ", w.Header().Get("Content-Encoding")))
	}))
	defer resources.Close()
	reports := make(chan seen, 1)
	website := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/report" {
			var s seen
			if err := json.NewDecoder(r.Body).Decode(&s); err == nil {
				reports <- s
			}
			return
		}
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		fmt.Fprintf(w, page, resources.URL, project, path(hashA))
	}))
	defer website.Close()

	profile, err := os.MkdirTemp("", "mosparo-chromium-") //nolint:usetesting // which fails when a helper of the browser still writes
	require.NoError(t, err)
	defer func() { _ = os.RemoveAll(profile) }()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	var log bytes.Buffer
	browser := exec.CommandContext(ctx, chromium, "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--no-proxy-server",
		"--disable-background-networking", "--disable-component-update", "--disable-dev-shm-usage",
		"--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1", "--user-data-dir="+profile, "--remote-debugging-port=0", website.URL)
	browser.Stderr = &log
	browser.WaitDelay = 10 * time.Second
	require.NoError(t, browser.Start())
	var got seen
	select {
	case got = <-reports:
	case <-ctx.Done():
	}
	cancel()
	_ = browser.Wait() // it was killed
	require.NotEmpty(t, got, log.String())

	require.Empty(t, got.Error)
	require.Equal(t, "rgb(1, 2, 3)", got.Color)
	require.Equal(t, len(styles), got.Body)
	require.Equal(t, len(styles), got.Again)
	require.Equal(t, "text/css; charset=UTF-8", got.Headers["content-type"])
	require.Equal(t, "max-age=31536000, public", got.Headers["cache-control"])
	require.Contains(t, got.Headers, "etag", "for scripts of the website")
	mu.Lock()
	defer mu.Unlock()
	require.Contains(t, answers, "307 ", "the link leads to the current version")
	require.Regexp(t, "200 (br|gzip)", strings.Join(answers, ","), "brotli only where the browser trusts the connection")
	require.Contains(t, answers, "304 ")
}

// statusWriter remembers the status.
type statusWriter struct {
	http.ResponseWriter
	status int
}

func (s *statusWriter) WriteHeader(status int) {
	s.status = status
	s.ResponseWriter.WriteHeader(status)
}
