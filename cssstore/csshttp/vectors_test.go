package csshttp_test

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/mosparo/go-cluster/cache"
	"github.com/mosparo/go-cluster/cache/memoryadapter"
	"github.com/mosparo/go-cluster/cssstore"
	"github.com/mosparo/go-cluster/cssstore/cachestore"
	"github.com/mosparo/go-cluster/cssstore/csshttp"
	"github.com/mosparo/go-cluster/cssstore/design"
	"github.com/mosparo/go-cluster/cssstore/filestore"
	"github.com/mosparo/go-cluster/cssstore/internal/fixturetest"
)

var (
	project = cssstore.UUID{0x4f, 1}
	unknown = cssstore.UUID{0x4f, 2}
	oldHash = cssstore.Hash{0x01, 0xd0}

	baseTime = time.Date(2023, 11, 14, 22, 13, 20, 0, time.UTC)
	fileTime = time.Date(2023, 11, 14, 22, 15, 0, 0, time.UTC)
)

// projectList is a database with a few projects.
type projectList []cssstore.Project

func (l projectList) Projects(context.Context) ([]cssstore.Project, error) { return l, nil }

// maker is a generator that makes always the same and counts.
type maker struct {
	cssstore.Resource
	store cssstore.Store
	calls int
}

func (m *maker) Generate(ctx context.Context, _ cssstore.Project) (cssstore.Resource, error) {
	m.calls++
	return m.Resource, m.store.Put(ctx, m.Resource)
}

func (m *maker) Outdated(cssstore.Resource) bool { return false }

// exchange is one recorded request and what PHP answered.
type exchange struct {
	What           string            `json:"what"`
	Request        string            `json:"request"`
	RequestHeaders map[string]string `json:"request_headers"`
	Status         int               `json:"status"`
	Headers        []string          `json:"headers"`
	Body           string            `json:"body"`
}

// header is what a line of the recorded headers holds, nil if there is none.
func (e *exchange) header(name string) (values []string) {
	for _, line := range e.Headers {
		if n, v, _ := strings.Cut(line, ": "); strings.EqualFold(n, name) {
			values = append(values, v)
		}
	}
	return values
}

// fromFrontController: index.php answered from mappings.php, which writes this
// header in another way.
func (e *exchange) fromFrontController() bool {
	return strings.Contains(strings.Join(e.Headers, "\n"), "Content-type: ")
}

// recorded are all exchanges, with the resource that PHP had prepared.
func recorded(t *testing.T) ([]exchange, cssstore.Resource) {
	t.Helper()
	var file struct {
		Rows  [][2]json.RawMessage `json:"rows"`
		Cases []exchange           `json:"cases"`
	}
	raw := fixturetest.Unpack(t, "testdata/css-http.json.gz")
	rows := struct{ Rows [][2]json.RawMessage }{}
	require.NoError(t, json.Unmarshal(raw, &rows))
	r, err := design.Prepare(project, fixturetest.Rows(t, rows.Rows), fixturetest.Unpack(t, "../design/testdata/base.css.gz"))
	require.NoError(t, err)
	raw = []byte(strings.NewReplacer("{uuid}", project.String(), "{unknown}", unknown.String(),
		"{hash}", r.Hash.String(), "{old}", oldHash.String()).Replace(string(raw)))
	require.NoError(t, json.Unmarshal(raw, &file))
	require.Len(t, file.Cases, 80)
	return file.Cases, r
}

// deviation is a better answer to a recorded request. Without a location it is
// an answer of that status; "" as its reason is not allowed.
type deviation struct {
	status   int
	location string
	why      string
}

func deviations(hash cssstore.Hash) map[string]deviation {
	current := "http://mosparo.example.com/resources/" + project.String() + "/" + hash.String() + ".css"
	return map[string]deviation{
		"shared cache: nothing prepared yet, hash css with the right hash":                         {200, "", "a redirect to oneself"},
		"shared cache: content there, hash entry gone, hash css with the right hash":               {200, "", "an endless redirect"},
		"shared cache: content there, hash entry gone, again":                                      {200, "", "an endless redirect"},
		"shared cache: hash entry there, content gone, hash css with the right hash":               {200, "", "a redirect to oneself"},
		"shared cache: project without a stored hash, hash css":                                    {200, "", "a redirect to oneself"},
		"shared cache: project without a stored hash, project css":                                 {307, current, "a redirect to /.css, which is no route"},
		"shared cache: project deleted, entries still in the cache, right hash":                    {404, "", "entries that outlive their project"},
		"shared cache: a mapping left over from files mode":                                        {307, current, "nobody removes what is left over"},
		"shared cache: prepared, the right hash, If-None-Match and If-Modified-Since":              {304, "", "no entity tags"},
		"files: mapping there, file gone, project css":                                             {307, "/build/mosparo-frontend.css", "a redirect to a file that is gone"},
		"files: mapping written by a request behind a prefix, proxy keeps the prefix and names it": {307, strings.Replace(current, "/resources", "/spam/resources", 1), "the prefix twice"},
	}
}

// world is what a handler has around it.
type world struct {
	handler *csshttp.Handler
	maker   *maker
}

// build makes the situation that the words describe.
func build(t *testing.T, e *exchange, r cssstore.Resource) world {
	t.Helper()
	says := func(s string) bool { return strings.Contains(e.What, s) }
	stored := cssstore.Project{UUID: project, Hash: r.Hash}
	switch {
	case says("without a stored hash"):
		stored.Hash = cssstore.Hash{}
	case says("stored hash is old"):
		stored.Hash = oldHash
	}
	list := projectList{stored}
	if says("project deleted") {
		list = nil
	}
	public := fstest.MapFS{"build/images/mosparo_text_logo.svg": {Data: svg()}}
	if !says("no base file") {
		public["build/mosparo-frontend.css"] = &fstest.MapFile{ModTime: baseTime}
	}
	if says("no logo file") {
		public = fstest.MapFS{}
	}
	opts := []csshttp.Option{csshttp.WithPublic(public), csshttp.WithTrustedProxies(netip.MustParsePrefix("192.0.2.0/24"))}
	if says("keeps the prefix") {
		opts = append(opts, csshttp.WithPathPrefix("/spam"))
	}
	var w world
	if strings.HasPrefix(e.What, "files: ") {
		dir := t.TempDir()
		store := filestore.New(dir)
		if says("prepared, ") && !says("nothing") || says("mapping written") {
			require.NoError(t, store.Put(t.Context(), r))
			require.NoError(t, os.Chtimes(filepath.Join(dir, project.String(), r.Hash.String()+".css"), fileTime, fileTime))
		}
		w.handler = csshttp.New(store, list, opts...)
	} else {
		pool := cache.NewPool(memoryadapter.New())
		store := cachestore.New(pool)
		if !says("nothing prepared") && !says("without a stored hash") {
			require.NoError(t, store.Put(t.Context(), r))
		}
		if says("hash entry gone") {
			require.NoError(t, pool.Delete(t.Context(), "design_"+project.String()+"_hash"))
		}
		if says("content gone") {
			require.NoError(t, pool.Delete(t.Context(), "design_"+project.String()+"_content"))
		}
		w.maker = &maker{Resource: r, store: store}
		w.handler = csshttp.New(store, list, append(opts, csshttp.WithGenerator(w.maker))...)
	}
	t.Cleanup(func() { require.NoError(t, w.handler.Close()) })
	return w
}

// svg is a logo of the length of mosparo's, with what is replaced in it.
func svg() []byte {
	s := "<svg><style>.a{opacity:0.8;}.b{fill:var(--mosparo-text-color, rgb(0, 0, 0));}</style>"
	return []byte(s + strings.Repeat(" ", 1647-len(s)-len("</svg>")) + "</svg>")
}

func do(h http.Handler, request string, headers map[string]string) *http.Response {
	method, target, _ := strings.Cut(request, " ")
	r := httptest.NewRequest(method, "http://mosparo.example.com"+target, nil)
	for name, v := range headers {
		r.Header.Set(name, v)
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w.Result()
}

func bodyOf(t *testing.T, res *http.Response) string {
	t.Helper()
	b, err := io.ReadAll(res.Body)
	require.NoError(t, err)
	return string(b)
}

func TestVectors_AnswersAsMosparoDoesOrBetter(t *testing.T) {
	cases, r := recorded(t)
	better := deviations(r.Hash)
	for _, e := range cases {
		t.Run(e.What, func(t *testing.T) {
			w := build(t, &e, r)
			res := do(w.handler, e.Request, e.RequestHeaders)
			d, deviates := better[e.What]
			delete(better, e.What)
			switch {
			case deviates:
				require.Equal(t, d.status, res.StatusCode, d.why)
				require.Equal(t, d.location, res.Header.Get("Location"), d.why)
				if d.status == 200 {
					require.Equal(t, string(r.CSS), bodyOf(t, res))
				}
			case e.fromFrontController():
				sameRedirect(t, &e, res)
			default:
				same(t, &e, res)
			}
			if w.maker != nil && !strings.Contains(e.What, "nothing") && !strings.Contains(e.What, "gone") &&
				!strings.Contains(e.What, "without a stored") && !strings.Contains(e.What, "stored hash is old") {
				require.Zero(t, w.maker.calls, "a generation for nothing")
			}
		})
	}
	require.Empty(t, better, "deviations from exchanges that are not there")
}

// beyond are headers that we have and PHP has not.
var beyond = map[string]bool{
	"Etag": true, "Vary": true, "Accept-Ranges": true, "Content-Length": true,
	"Access-Control-Allow-Origin": true, "Access-Control-Expose-Headers": true,
}

// same compares an answer with what was recorded.
func same(t *testing.T, e *exchange, res *http.Response) {
	t.Helper()
	require.Equal(t, e.Status, res.StatusCode)
	for name, got := range res.Header {
		want := e.header(name)
		switch {
		case want == nil && beyond[name]:
		case want == nil && strings.HasPrefix(e.What, "files: prepared, hash css with the right hash"): // the web server sent the file
		case name == "Expires":
			at, err := http.ParseTime(got[0])
			require.NoError(t, err)
			require.WithinDuration(t, time.Now(), at, time.Minute)
		case name == "Cache-Control" && len(want) == 2:
			require.Contains(t, want, got[0], "the other one comes from PHP's session")
		default:
			require.Equal(t, want, got, name)
		}
	}
	for _, line := range e.Headers {
		name, _, _ := strings.Cut(line, ": ")
		require.Contains(t, res.Header, name)
	}
	body := bodyOf(t, res)
	switch n, isSize := strings.CutSuffix(e.Body, " bytes"); {
	case isSize:
		require.Equal(t, n, strconv.Itoa(len(body)))
	case e.Body == "a page that redirects":
		require.Contains(t, body, res.Header.Get("Location"))
	case strings.HasPrefix(e.Body, "(an error page)"):
	default:
		require.Equal(t, e.Body, body)
	}
}

// sameRedirect compares with an answer from mappings.php: it leads to the same
// place, without that answer's malformed time.
func sameRedirect(t *testing.T, e *exchange, res *http.Response) {
	t.Helper()
	require.Equal(t, e.Status, res.StatusCode)
	require.Equal(t, e.header("Cache-Control"), res.Header["Cache-Control"])
	base, err := url.Parse("http://mosparo.example.com")
	require.NoError(t, err)
	want, err := base.Parse(e.header("Location")[0])
	require.NoError(t, err)
	require.Equal(t, want.String(), res.Header.Get("Location"))
	at, err := http.ParseTime(res.Header.Get("Last-Modified"))
	require.NoError(t, err)
	require.True(t, at.Equal(fileTime))
}

func TestLogo_InTheColoursThatAreAskedFor(t *testing.T) {
	h := csshttp.New(filestore.New(t.TempDir()), projectList{},
		csshttp.WithPublic(fstest.MapFS{"build/images/mosparo_text_logo.svg": {Data: svg()}}))
	defer h.Close()
	for query, want := range map[string][2]string{
		"": {"0.8", "var("}, "?fc=": {"0.8", "var("}, "?fc=1": {"1.0", "#000000"}, "?fc=x&pcs=d": {"1.0", "#FFFFFF"},
		"?fc=1&pcs=": {"1.0", "var("}, "?fc=0&fc=1&pcs=d&pcs=l": {"1.0", "#000000"},
	} {
		body := bodyOf(t, do(h, "GET /resources/logo.svg"+query, nil))
		require.Contains(t, body, "opacity:"+want[0], query)
		require.Contains(t, body, "fill:"+want[1], query)
	}
}
