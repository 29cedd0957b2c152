package csshttp_test

import (
	"compress/gzip"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/fstest"
	"testing/synctest"
	"time"

	"github.com/andybalholm/brotli"
	"github.com/stretchr/testify/require"

	"github.com/mosparo/go-cluster/cache"
	"github.com/mosparo/go-cluster/cache/cachetest"
	"github.com/mosparo/go-cluster/cssstore"
	"github.com/mosparo/go-cluster/cssstore/csshttp"
	"github.com/mosparo/go-cluster/cssstore/cssstoretest"
)

// database is a list of projects that can change, fail and take its time.
type database struct {
	mu    sync.Mutex
	list  []cssstore.Project
	err   error
	reads int
}

func (d *database) Projects(context.Context) ([]cssstore.Project, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.reads++
	return d.list, d.err
}

func (d *database) set(err error, list ...cssstore.Project) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.list, d.err = list, err
}

func (d *database) count() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.reads
}

var (
	hashA = cssstore.Hash{0xa}
	hashB = cssstore.Hash{0xb}
	known = cssstore.Project{UUID: project, Hash: hashA}
)

func css(hash cssstore.Hash, text string) cssstore.Resource {
	return cssstore.Resource{Project: project, Hash: hash, CSS: []byte(text)}
}

func path(hash cssstore.Hash) string {
	return "/resources/" + project.String() + "/" + hash.String() + ".css"
}

func served(t *testing.T, stored ...cssstore.Resource) (*csshttp.Handler, *cssstoretest.Fake, *database) {
	t.Helper()
	store, db := cssstoretest.NewFake(), &database{list: []cssstore.Project{known}}
	for _, r := range stored {
		require.NoError(t, store.Put(t.Context(), r))
	}
	h := csshttp.New(store, db)
	t.Cleanup(func() { require.NoError(t, h.Close()) })
	return h, store, db
}

func TestCSS_ComesCompressedWithAnEntityTagOfItsBytes(t *testing.T) {
	text := strings.Repeat(".mosparo__container{color:red}", 300)
	h, _, _ := served(t, css(hashA, text))
	tags := map[string]bool{}
	for accept, encoding := range map[string]string{
		"": "", "gzip": "gzip", "gzip, deflate, br": "br", "br;q=0.5, gzip": "gzip", "br;q=0, *": "gzip",
		"*": "br", "identity": "", "gzip;q=0": "", "gzip;q=nonsense": "", "GZIP": "gzip", "br;q=1.0, gzip;q=0.8": "br",
		"identity, gzip;q=0.5": "", "gzip, identity": "gzip", "identity;q=0.5, br;q=0.5": "br", "*;q=0": "", "identity;q=0, gzip;q=0.001": "gzip",
	} {
		headers := map[string]string{"Accept-Encoding": accept}
		res := do(h, "GET "+path(hashA), headers)
		require.Equal(t, 200, res.StatusCode)
		require.Equal(t, encoding, res.Header.Get("Content-Encoding"), accept)
		require.Equal(t, "Accept-Encoding", res.Header.Get("Vary"))
		sent := bodyOf(t, res)
		require.Equal(t, fmt.Sprint(len(sent)), res.Header.Get("Content-Length"))
		var plain io.Reader = strings.NewReader(sent)
		switch encoding {
		case "gzip":
			z, err := gzip.NewReader(plain)
			require.NoError(t, err)
			plain = z
		case "br":
			plain = brotli.NewReader(plain)
		}
		b, err := io.ReadAll(plain)
		require.NoError(t, err)
		require.Equal(t, text, string(b))
		if encoding != "" {
			require.Less(t, len(sent), len(text)/10)
		}
		tag := res.Header.Get("Etag")
		tags[tag] = true

		head := do(h, "HEAD "+path(hashA), headers)
		require.Empty(t, bodyOf(t, head))
		require.Equal(t, res.Header, head.Header)
		for _, match := range []string{tag, "W/" + tag, `"other", ` + tag, "*"} {
			headers["If-None-Match"] = match
			res := do(h, "GET "+path(hashA), headers)
			require.Equal(t, 304, res.StatusCode, match)
			require.Equal(t, tag, res.Header.Get("Etag"))
			require.Equal(t, "max-age=31536000, public", res.Header.Get("Cache-Control"))
			require.Empty(t, bodyOf(t, res))
		}
		headers["If-None-Match"] = `"other"`
		require.Equal(t, 200, do(h, "GET "+path(hashA), headers).StatusCode)
	}
	require.Len(t, tags, 3, "each encoding is a representation of its own")
}

func TestCSS_InRanges(t *testing.T) {
	h, _, _ := served(t, css(hashA, "0123456789"))
	tag := do(h, "GET "+path(hashA), nil).Header.Get("Etag")
	for _, c := range []struct {
		headers map[string]string
		status  int
		body    string
	}{
		{map[string]string{"Range": "bytes=2-4"}, 206, "234"},
		{map[string]string{"Range": "bytes=-3", "Accept-Encoding": "br"}, 206, "789"},
		{map[string]string{"Range": "bytes=2-4", "If-Range": tag}, 206, "234"},
		{map[string]string{"Range": "bytes=2-4", "If-Range": `"other"`}, 200, "0123456789"},
		{map[string]string{"Range": "bytes=2-4", "If-None-Match": tag}, 304, ""},
		{map[string]string{"Range": "bytes=20-"}, 416, "invalid range: failed to overlap\n"},
	} {
		res := do(h, "GET "+path(hashA), c.headers)
		require.Equal(t, c.status, res.StatusCode, c.headers)
		require.Equal(t, c.body, bodyOf(t, res), c.headers)
		require.Empty(t, res.Header.Get("Content-Encoding"))
	}
}

func TestCSS_AnAnswerThatIsNoCSSIsNotKept(t *testing.T) {
	h, _, _ := served(t, css(hashA, "0123456789"))
	tag := do(h, "GET "+path(hashA), nil).Header.Get("Etag")
	for status, headers := range map[int]map[string]string{
		412: {"Range": "bytes=0-1", "If-Match": `"other"`},
		416: {"Range": "bytes=20-"},
	} {
		res := do(h, "GET "+path(hashA), headers)
		require.Equal(t, status, res.StatusCode)
		require.NotContains(t, res.Header.Get("Cache-Control"), "max-age")
	}
	require.Equal(t, 206, do(h, "GET "+path(hashA), map[string]string{"Range": "bytes=0-1", "If-Match": tag}).StatusCode)
}

func TestCSS_RangesCountForGETAndBytesOnly(t *testing.T) {
	text := strings.Repeat(".mosparo__container{color:red}", 300)
	h, _, _ := served(t, css(hashA, text))
	for request, unit := range map[string]string{"HEAD ": "bytes=2-4", "POST ": "bytes=2-4", "GET ": "lines=2-4"} {
		headers := map[string]string{"Accept-Encoding": "gzip"}
		without := do(h, request+path(hashA), headers)
		headers["Range"] = unit
		with := do(h, request+path(hashA), headers)
		require.Equal(t, 200, with.StatusCode, request+unit)
		require.Equal(t, without.Header, with.Header, request+unit)
		require.Equal(t, bodyOf(t, without), bodyOf(t, with))
	}
}

// follow goes where a browser would, and fails on a redirect to where it has
// been.
func follow(t *testing.T, h http.Handler, path string) *http.Response {
	t.Helper()
	been := map[string]bool{}
	for {
		require.False(t, been[path], "an endless redirect")
		been[path] = true
		res := do(h, "GET "+path, nil)
		if res.StatusCode != http.StatusTemporaryRedirect {
			return res
		}
		path = strings.TrimPrefix(res.Header.Get("Location"), "http://mosparo.example.com")
		if path == csshttp.DefaultBase {
			return res
		}
	}
}

func TestRedirects_EndWhateverIsStored(t *testing.T) {
	hashes := []cssstore.Hash{{}, hashA, hashB}
	for _, mode := range []csshttp.Mode{csshttp.SharedCache, csshttp.Files} {
		for _, inDatabase := range hashes {
			for _, inStore := range hashes {
				for _, generates := range []bool{false, true} {
					store := cssstoretest.NewFake()
					if !inStore.IsZero() {
						require.NoError(t, store.Put(t.Context(), css(inStore, "x")))
					}
					opts := []csshttp.Option{csshttp.WithMode(mode)}
					if generates {
						opts = append(opts, csshttp.WithGenerator(&maker{Resource: css(hashA, "made"), store: store}))
					}
					h := csshttp.New(store, projectList{{UUID: project, Hash: inDatabase}}, opts...)
					for _, p := range []string{
						"/resources/" + project.String() + ".css", path(hashA), path(hashB), "/resources/" + project.String() + "/url.css",
					} {
						res := follow(t, h, p)
						if generates || mode == csshttp.SharedCache && !inStore.IsZero() {
							require.Equal(t, 200, res.StatusCode, "mode %d, database %v, store %v, %s", mode, inDatabase, inStore, p)
						}
					}
					require.NoError(t, h.Close())
				}
			}
		}
	}
}

func TestProjects_AreReadOnceASecondAtMost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h, store, db := served(t, css(hashA, "x"))
		begin := time.Now()
		for time.Since(begin) < 10*time.Second {
			for i := range 20 {
				id := cssstore.UUID{0xee, byte(i)}
				require.Equal(t, 404, do(h, "GET /resources/"+id.String()+".css", nil).StatusCode)
				require.Equal(t, 404, do(h, "GET /resources/"+id.String()+"/"+hashA.String()+".css", nil).StatusCode)
				require.Equal(t, 404, do(h, "GET /resources/"+id.String()+"/url", nil).StatusCode)
			}
			require.Equal(t, 200, do(h, "GET "+path(hashA), nil).StatusCode)
			time.Sleep(50 * time.Millisecond)
			synctest.Wait()
		}
		require.LessOrEqual(t, db.count(), 11)
		require.GreaterOrEqual(t, db.count(), 9)
		require.Equal(t, 1, store.Calls("get"), "what is no project costs no look-up")
	})
}

func TestProject_AppearsAndIsGoneWithinSeconds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h, _, db := served(t, css(hashA, "x"))
		db.set(nil)
		require.Equal(t, 404, do(h, "GET "+path(hashA), nil).StatusCode)
		db.set(nil, known)
		time.Sleep(time.Second)
		require.Equal(t, 200, do(h, "GET "+path(hashA), nil).StatusCode, "a new project")
		db.set(nil)
		time.Sleep(time.Second)
		do(h, "GET "+path(hashA), nil) // looks again, meanwhile it is served
		synctest.Wait()
		require.Equal(t, 404, do(h, "GET "+path(hashA), nil).StatusCode, "its entries are still in the cache")

		db.set(nil, known)
		time.Sleep(time.Second)
		require.Equal(t, 200, do(h, "GET "+path(hashA), nil).StatusCode)
		db.set(nil)
		time.Sleep(time.Hour)
		require.Equal(t, 404, do(h, "GET "+path(hashA), nil).StatusCode, "an old list is not trusted")
	})
}

func TestProjects_TheDatabaseMayBeDown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h, _, db := served(t, css(hashA, "x"))
		db.set(errors.New("gone"))
		res := do(h, "GET "+path(hashA), nil)
		require.Equal(t, 503, res.StatusCode, "whether the project is there is not known")
		require.Equal(t, "1", res.Header.Get("Retry-After"))
		db.set(nil, known)
		time.Sleep(time.Second)
		require.Equal(t, 200, do(h, "GET "+path(hashA), nil).StatusCode)
		db.set(errors.New("gone again"))
		time.Sleep(time.Hour)
		require.Equal(t, 200, do(h, "GET "+path(hashA), nil).StatusCode, "the last list counts")
	})
}

func TestWrongHashes_CostNothing(t *testing.T) {
	for _, mode := range []csshttp.Mode{csshttp.SharedCache, csshttp.Files} {
		synctest.Test(t, func(t *testing.T) {
			store := cssstoretest.NewFake()
			require.NoError(t, store.Put(t.Context(), css(hashA, "x")))
			m := &maker{Resource: css(hashA, "made"), store: store}
			h := csshttp.New(store, projectList{known}, csshttp.WithMode(mode), csshttp.WithGenerator(m))
			defer h.Close()
			for i := range 5000 {
				res := do(h, "GET "+path(cssstore.Hash{1, byte(i >> 8), byte(i)}), nil)
				require.Equal(t, 307, res.StatusCode)
				require.Equal(t, "http://mosparo.example.com"+path(hashA), res.Header.Get("Location"))
			}
			require.Zero(t, m.calls)
			require.Equal(t, 1, store.Calls("put"))
			require.LessOrEqual(t, store.Calls("get"), 101)
			require.Equal(t, 200, do(h, "GET "+path(hashA), nil).StatusCode)
		})
	}
}

func TestMemory_AsksOnceForManyAndAgainInTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h, store, _ := served(t, css(hashA, "first"))
		get := func() string { return bodyOf(t, do(h, "GET "+path(hashA), nil)) }
		store.Delay(time.Second)
		var wg sync.WaitGroup
		for range 50 {
			wg.Go(func() { require.Equal(t, "first", get()) })
		}
		wg.Wait()
		require.Equal(t, 1, store.Calls("get"))

		require.NoError(t, store.Put(t.Context(), css(hashA, "new bytes, same hash")))
		begin := time.Now()
		var slowest time.Duration
		for get() == "first" {
			require.LessOrEqual(t, time.Since(begin), csshttp.MaxRecheck+time.Second)
			time.Sleep(time.Second)
			asked := time.Now()
			get()
			slowest = max(slowest, time.Since(asked))
		}
		require.Zero(t, slowest, "it goes on serving while it looks")
		require.Equal(t, 2, store.Calls("get"))

		require.NoError(t, store.Put(t.Context(), css(hashA, "third")))
		time.Sleep(csshttp.MaxRecheck)
		require.Equal(t, "third", get(), "nobody asked for a while: an old version is not given out")
	})
}

func TestMemory_ServesTheLastGoodVersionWhenTheStoreFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h, store, _ := served(t, css(hashA, "good"))
		require.Equal(t, "max-age=31536000, public", do(h, "GET "+path(hashA), nil).Header.Get("Cache-Control"))
		for err, detail := range map[error]string{
			errors.New("connection refused"): "STORE_UNAVAILABLE", cssstore.ErrNotFound: "STORE_MISS", cssstore.ErrUnsettled: "STORE_UNSETTLED",
		} {
			store.Fail(err)
			time.Sleep(time.Minute)
			before := store.Calls("get")
			for range 100 {
				res := do(h, "GET "+path(hashA), nil)
				require.Equal(t, "good", bodyOf(t, res))
				require.Equal(t, "mosparo-go; hit; detail="+detail, res.Header.Get("Cache-Status"))
				require.Equal(t, "max-age=60, public", res.Header.Get("Cache-Control"))
			}
			require.Equal(t, before+1, store.Calls("get"), "a store that is down is not flooded")
			store.Fail(nil)
			time.Sleep(2 * time.Second)
			do(h, "GET "+path(hashA), nil)
			synctest.Wait()
			require.Empty(t, do(h, "GET "+path(hashA), nil).Header.Get("Cache-Status"))
		}
		store.Fail(errors.New("connection refused"))
		fresh := csshttp.New(store, projectList{known})
		defer fresh.Close()
		res := do(fresh, "GET "+path(hashA), nil)
		require.Equal(t, csshttp.DefaultBase, res.Header.Get("Location"), "better the base CSS than none")
		require.Equal(t, "mosparo-go; detail=STORE_UNAVAILABLE", res.Header.Get("Cache-Status"))
	})
}

func TestCSS_OfAPairThatIsNotSettledIsKeptForAMinute(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h, store, _ := served(t)
		store.PutAsPHP(css(hashA, "half of two writes?"))
		require.Equal(t, "max-age=60, public", do(h, "GET "+path(hashA), nil).Header.Get("Cache-Control"))
		time.Sleep(cssstore.SettleTime)
		do(h, "GET "+path(hashA), nil)
		synctest.Wait()
		require.Equal(t, "max-age=31536000, public", do(h, "GET "+path(hashA), nil).Header.Get("Cache-Control"))
		require.Equal(t, 2, store.Calls("get"))
	})
}

func TestFiles_EarlierVersionsAreServedAsLongAsTheyAreThere(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := cssstoretest.NewFake()
		require.NoError(t, store.Put(t.Context(), css(hashB, "earlier")))
		require.NoError(t, store.Put(t.Context(), css(hashA, "current")))
		h := csshttp.New(store, projectList{known}, csshttp.WithMode(csshttp.Files))
		defer h.Close()
		require.Equal(t, "earlier", bodyOf(t, do(h, "GET "+path(hashB), nil)))
		require.Equal(t, "current", bodyOf(t, do(h, "GET "+path(hashA), nil)))
		store.Forget()
		time.Sleep(csshttp.DefaultFilesRecheck)
		require.Equal(t, "http://mosparo.example.com"+path(hashA), do(h, "GET "+path(hashB), nil).Header.Get("Location"))
	})
}

func TestMemory_IsBounded(t *testing.T) {
	store, db := cssstoretest.NewFake(), &database{}
	for i := range 40 {
		p := cssstore.Project{UUID: cssstore.UUID{byte(i)}, Hash: hashA}
		db.list = append(db.list, p)
		require.NoError(t, store.Put(t.Context(), cssstore.Resource{Project: p.UUID, Hash: hashA, CSS: make([]byte, 10_000)}))
	}
	const limit = 100_000
	h := csshttp.New(store, db, csshttp.WithMemory(limit))
	defer h.Close()
	for range 2 {
		for _, p := range db.list {
			res := do(h, "GET /resources/"+p.UUID.String()+"/"+hashA.String()+".css", nil)
			require.Equal(t, 200, res.StatusCode)
			require.Len(t, bodyOf(t, res), 10_000)
			require.LessOrEqual(t, h.MemoryInUse(), limit)
		}
	}
	require.Greater(t, h.MemoryInUse(), limit/2)
	tiny := csshttp.New(store, db, csshttp.WithMemory(1))
	defer tiny.Close()
	require.Equal(t, 200, do(tiny, "GET /resources/"+db.list[0].UUID.String()+"/"+hashA.String()+".css", nil).StatusCode)
	require.Zero(t, tiny.MemoryInUse())
}

func TestOrigin_FollowsTrustedProxiesOnly(t *testing.T) {
	h := csshttp.New(cssstoretest.NewFake(), projectList{known}, csshttp.WithTrustedProxies(netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("fe80::/10")))
	defer h.Close()
	for name, c := range map[string]struct {
		peer, host string
		tls        bool
		forwarded  [4]string // proto, host, port, prefix
		want       string    // "" is 400
	}{
		"direct":                    {"198.51.100.1:1", "A.example", false, [4]string{}, "http://a.example"},
		"direct with a port":        {"198.51.100.1:1", "a.example:8080", false, [4]string{}, "http://a.example:8080"},
		"direct with TLS":           {"198.51.100.1:1", "a.example:443", true, [4]string{}, "https://a.example"},
		"IPv6":                      {"198.51.100.1:1", "[2001:db8::1]:8080", false, [4]string{}, "http://[2001:db8::1]:8080"},
		"a stranger who forges all": {"198.51.100.1:1", "a.example", false, [4]string{"https", "evil.example", "1", "/evil"}, "http://a.example"},
		"no address":                {"@", "a.example", false, [4]string{"https", "evil.example", "1", "/evil"}, "http://a.example"},
		"through the proxy":         {"10.0.0.1:1", "in", false, [4]string{"https", "a.example", "", "/spam/"}, "https://a.example/spam"},
		"IPv4 in IPv6":              {"[::ffff:10.0.0.1]:1", "in", false, [4]string{"https", "a.example", "", ""}, "https://a.example"},
		"a neighbour with a zone":   {"[fe80::1%eth0]:1", "in", false, [4]string{"https", "a.example", "", ""}, "https://a.example"},
		"a stranger in IPv6":        {"[2001:db8::1]:1", "a.example", false, [4]string{"https", "evil.example", "", ""}, "http://a.example"},
		"its port":                  {"10.0.0.1:1", "in", false, [4]string{"https", "a.example", "8443", ""}, "https://a.example:8443"},
		"its port in the host":      {"10.0.0.1:1", "in", false, [4]string{"https", "a.example:8443", "", ""}, "https://a.example:8443"},
		"its usual port":            {"10.0.0.1:1", "in:8080", false, [4]string{"https", "", "443", ""}, "https://in"},
		"TLS ends behind it":        {"10.0.0.1:1", "in", true, [4]string{"http", "", "", ""}, "http://in"},
		"the first of several":      {"10.0.0.1:1", "in", false, [4]string{"https, http", "a.example, b.example", "", "/x, /y"}, "https://a.example/x"},
		"nonsense":                  {"10.0.0.1:1", "in", false, [4]string{"gopher", "", "port", "//evil.example"}, "http://in"},
		"prefix with dots":          {"10.0.0.1:1", "in", false, [4]string{"", "", "", "/../x"}, "http://in"},
		"prefix that is a script":   {"10.0.0.1:1", "in", false, [4]string{"", "", "", `/"><script>`}, "http://in"},
		"host that is a path":       {"10.0.0.1:1", "in", false, [4]string{"", "a.example/evil", "", ""}, ""},
		"host with two dots":        {"198.51.100.1:1", "a..example", false, [4]string{}, ""},
		"host with a user":          {"198.51.100.1:1", "user@a.example", false, [4]string{}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			r := httptest.NewRequest(http.MethodGet, "/resources/"+project.String()+".css", nil)
			r.Host, r.RemoteAddr = c.host, c.peer
			if c.tls {
				r.TLS = &tls.ConnectionState{}
			}
			for i, name := range []string{"Proto", "Host", "Port", "Prefix"} {
				if c.forwarded[i] != "" {
					r.Header.Set("X-Forwarded-"+name, c.forwarded[i])
				}
			}
			w := httptest.NewRecorder()
			h.ServeHTTP(w, r)
			if c.want == "" {
				require.Equal(t, 400, w.Code)
				return
			}
			require.Equal(t, c.want+path(hashA), w.Result().Header.Get("Location"))
		})
	}
}

func TestOrigin_TakesTheHeaderThatReplacesXForwardedProto(t *testing.T) {
	h := csshttp.New(cssstoretest.NewFake(), projectList{known}, csshttp.WithForwardedProto("CloudFront-Forwarded-Proto"),
		csshttp.WithTrustedProxies(netip.MustParsePrefix("10.0.0.0/8")))
	defer h.Close()
	for _, c := range []struct{ peer, proto, replaced, want string }{
		{"10.0.0.1:1", "http", "https", "https"},
		{"10.0.0.1:1", "https", "", "https"},
		{"198.51.100.1:1", "", "https", "http"},
	} {
		r := httptest.NewRequest(http.MethodGet, "/resources/"+project.String()+".css", nil)
		r.RemoteAddr, r.Host = c.peer, "a.example"
		r.Header.Set("X-Forwarded-Proto", c.proto)
		r.Header.Set("CloudFront-Forwarded-Proto", c.replaced)
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		require.Equal(t, c.want+"://a.example"+path(hashA), w.Result().Header.Get("Location"), c)
	}
}

func TestGenerator_IsAskedForWhatIsMissingAndNotMoreOftenThanEveryTenSeconds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store, g := cssstoretest.NewFake(), &failing{}
		h := csshttp.New(store, projectList{known}, csshttp.WithGenerator(g))
		defer h.Close()
		begin := time.Now()
		for time.Since(begin) < time.Minute {
			require.Equal(t, csshttp.DefaultBase, do(h, "GET "+path(hashA), nil).Header.Get("Location"))
			time.Sleep(100 * time.Millisecond)
		}
		require.LessOrEqual(t, g.calls.Load(), int64(7))
		require.GreaterOrEqual(t, g.calls.Load(), int64(5))
	})
}

func TestFiles_WhatWasPreparedIsFoundAlthoughTheDatabaseHasAnotherHash(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := cssstoretest.NewFake()
		g := &maker{Resource: css(hashB, "made"), store: store}
		h := csshttp.New(store, projectList{known}, csshttp.WithMode(csshttp.Files), csshttp.WithGenerator(g))
		defer h.Close()
		for range 300 {
			for _, p := range []string{path(hashA), "/resources/" + project.String() + ".css"} {
				require.Equal(t, "http://mosparo.example.com"+path(hashB), do(h, "GET "+p, nil).Header.Get("Location"))
			}
			require.Equal(t, "made", bodyOf(t, do(h, "GET "+path(hashB), nil)))
			time.Sleep(200*time.Millisecond + 1)
		}
		require.LessOrEqual(t, g.calls, 7)
	})
}

func TestWithoutGenerator_NothingIsWritten(t *testing.T) {
	for _, mode := range []csshttp.Mode{csshttp.SharedCache, csshttp.Files} {
		for _, stored := range []cssstore.Hash{{}, hashA, hashB} {
			synctest.Test(t, func(t *testing.T) {
				a := cachetest.NewFake()
				store := cssstore.NewCached(cache.NewPool(a), nil)
				if !stored.IsZero() {
					require.NoError(t, store.Put(t.Context(), css(stored, "x")))
				}
				before := a.Requests("set")
				h := csshttp.New(store, projectList{known}, csshttp.WithMode(mode))
				defer h.Close()
				for range 100 {
					for _, p := range []string{path(hashA), path(hashB), "/resources/" + project.String() + ".css", "/resources/" + project.String() + "/url"} {
						do(h, "GET "+p, nil)
						do(h, "POST "+p, nil)
					}
					time.Sleep(time.Second)
				}
				require.Equal(t, before, a.Requests("set"))
				require.Zero(t, a.Requests("delete"))
			})
		}
	}
}

type failing struct{ calls atomic.Int64 }

func (f *failing) Generate(context.Context, cssstore.Project) (cssstore.Resource, error) {
	f.calls.Add(1)
	return cssstore.Resource{}, errors.New("no base css")
}

func (*failing) Outdated(cssstore.Resource) bool { return false }

func TestClose_EndsWhatRunsAndAnswers503(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h, store, _ := served(t, css(hashA, "x"))
		store.Delay(time.Hour)
		var status int
		var wg sync.WaitGroup
		wg.Go(func() { status = do(h, "GET "+path(hashA), nil).StatusCode })
		synctest.Wait()
		begin := time.Now()
		require.NoError(t, h.Close())
		wg.Wait()
		require.Zero(t, time.Since(begin))
		require.Equal(t, 307, status)
		require.Equal(t, 503, do(h, "GET "+path(hashA), nil).StatusCode)
		require.NoError(t, h.Close())
	})
}

// counter is a ResponseWriter that keeps nothing.
type counter struct {
	header http.Header
	n      int
}

func (c *counter) Header() http.Header         { return c.header }
func (c *counter) WriteHeader(int)             {}
func (c *counter) Write(b []byte) (int, error) { c.n += len(b); return len(b), nil }

func TestCSS_FromMemoryAllocatesNothing(t *testing.T) {
	h, _, _ := served(t, css(hashA, strings.Repeat("a{}", 3000)))
	hit := httptest.NewRequest(http.MethodGet, path(hashA), nil)
	hit.Header.Set("Accept-Encoding", "gzip, deflate, br, zstd")
	first := httptest.NewRecorder()
	h.ServeHTTP(first, hit)
	unchanged := hit.Clone(t.Context())
	unchanged.Header.Set("If-None-Match", first.Header().Get("Etag"))
	for _, r := range []*http.Request{hit, unchanged} {
		w := &counter{header: http.Header{}}
		h.ServeHTTP(w, r) // makes the map grow
		allocs := testing.AllocsPerRun(200, func() { h.ServeHTTP(w, r) })
		require.Less(t, allocs, 1.0)
	}
}

func FuzzPaths(f *testing.F) {
	for _, p := range []string{
		"/resources/" + project.String() + ".css", path(hashA), "/resources/x/url", "/resources/logo.svg/", "/resources/../../etc/passwd",
		"/resources/%2e%2e/x.css", "/resources/a\x00b.css", "//evil.example/resources/x.css/", "/resources/" + strings.ToUpper(project.String()) + ".css",
	} {
		f.Add(p)
	}
	store := &onlyKnown{Fake: cssstoretest.NewFake()}
	if err := store.Put(f.Context(), css(hashA, "x")); err != nil {
		f.Fatal(err)
	}
	var handlers []*csshttp.Handler
	for _, mode := range []csshttp.Mode{csshttp.SharedCache, csshttp.Files} {
		h := csshttp.New(store, projectList{known}, csshttp.WithMode(mode), csshttp.WithPublic(fstest.MapFS{}))
		f.Cleanup(func() { _ = h.Close() })
		handlers = append(handlers, h)
	}
	f.Fuzz(func(t *testing.T, p string) {
		for _, h := range handlers {
			r := httptest.NewRequest(http.MethodGet, "/", nil)
			r.URL.Path, r.Host = p, "a.example"
			w := httptest.NewRecorder()
			h.ServeHTTP(w, r)
			switch w.Code {
			case 200, 404:
			case 301, 307:
				to := w.Result().Header.Get("Location")
				require.True(t, strings.HasPrefix(to, "http://a.example/resources/") || to == csshttp.DefaultBase, to)
				_, err := url.Parse(to)
				require.NoError(t, err)
				require.False(t, strings.ContainsAny(w.Body.String(), "\x00\r'"), "unescaped")
			default:
				t.Fatalf("status %d", w.Code)
			}
		}
		require.Zero(t, store.strangers.Load(), "asked the store for what is no project")
	})
}

// onlyKnown counts questions for anything but the known project.
type onlyKnown struct {
	*cssstoretest.Fake
	strangers atomic.Int64
}

func (s *onlyKnown) Get(ctx context.Context, id cssstore.UUID) (cssstore.Resource, error) {
	if id != project {
		s.strangers.Add(1)
	}
	return s.Fake.Get(ctx, id)
}

func (s *onlyKnown) Version(ctx context.Context, id cssstore.UUID, h cssstore.Hash) (cssstore.Resource, error) {
	if id != project {
		s.strangers.Add(1)
	}
	return s.Fake.Version(ctx, id, h)
}
