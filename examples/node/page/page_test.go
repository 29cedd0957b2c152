package page_test

import (
	"encoding/base64"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/mosparo/go-cluster/cleanup"
	"github.com/mosparo/go-cluster/cssstore"
	"github.com/mosparo/go-cluster/envconfig/health"
	"github.com/mosparo/go-cluster/examples/node/page"
	"github.com/mosparo/go-cluster/lock"
)

func TestArguments_MistakesPanicWithTheirName(t *testing.T) {
	for says, call := range map[string]func(){
		"page.New: n is nil":          func() { page.New(nil) },
		"page: opts has a nil Option": func() { page.New(newCluster(t).node, nil) },
		"page.WithToken: t is empty":  func() { page.WithToken(health.Token{}) },
	} {
		require.PanicsWithValue(t, says, call)
	}
	w := get(t.Context(), page.New(newCluster(t).node, page.WithLogger(nil), page.WithIntroduction()), "/")
	require.Equal(t, http.StatusOK, w.Code)
	require.NotContains(t, w.Body.String(), "introduction\"")
}

func TestPage_ShowsTheCluster(t *testing.T) {
	c := newCluster(t)
	c.next(5*time.Hour + 12*time.Minute + 30*time.Second)
	c.run(time.Now().Add(-48*time.Minute), cleanup.StatusComplete, 1204)
	c.run(time.Now().Add(-7*time.Hour), cleanup.StatusIncomplete, 96)
	id := c.project(1, "Ärzte & <b>", ".mosparo__x{color:red}")
	c.project(2, "", "")
	c.start()
	require.NoError(t, c.node.Scheduler.Check(t.Context()))
	lease, err := c.node.Locker.Acquire(t.Context(), "report", lock.WithLabel("nightly"))
	require.NoError(t, err)
	defer func() { _ = lease.Release(t.Context()) }()

	w := get(t.Context(), page.New(c.node), "/")
	require.Equal(t, http.StatusOK, w.Code)
	body := content(w)
	for _, text := range []string{
		">All is well</h2>", "Next cleanup in 5 h 12 min, on the regular schedule.",
		"<dt>May clean</dt><dd>yes", "takes part in the cleanup", "<dt>Last complete cleanup</dt><dd>47 min ago",
		">1,204</td>", ">complete</span>", ">incomplete</span>", "at most 1,204.", ">unknown</td>",
		"report <small>nightly</small>",
		"<h3>Ärzte &amp; &lt;b&gt;</h3>", `src="preview/` + id.String() + `" sandbox=""`, `title="Preview of the widget of Ärzte &amp; &lt;b&gt;"`,
		"<h3>" + cssstore.UUID{2, 0xa}.String() + "</h3>",
	} {
		require.Contains(t, body, text)
	}
	require.NotContains(t, body, "Pause the cleanup", "without a token")
	require.NotContains(t, body, "ZgotmplZ")
	require.NotContains(t, body, string(lease.Token()))
	require.NotRegexp(t, `<[^>]+ (style|on[a-z]+)=`, body, "the policy forbids it")

	policy := w.Header().Get("Content-Security-Policy")
	require.Contains(t, policy, "default-src 'none'")
	require.NotContains(t, policy, "unsafe")
	require.Equal(t, "no-store", w.Header().Get("Cache-Control"))
	require.Equal(t, "nosniff", w.Header().Get("X-Content-Type-Options"))
	require.Equal(t, http.StatusNotFound, get(t.Context(), page.New(c.node), "/nothing").Code)
}

// The CSS and names of a project may be anybody's.
func TestPreview_KeepsTheCSSInItsPlace(t *testing.T) {
	const css = `</style><script>alert(1)</script>@import "https://example.org/x.css";*{background:url(https://example.org/y)}`
	c := newCluster(t)
	id := c.project(1, "one", css)
	unprepared, large := c.project(2, "two", ""), c.project(3, "three", strings.Repeat("/* much */", 1<<17))
	p := page.New(c.node)
	// shows reads a preview until it says something: the CSS is read in the background.
	shows := func(id cssstore.UUID, want string) (w *httptest.ResponseRecorder) {
		t.Helper()
		require.Eventually(t, func() bool {
			w = get(t.Context(), p, "/preview/"+id.String())
			return w.Code == http.StatusOK && strings.Contains(w.Body.String(), want)
		}, time.Minute, 20*time.Millisecond, want)
		return w
	}
	w := shows(id, "mosparo__container")
	body := w.Body.String()
	require.NotContains(t, body, "script")
	require.NotContains(t, body, "ZgotmplZ")
	require.Contains(t, body, `class="mosparo__container mosparo__`+id.String()+`"`)
	sheets := regexp.MustCompile(`base64,([A-Za-z0-9+/=&#;]+)"`).FindAllStringSubmatch(body, -1)
	require.Len(t, sheets, 2)
	got, err := base64.StdEncoding.DecodeString(strings.ReplaceAll(sheets[1][1], "&#43;", "+"))
	require.NoError(t, err)
	require.Equal(t, css, string(got))
	policy := w.Header().Get("Content-Security-Policy")
	require.Equal(t, "default-src 'none'; style-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'self'; sandbox", policy)

	shows(unprepared, "no prepared CSS yet")
	shows(large, "too large")
	require.Contains(t, get(t.Context(), p, "/preview/"+cssstore.UUID{9}.String()).Body.String(), "cannot be read")
	require.Equal(t, http.StatusNotFound, get(t.Context(), p, "/preview/x").Code)
}

func TestPage_OfVeryManyProjectsHasABound(t *testing.T) {
	c := newCluster(t)
	tx, err := c.db.BeginTx(t.Context(), nil)
	require.NoError(t, err)
	for i := range 600 {
		_, err := tx.Exec("INSERT INTO project (uuid, name) VALUES (?, ?)", cssstore.UUID{byte(i), byte(i >> 8), 1}.String(), strings.Repeat("name ", 100))
		require.NoError(t, err)
	}
	require.NoError(t, tx.Commit())
	body := get(t.Context(), page.New(c.node), "/").Body.String()
	require.Equal(t, 24, strings.Count(body, "<iframe"))
	require.Contains(t, body, "And 100 more.")
	require.Less(t, len(body), 500<<10)
}

func TestPage_SaysWhatNeedsAttention(t *testing.T) {
	c := newCluster(t)
	c.next(time.Hour)
	p := page.New(c.node)
	now := time.Now()
	c.run(now.Add(-50*time.Minute), cleanup.StatusComplete, 1)
	c.run(now.Add(-50*time.Minute), cleanup.StatusComplete, 2)
	body := content(get(t.Context(), p, "/"))
	require.Contains(t, body, "Two cleanups ran at the same time")
	require.Contains(t, body, "2 things need attention", "and the css is being loaded")
	require.Contains(t, body, "Next cleanup in 59 min")

	c = newCluster(t)
	c.next(-3 * time.Hour)
	body = content(get(t.Context(), page.New(c.node), "/"))
	require.Contains(t, body, "The cleanup has been due for 3 h: no node that cleans seems to run.")

	require.NoError(t, c.db.Close())
	w := get(t.Context(), page.New(c.node), "/")
	require.Equal(t, http.StatusServiceUnavailable, w.Code)
	require.Contains(t, content(w), ">The database fails</h2>")
	require.Contains(t, content(w), "What the cluster does is unknown.")
	require.Contains(t, content(w), "PHP nodes cannot check forms")
	require.NotContains(t, content(w), "sql:", "errors are in the log only")
}

func TestPage_ShowsNoErrorsOfServers(t *testing.T) {
	c := newCluster(t)
	log := &logged{}
	require.NoError(t, c.db.Close())
	p := page.New(c.node, page.WithLogger(log.logger()))
	get(t.Context(), p, "/")
	get(t.Context(), p, "/")
	require.Equal(t, 1, strings.Count(log.String(), "cannot reach a server"), log.String())
	require.Contains(t, log.String(), "sql: database is closed")
}
