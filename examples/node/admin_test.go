package main

import (
	"context"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/mosparo/go-cluster/cache"
	"github.com/mosparo/go-cluster/cache/memoryadapter"
)

func (r *running) status(url, token string) int {
	r.t.Helper()
	req, err := http.NewRequestWithContext(r.t.Context(), http.MethodGet, url, nil)
	require.NoError(r.t, err)
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	res, err := http.DefaultClient.Do(req)
	require.NoError(r.t, err)
	require.NoError(r.t, res.Body.Close())
	return res.StatusCode
}

// waitUntilReady waits for the CSS, which is loaded after the start.
func (r *running) waitUntilReady(url string) {
	r.t.Helper()
	require.Eventually(r.t, func() bool { return r.status(url+"readyz", "") == http.StatusOK }, patience, 10*time.Millisecond)
}

// waitForPage waits for a page that has read all: a server of a busy machine may take
// longer than the page waits.
func (r *running) waitForPage(url string) {
	r.t.Helper()
	require.Eventually(r.t, func() bool { return r.status(url, "") == http.StatusOK }, patience, 50*time.Millisecond)
}

func TestAdmin_HasThePageAndThePublicAddressHasNot(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	dir, _ := installed(t, cache.NewPool(memoryadapter.New()), "1.5.4")
	n := start(t, nil, "--dir", dir)
	require.Regexp(t, `^http://127\.0\.0\.1:\d+/$`, n.admin, "an address without a host")
	n.waitUntilReady(n.admin)
	for url, want := range map[string]int{
		n.admin + "livez":                    200,
		n.admin + "readyz":                   200,
		n.admin + "api/v1/health/check":      404,
		n.admin + "pause":                    404, // without a token
		n.url + "preview/x":                  503,
		n.url:                                503,
		n.url + "api/v1/frontend/verify":     503,
		n.url + "build/mosparo-frontend.css": 503,
		n.url + "livez":                      200,
		n.url + "readyz":                     200,
		n.url + "api/v1/health/check":        200,
	} {
		require.Equal(t, want, n.status(url, ""), url)
	}
	n.waitForPage(n.admin)
	_, body := n.get("")
	require.Contains(t, body, "everything else to PHP nodes")
	_, body = n.page()
	require.Contains(t, body, `id="examination"`)
	_, body = n.get("readyz")
	require.JSONEq(t, `{"status":"ready","checks":{"css":{"ok":true}}}`, body)
}

func TestAdmin_OnOtherAddressesAsksForAToken(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	file := filepath.Join(t.TempDir(), "token")
	fails := func(args ...string) string {
		var said strings.Builder
		ctx, cancel := context.WithTimeout(t.Context(), patience)
		defer cancel()
		require.Equal(t, 2, exitCode(run(ctx, append([]string{"--listen", "127.0.0.1:0", "--demo"}, args...), nil, io.Discard), &said), args)
		return said.String()
	}
	require.Contains(t, fails("--admin", "0.0.0.0:0"), "--admin-token-file")
	require.Contains(t, fails("--admin", "[::]:0"), "--admin-token-file")
	require.Contains(t, fails("--admin", "0.0.0.0:0", "--admin-token-file", file), file)
	require.NoError(t, os.WriteFile(file, []byte("\n"), 0o600))
	require.Contains(t, fails("--admin", "0.0.0.0:0", "--admin-token-file", file), "empty")

	require.NoError(t, os.WriteFile(file, []byte("s3cret\n"), 0o600))
	n := start(t, nil, "--demo", "--admin", "0.0.0.0:0", "--admin-token-file", file)
	admin := "http://127.0.0.1" + n.admin[strings.LastIndexByte(n.admin, ':'):]
	require.Equal(t, 401, n.status(admin, ""))
	require.Equal(t, 401, n.status(admin, "wrong"))
	require.Eventually(t, func() bool { return n.status(admin, "s3cret") == 200 }, patience, 50*time.Millisecond)
	require.Equal(t, 401, n.status(admin+"pause", ""))
	require.Equal(t, 200, n.status(admin+"pause", "s3cret"))
	require.Equal(t, 200, n.status(admin+"livez", ""))
	require.NotEqual(t, 401, n.status(strings.Replace(admin, "//", "//anybody:s3cret@", 1), ""), "as a browser sends it")
	n.waitUntilReady(admin)
	require.NotContains(t, n.log.String(), "s3cret")
}

func TestAdmin_OfADemonstrationIsOffUnlessAskedFor(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	n := start(t, nil, "--demo")
	require.Equal(t, adminOff, n.admin)
	n.waitForPage(n.url)
	_, page := n.get("")
	require.Contains(t, page, "A demonstration")
}
