//go:build unix

package page_test

import (
	"bytes"
	"context"
	"fmt"
	"image/png"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/mosparo/go-cluster/cleanup"
	"github.com/mosparo/go-cluster/envconfig/connect/doctor"
	"github.com/mosparo/go-cluster/envconfig/health"
	"github.com/mosparo/go-cluster/examples/node/page"
	"github.com/mosparo/go-cluster/lock"
)

// lively returns a cluster with something of everything.
func lively(t *testing.T) *cluster {
	t.Helper()
	c := newClusterWith(t, installed(t, "one"))
	c.next(5*time.Hour + 12*time.Minute + 30*time.Second)
	for i, deleted := range []int{812, 640, 1204, 77, 930, 1010, 455, 1180, 702, 868} {
		status := cleanup.StatusComplete
		if i == 3 {
			status = cleanup.StatusIncomplete
		}
		c.run(time.Now().Add(-48*time.Minute-time.Duration(i)*6*time.Hour), status, deleted)
	}
	for i, name := range []string{"Contact form", "Newsletter of a department with quite a long name", "Bücher & Ärzte", "Shop", "Extraordinarilylongnamewithoutanyspacesinitthatcannotbebrokenanywhere"} {
		css := widget(i)
		if i == 3 {
			css = ""
		}
		c.project(i+1, name, css)
	}
	return c
}

// widget is CSS as a project may have it.
func widget(i int) string {
	colours := []string{"#0a56a3", "#a02020", "#147838", "#000", "#6b3fa0"}
	return fmt.Sprintf(`.mosparo__container{border:3px solid %[1]s;color:%[1]s;background:#fff;padding:20px 20px 20px 24px;border-radius:11px;min-width:300px;max-width:500px;display:flex;
	box-shadow:0 0 12px 3px rgba(170,170,170,.3)}.mosparo__row{display:flex;align-items:center}.mosparo__checkbox_column{position:relative;margin-right:20px}
	input{position:absolute;opacity:0}.mosparo__checkbox{width:40px;height:40px;border:3px solid %[1]s;border-radius:20px;box-sizing:border-box}`, colours[i%len(colours)])
}

// measure returns what is wrong with the layout and the colours of a page: elements that
// are wider than the window, and text whose contrast is below AA of WCAG.
const measure = `(() => {
	const wrong = [];
	const width = document.documentElement.clientWidth;
	if (document.documentElement.scrollWidth > width) wrong.push("the page is " + document.documentElement.scrollWidth + " px wide");
	const parse = c => { const n = c.match(/[\d.]+/g).map(Number); return n.length < 4 ? [...n, 1] : n; };
	const light = c => { const [r, g, b] = c.map(v => (v /= 255) <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4); return 0.2126 * r + 0.7152 * g + 0.0722 * b; };
	const ground = e => { for (; e; e = e.parentElement) { const c = parse(getComputedStyle(e).backgroundColor); if (c[3] > 0) return c; } return [255, 255, 255, 1]; };
	for (const e of document.body.querySelectorAll("*")) {
		const box = e.getBoundingClientRect();
		const shown = box.width > 1 && box.height > 1 && getComputedStyle(e).visibility !== "hidden";
		if (!shown || e.closest(".skip, .visually-hidden, thead")) continue;
		if (box.right > width + 1 || box.left < -1) wrong.push("outside: " + e.outerHTML.slice(0, 120));
		if (e.scrollWidth > e.clientWidth + 1 && e.clientWidth > 0 && getComputedStyle(e).display !== "inline" && e.tagName !== "SVG") wrong.push("overflows: " + e.outerHTML.slice(0, 120));
		if (![...e.childNodes].some(n => n.nodeType === 3 && n.textContent.trim()) || e.closest("svg, script, style")) continue;
		const style = getComputedStyle(e), a = light(parse(style.color).slice(0, 3)), b = light(ground(e).slice(0, 3));
		const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
		if (ratio < 4.5) wrong.push("contrast " + ratio.toFixed(2) + ": " + e.outerHTML.slice(0, 120));
	}
	return wrong;
})()`

// structure returns what a screen reader or a keyboard would miss.
const structure = `(() => {
	const wrong = [];
	const headings = [...document.querySelectorAll("h1, h2, h3")].filter(h => h.offsetParent).map(h => +h.tagName[1]);
	if (headings.filter(h => h === 1).length !== 1) wrong.push("h1");
	headings.forEach((h, i) => { if (i > 0 && h > headings[i - 1] + 1) wrong.push("a level of headings is left out"); });
	for (const s of ["header", "main", "footer"]) if (document.querySelectorAll("body > " + s).length !== 1) wrong.push(s);
	for (const t of document.querySelectorAll("table")) if (!t.caption || t.querySelector("th:not([scope])")) wrong.push("table");
	for (const s of document.querySelectorAll("section")) if (!s.ariaLabel && !document.getElementById(s.getAttribute("aria-labelledby"))) wrong.push("section " + s.id);
	for (const s of document.querySelectorAll("svg")) if (s.getAttribute("role") !== "img" || !s.ariaLabel) wrong.push("svg");
	for (const f of document.querySelectorAll("iframe")) if (!f.title) wrong.push("iframe");
	const ids = [...document.querySelectorAll("[id]")].map(e => e.id);
	if (new Set(ids).size !== ids.length) wrong.push("an id is there twice");
	if (document.querySelectorAll("[aria-live]").length !== 1) wrong.push("only the headline is announced");
	return wrong;
})()`

// A screenshot of each width and scheme goes to the directory of this variable.
const screenshots = "MOSPARO_TEST_SCREENSHOTS"

func TestBrowser_ShowsThePageAtEveryWidthAndInBothSchemes(t *testing.T) {
	b := newBrowser(t)
	c := lively(t)
	c.other("web-2", installed(t, "one"))
	c.other("web-3.a-long-name.example.org", installed(t, "another"))
	c.start()
	lease, err := c.node.Locker.Acquire(t.Context(), "report", lock.WithLabel("nightly report"))
	require.NoError(t, err)
	defer func() { _ = lease.Release(t.Context()) }()
	token, err := health.NewToken("s3cret")
	require.NoError(t, err)
	p := page.New(c.node, page.WithToken(token), page.WithExamination(func(context.Context) doctor.Report {
		return doctor.Report{Time: time.Now(), Findings: []doctor.Finding{{
			Severity: doctor.Warning, Subject: "cache", What: "maxmemory-policy is allkeys-lru",
			Consequence: "when its memory is full, Redis removes the schedule of the cleanup and the locks like anything else", Remedy: "set maxmemory-policy to noeviction or volatile-ttl",
		}, {
			Severity: doctor.Note, Subject: "database", What: "the database keeps times in Europe/Zurich", Consequence: "nothing while all nodes do", Remedy: "nothing",
		}}}
	}))
	get(t.Context(), p, "/") // begins the examination
	page.Sample(p, 60)
	server := httptest.NewServer(p)
	defer server.Close()
	dir := os.Getenv(screenshots)
	if dir == "" && os.Getenv("MOSPARO_TEST_LONG") == "1" {
		dir = t.TempDir()
	}
	if dir != "" {
		require.NoError(t, os.MkdirAll(dir, 0o755))
	}
	for _, width := range []int{360, 1024, 2560} {
		for _, scheme := range []string{"light", "dark"} {
			name := fmt.Sprintf("%d-%s", width, scheme)
			b.show(width, scheme)
			b.open(server.URL)
			b.until(`performance.getEntriesByType("resource").filter(r => r.name.includes("/preview/")).length === document.querySelectorAll("iframe").length`)
			var wrong []string
			b.run(measure, &wrong)
			require.Empty(t, wrong, name)
			b.run(structure, &wrong)
			require.Empty(t, wrong, name)
			if dir == "" {
				continue
			}
			time.Sleep(time.Second) // nothing tells when the browser has painted its frames
			shot := b.screenshot(width, 8000)
			require.NoError(t, os.WriteFile(filepath.Join(dir, name+".png"), shot, 0o600))
			config, err := png.DecodeConfig(bytes.NewReader(shot))
			require.NoError(t, err)
			require.Equal(t, width, config.Width)
		}
	}
	b.silent()
}

func TestBrowser_UpdatesThePageItself(t *testing.T) {
	b := newBrowser(t)
	c := lively(t)
	c.start()
	server := httptest.NewServer(page.New(c.node))
	defer server.Close()
	b.show(1024, "light")
	b.open(server.URL)
	b.run(`window.frame = document.querySelector("iframe"); document.querySelector("#projects a").focus(); true`, nil)
	_, err := cleanup.PauseAll(t.Context(), c.pool, time.Hour, "alice", "upgrade")
	require.NoError(t, err)
	c.exec("UPDATE project SET name = 'renamed'")
	b.until(`document.getElementById("headline").textContent === "The Go nodes are paused" && document.title.startsWith("The Go nodes are paused")`)
	b.until(`document.getElementById("sentence").textContent.includes("alice: upgrade")`)
	var kept bool
	b.run(`window.frame.isConnected && document.activeElement.closest("#projects") !== null`, &kept)
	require.True(t, kept, "what has the focus stays")
	b.run(`document.activeElement.blur(); true`, nil)
	b.until(`document.querySelector("#projects h3").textContent === "renamed"`)
	b.silent()

	server.CloseClientConnections()
	server.Close()
	b.until(`!document.getElementById("stale").hidden`)
}

// A hostile project cannot reach the page, nor anything else.
func TestBrowser_ConfinesTheCSSOfAProject(t *testing.T) {
	b := newBrowser(t)
	c := newCluster(t)
	asked := make(chan string, 10)
	elsewhere := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { asked <- r.URL.Path }))
	defer elsewhere.Close()
	c.project(1, `<img src=x onerror="document.title='owned'">`, `</style><script>parent.document.title="owned"</script>.mosparo__container{width:90px;background:url(`+elsewhere.URL+`/image)}@import "`+elsewhere.URL+`/import";@font-face{font-family:x;src:url(`+elsewhere.URL+`/font)}*{font-family:x}`)
	c.start()
	server := httptest.NewServer(page.New(c.node))
	defer server.Close()
	b.show(1024, "light")
	b.open(server.URL)
	b.until(`performance.getEntriesByType("resource").some(r => r.name.includes("/preview/") && r.responseEnd > 0)`)
	var title string
	b.run(`document.title`, &title)
	require.NotContains(t, title, "owned")
	require.Empty(t, asked)
	var reachable bool
	b.run(`(() => { try { return document.querySelector("iframe").contentDocument !== null } catch { return false } })()`, &reachable)
	require.False(t, reachable, "the frame has an origin of its own")
}

// A browser asks for the token once, and sends it with the form.
func TestBrowser_PausesWithTheToken(t *testing.T) {
	b := newBrowser(t)
	c := lively(t)
	c.start()
	token, err := health.NewToken("s3cret")
	require.NoError(t, err)
	server := httptest.NewServer(health.RequireToken(token, page.New(c.node, page.WithToken(token))))
	defer server.Close()
	b.show(1024, "dark")
	b.open("http://alice:s3cret@" + server.Listener.Addr().String() + "/")
	b.open(server.URL + "/pause")
	var wrong []string
	b.run(measure, &wrong)
	require.Empty(t, wrong)
	b.run(`document.getElementById("minutes").value = "240"; document.getElementById("reason").value = "upgrade"; document.querySelector("button").click(); true`, nil)
	b.until(`document.getElementById("headline")?.textContent === "The Go nodes are paused"`)
	p := pauseOf(t, c)
	require.Equal(t, "upgrade", p.Reason)
	require.Contains(t, p.By, "alice, on ")
	b.open(server.URL + "/pause")
	b.run(`document.querySelector("button").click(); true`, nil)
	b.until(`document.getElementById("headline")?.textContent === "All is well"`)
	require.Nil(t, pauseOf(t, c))
	b.silent()
}

func TestBrowser_NeedsNoJavaScript(t *testing.T) {
	b := newBrowser(t)
	c := lively(t)
	c.start()
	server := httptest.NewServer(page.New(c.node))
	defer server.Close()
	b.call("Emulation.setScriptExecutionDisabled", params{"value": true}, nil)
	b.show(1024, "light")
	b.open(server.URL)
	var works bool
	b.run(`document.getElementById("headline").textContent === "All is well" && document.querySelector("noscript > meta[http-equiv=refresh]") !== null`, &works)
	require.True(t, works, "it loads itself again")
	b.silent()
}
