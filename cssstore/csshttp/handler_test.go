package csshttp_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/fstest"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/mosparo/go-cluster/cache"
	"github.com/mosparo/go-cluster/cache/cachetest"
	"github.com/mosparo/go-cluster/cssstore"
	"github.com/mosparo/go-cluster/cssstore/cachestore"
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
		if path == csshttp.DefaultBaseCSS {
			return res
		}
	}
}

func TestRedirects_EndWhateverIsStored(t *testing.T) {
	hashes := []cssstore.Hash{{}, hashA, hashB}
	for _, mode := range []csshttp.Mode{csshttp.ModeSharedCache, csshttp.ModeFiles} {
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
						if generates || mode == csshttp.ModeSharedCache && !inStore.IsZero() {
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
			for i := range 5 {
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
		require.LessOrEqual(t, store.Calls("get"), 8, "of the one project; what is no project costs no look-up")
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
	for _, mode := range []csshttp.Mode{csshttp.ModeSharedCache, csshttp.ModeFiles} {
		synctest.Test(t, func(t *testing.T) {
			store := cssstoretest.NewFake()
			require.NoError(t, store.Put(t.Context(), css(hashA, "x")))
			m := &maker{Resource: css(hashA, "made"), store: store}
			h := csshttp.New(store, projectList{known}, csshttp.WithMode(mode), csshttp.WithGenerator(m))
			defer h.Close()
			for i := range 1000 {
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

		store.Delay(500 * time.Millisecond)
		require.NoError(t, store.Put(t.Context(), css(hashA, "new bytes, same hash")))
		begin := time.Now()
		var slowest time.Duration
		for get() == "first" {
			require.LessOrEqual(t, time.Since(begin), csshttp.DefaultRecheck+time.Second)
			time.Sleep(100 * time.Millisecond)
			asked := time.Now()
			get()
			slowest = max(slowest, time.Since(asked))
		}
		require.Zero(t, slowest, "it goes on serving while it looks")
		require.Equal(t, 2, store.Calls("get"))

		require.NoError(t, store.Put(t.Context(), css(hashA, "third")))
		time.Sleep(csshttp.DefaultRecheck)
		require.Equal(t, "third", get(), "after a while without requests the old version is not served")
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
		require.Equal(t, csshttp.DefaultBaseCSS, res.Header.Get("Location"), "better the base CSS than none")
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
		h := csshttp.New(store, projectList{known}, csshttp.WithMode(csshttp.ModeFiles))
		defer h.Close()
		require.Equal(t, "earlier", bodyOf(t, do(h, "GET "+path(hashB), nil)))
		require.Equal(t, "current", bodyOf(t, do(h, "GET "+path(hashA), nil)))
		store.Forget()
		time.Sleep(csshttp.DefaultRecheck)
		require.Equal(t, "http://mosparo.example.com"+path(hashA), do(h, "GET "+path(hashB), nil).Header.Get("Location"))
	})
}

func TestMemory_IsBounded(t *testing.T) {
	store, db := cssstoretest.NewFake(), &database{}
	for i := range 20 {
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

func TestGenerator_IsAskedForWhatIsMissingAndNotMoreOftenThanEveryTenSeconds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store, g := cssstoretest.NewFake(), &failing{}
		h := csshttp.New(store, projectList{known}, csshttp.WithGenerator(g))
		defer h.Close()
		begin := time.Now()
		for time.Since(begin) < time.Minute {
			require.Equal(t, csshttp.DefaultBaseCSS, do(h, "GET "+path(hashA), nil).Header.Get("Location"))
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
		h := csshttp.New(store, projectList{known}, csshttp.WithMode(csshttp.ModeFiles), csshttp.WithGenerator(g))
		defer h.Close()
		for range 300 {
			if res := do(h, "GET "+path(hashA), nil); res.StatusCode == 200 { // led away often enough
				require.Equal(t, "made", bodyOf(t, res))
				require.Equal(t, "no-store", res.Header.Get("Cache-Control"))
			} else {
				require.Equal(t, "http://mosparo.example.com"+path(hashB), res.Header.Get("Location"))
			}
			require.Equal(t, "http://mosparo.example.com"+path(hashB), do(h, "GET /resources/"+project.String()+".css", nil).Header.Get("Location"))
			require.Equal(t, "made", bodyOf(t, do(h, "GET "+path(hashB), nil)))
			time.Sleep(200*time.Millisecond + 1)
		}
		require.LessOrEqual(t, g.calls, 7)
	})
}

func TestWithoutGenerator_NothingIsWritten(t *testing.T) {
	for _, mode := range []csshttp.Mode{csshttp.ModeSharedCache, csshttp.ModeFiles} {
		for _, stored := range []cssstore.Hash{{}, hashA, hashB} {
			synctest.Test(t, func(t *testing.T) {
				a := cachetest.NewFake()
				store := cachestore.New(cache.NewPool(a))
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

func (c *counter) Header() http.Header { return c.header }

func (c *counter) WriteHeader(int) {}

func (c *counter) Write(b []byte) (int, error) { c.n += len(b); return len(b), nil }

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
	for _, mode := range []csshttp.Mode{csshttp.ModeSharedCache, csshttp.ModeFiles} {
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
				require.True(t, strings.HasPrefix(to, "http://a.example/resources/") || to == csshttp.DefaultBaseCSS, to)
				_, err := url.Parse(to)
				require.NoError(t, err)
				require.False(t, strings.ContainsAny(w.Body.String(), "\x00\r'"), "unescaped")
			default:
				t.Fatalf("status %d", w.Code)
			}
		}
		require.Zero(t, store.unknown.Load(), "the store was called for an unknown project")
	})
}

// onlyKnown counts questions for anything but the known project.

type onlyKnown struct {
	*cssstoretest.Fake
	unknown atomic.Int64
}

func (s *onlyKnown) Get(ctx context.Context, id cssstore.UUID) (cssstore.Resource, error) {
	if id != project {
		s.unknown.Add(1)
	}
	return s.Fake.Get(ctx, id)
}

func (s *onlyKnown) Version(ctx context.Context, id cssstore.UUID, h cssstore.Hash) (cssstore.Resource, error) {
	if id != project {
		s.unknown.Add(1)
	}
	return s.Fake.Version(ctx, id, h)
}
