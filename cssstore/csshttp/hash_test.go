package csshttp_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/mosparo/go-cluster/cssstore"
	"github.com/mosparo/go-cluster/cssstore/csshttp"
	"github.com/mosparo/go-cluster/cssstore/cssstoretest"
)

func TestNewDesign_ShowsWithinTwoSeconds(t *testing.T) {
	for _, mode := range []csshttp.Mode{csshttp.ModeSharedCache, csshttp.ModeFiles} {
		for _, from := range []string{"/resources/" + project.String() + ".css", path(hashA)} {
			for _, pause := range []time.Duration{50 * time.Millisecond, 700 * time.Millisecond, time.Hour} {
				synctest.Test(t, func(t *testing.T) {
					store, db := cssstoretest.NewFake(), &database{list: []cssstore.Project{known}}
					require.NoError(t, store.Put(t.Context(), css(hashA, "old")))
					h := csshttp.New(store, db, csshttp.WithMode(mode))
					defer h.Close()
					require.Equal(t, "old", bodyOf(t, follow(t, h, from)))
					time.Sleep(5*time.Second + 1)
					require.Equal(t, "old", bodyOf(t, follow(t, h, from)))
					saved := time.Now()
					store.PutAsPHP(css(hashB, "new"))
					store.Forget() // PHP keeps no earlier file
					db.set(nil, cssstore.Project{UUID: project, Hash: hashB})
					time.Sleep(pause)
					for bodyOf(t, follow(t, h, from)) != "new" {
						require.Less(t, time.Since(saved), 2*time.Second)
						time.Sleep(pause)
					}
				})
			}
		}
	}
}

// old is a node that knows the old design, and is about to learn of a new one.
func old(t *testing.T, opts ...csshttp.Option) (*csshttp.Handler, *cssstoretest.Fake, *database) {
	t.Helper()
	store, db := cssstoretest.NewFake(), &database{list: []cssstore.Project{known}}
	require.NoError(t, store.Put(t.Context(), css(hashA, "old")))
	h := csshttp.New(store, db, opts...)
	t.Cleanup(func() { require.NoError(t, h.Close()) })
	require.Equal(t, "old", bodyOf(t, do(h, "GET "+path(hashA), nil)))
	return h, store, db
}

func TestNewHash_OfTheDatabaseIsNotRedirectedToAnOlderOne(t *testing.T) {
	named := cssstore.Project{UUID: project, Hash: hashB}
	for name, change := range map[string]func(*cssstoretest.Fake, *database){
		"the store is down":               func(s *cssstoretest.Fake, d *database) { s.Fail(errors.New("refused")); d.set(nil, named) },
		"the store hangs":                 func(s *cssstoretest.Fake, d *database) { s.Delay(time.Hour); d.set(nil, named) },
		"the store has not got it":        func(_ *cssstoretest.Fake, d *database) { d.set(nil, named) },
		"the store is changing":           func(s *cssstoretest.Fake, d *database) { s.Fail(cssstore.ErrUnsettled); d.set(nil, named) },
		"the database is down":            func(_ *cssstoretest.Fake, d *database) { d.set(errors.New("gone")) },
		"the database and store are down": func(s *cssstoretest.Fake, d *database) { s.Fail(errors.New("refused")); d.set(errors.New("gone")) },
	} {
		for _, mode := range []csshttp.Mode{csshttp.ModeSharedCache, csshttp.ModeFiles} {
			t.Run(name, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					h, store, db := old(t, csshttp.WithMode(mode))
					change(store, db)
					time.Sleep(2 * time.Millisecond) // in one moment all are taken to know the same
					for range 20 {
						begin := time.Now()
						res := do(h, "GET "+path(hashB), nil)
						require.Equal(t, 200, res.StatusCode)
						require.Equal(t, "old", bodyOf(t, res))
						require.Equal(t, "no-store", res.Header.Get("Cache-Control"))
						require.Contains(t, res.Header.Get("Cache-Status"), "mosparo-go; hit; detail=")
						require.LessOrEqual(t, time.Since(begin), 2*time.Second)
						time.Sleep(300 * time.Millisecond)
					}
					res := do(h, "GET "+path(hashA), nil)
					require.Equal(t, "old", bodyOf(t, res), "its own hash goes on")
				})
			})
		}
	}
}

// Nodes whose folders are copied to one another, and whose lists differ for a
// moment, are asked in turn.
func TestFiles_NoVisitGoesInCirclesWhileFoldersDiffer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var nodes []http.Handler
		var stores []*cssstoretest.Fake
		db := &database{list: []cssstore.Project{known}}
		for range 2 {
			store := cssstoretest.NewFake()
			require.NoError(t, store.Put(t.Context(), css(hashA, "old")))
			h := csshttp.New(store, db, csshttp.WithMode(csshttp.ModeFiles))
			defer h.Close()
			require.Equal(t, "old", bodyOf(t, do(h, "GET "+path(hashA), nil)))
			nodes, stores = append(nodes, h), append(stores, store)
		}
		time.Sleep(2 * time.Millisecond)
		stores[0].PutAsPHP(css(hashB, "new"))
		stores[0].Forget()
		db.set(nil, cssstore.Project{UUID: project, Hash: hashB})
		for begin := time.Now(); time.Since(begin) < 5*time.Second; time.Sleep(50 * time.Millisecond) {
			for first := range nodes {
				for _, p := range []string{path(hashA), path(hashB), "/resources/" + project.String() + ".css"} {
					i := first
					hops := 0
					for ; ; hops++ {
						require.Less(t, hops, 4, "a circle from %s", p)
						res := do(nodes[i%len(nodes)], "GET "+p, nil)
						if i++; res.StatusCode == 200 {
							break
						}
						p = strings.TrimPrefix(res.Header.Get("Location"), "http://mosparo.example.com")
						require.NotEqual(t, csshttp.DefaultBaseCSS, p, "the folder has a file")
					}
				}
			}
		}
	})
}

// A network that is split: each side has a database and a store of its own, which
// agree, and the balancer reaches both.
func TestSplit_NoVisitGoesInCircles(t *testing.T) {
	for _, mode := range []csshttp.Mode{csshttp.ModeSharedCache, csshttp.ModeFiles} {
		synctest.Test(t, func(t *testing.T) {
			var nodes []http.Handler
			for _, hash := range []cssstore.Hash{hashA, hashB, hashA} {
				store := cssstoretest.NewFake()
				require.NoError(t, store.Put(t.Context(), css(hash, "css")))
				h := csshttp.New(store, &database{list: []cssstore.Project{{UUID: project, Hash: hash}}}, csshttp.WithMode(mode))
				defer h.Close()
				nodes = append(nodes, h)
			}
			longest := 0
			for begin := time.Now(); time.Since(begin) < 30*time.Second; time.Sleep(100 * time.Millisecond) {
				for first := range nodes {
					p := path(hashA)
					for hops := 0; ; hops++ {
						require.Less(t, hops, 20, "browsers give up")
						res := do(nodes[(first+hops)%len(nodes)], "GET "+p, nil)
						if res.StatusCode == 200 {
							longest = max(longest, hops)
							break
						}
						p = strings.TrimPrefix(res.Header.Get("Location"), "http://mosparo.example.com")
						time.Sleep(2 * time.Millisecond)
					}
				}
			}
			require.Positive(t, longest, "the nodes differ")
		})
	}
}

func TestFiles_ASavedDesignIsNeverTheBaseCSS(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h, store, db := old(t, csshttp.WithMode(csshttp.ModeFiles))
		seen := map[string]bool{}
		for i := range 400 { // PHP saves the hash after it has removed the earlier file
			switch i {
			case 100:
				store.PutAsPHP(css(hashB, "new"))
				store.Forget()
			case 140:
				db.set(nil, cssstore.Project{UUID: project, Hash: hashB})
			}
			for _, p := range []string{"/resources/" + project.String() + ".css", path(hashA), path(hashB)} {
				res := follow(t, h, p)
				require.Equal(t, 200, res.StatusCode, "%s leads to %s", p, res.Header.Get("Location"))
				seen[bodyOf(t, res)] = true
			}
			res := do(h, "GET /resources/"+project.String()+"/url", nil)
			require.NotContains(t, bodyOf(t, res), csshttp.DefaultBaseCSS)
			time.Sleep(10 * time.Millisecond)
		}
		require.Len(t, seen, 2)
	})
}

func TestCSS_NewBytesOfTheSameHashAreNotMissedForAYear(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h, store, _ := old(t)
		time.Sleep(5 * time.Second)
		do(h, "GET "+path(hashA), nil)
		store.PutAsPHP(css(hashA, "new bytes after an update"))
		store.Delay(700 * time.Millisecond) // such as that of a store that looks twice
		updated, years := time.Now(), 0
		for {
			res := do(h, "GET "+path(hashA), nil)
			if bodyOf(t, res) != "old" {
				break
			}
			require.Less(t, time.Since(updated), 3*time.Second)
			if strings.Contains(res.Header.Get("Cache-Control"), "31536000") {
				years++
				require.Less(t, time.Since(updated), csshttp.DefaultRecheck)
			}
			time.Sleep(10 * time.Millisecond)
		}
		require.Positive(t, years, "before anything could be known")
		store.Delay(0)
		time.Sleep(time.Second)
		do(h, "GET "+path(hashA), nil)
		synctest.Wait()
		require.Contains(t, do(h, "GET "+path(hashA), nil).Header.Get("Cache-Control"), "31536000")
	})
}

// A wrong hash costs a look at the database ten times a second at most.
func TestWrongHashes_AskTheDatabaseTenTimesASecond(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h, store, db := old(t)
		reads, gets := db.count(), store.Calls("get")
		for i := range 1000 {
			res := do(h, "GET "+path(cssstore.Hash{1, byte(i >> 8), byte(i)}), nil)
			if res.StatusCode == 200 {
				require.Equal(t, "no-store", res.Header.Get("Cache-Control"))
			} else {
				require.Equal(t, "http://mosparo.example.com"+path(hashA), res.Header.Get("Location"))
			}
			time.Sleep(5 * time.Millisecond)
		}
		require.LessOrEqual(t, db.count()-reads, 51)
		require.LessOrEqual(t, store.Calls("get")-gets, 51)
	})
}
