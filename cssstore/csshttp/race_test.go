package csshttp_test

import (
	"compress/gzip"
	"errors"
	"io"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/andybalholm/brotli"
	"github.com/stretchr/testify/require"

	"github.com/mosparo/go-cluster/cssstore"
	"github.com/mosparo/go-cluster/cssstore/csshttp"
	"github.com/mosparo/go-cluster/cssstore/cssstoretest"
)

// decoded is the body of an answer as a client reads it.
func decoded(res *http.Response) (string, error) {
	var r io.Reader = res.Body
	switch res.Header.Get("Content-Encoding") {
	case "gzip":
		z, err := gzip.NewReader(r)
		if err != nil {
			return "", err
		}
		r = z
	case "br":
		r = brotli.NewReader(r)
	}
	b, err := io.ReadAll(r)
	return string(b), err
}

// Versions come and go, projects are deleted, the store fails: a request for a
// hash gets the CSS of that project and hash, is sent elsewhere, or gets another
// version of that project which no cache may keep.
func TestCSS_IsThatOfItsProjectAndHashWhateverHappens(t *testing.T) {
	const projects, versions = 5, 4
	id := func(p int) cssstore.UUID { return cssstore.UUID{7, byte(p)} }
	hash := func(v int) cssstore.Hash { return cssstore.Hash{8, byte(v)} }
	url := func(p, v int) string { return "/resources/" + id(p).String() + "/" + hash(v).String() + ".css" }
	for _, mode := range []csshttp.Mode{csshttp.ModeSharedCache, csshttp.ModeFiles} {
		store, db := cssstoretest.NewFake(), &database{}
		h := csshttp.New(store, db, csshttp.WithMode(mode), csshttp.WithRecheck(time.Millisecond), csshttp.WithMemory(30_000))
		stop := time.Now().Add(500 * time.Millisecond)
		var all sync.WaitGroup
		all.Go(func() {
			for time.Now().Before(stop) {
				var list []cssstore.Project
				for p := range projects {
					v := rand.IntN(versions)
					r := cssstore.Resource{Project: id(p), Hash: hash(v), CSS: []byte(strings.Repeat(url(p, v), 20))}
					if err := store.Put(t.Context(), r); err == nil && rand.IntN(4) > 0 {
						list = append(list, cssstore.Project{UUID: id(p), Hash: hash(v)})
					} else {
						_ = store.Delete(t.Context(), id(p))
					}
				}
				db.set(nil, list...)
				store.Fail([]error{nil, nil, nil, errors.New("down")}[rand.IntN(4)])
				time.Sleep(time.Millisecond)
			}
		})
		for range 8 {
			all.Go(func() {
				for time.Now().Before(stop) {
					p, v := rand.IntN(projects), rand.IntN(versions)
					headers := map[string]string{"Accept-Encoding": []string{"", "gzip", "br", "gzip, br"}[rand.IntN(4)]}
					if rand.IntN(4) == 0 {
						headers["Range"] = "bytes=0-"
					}
					res := do(h, "GET "+url(p, v), headers)
					if res.StatusCode >= 300 {
						continue
					}
					body, err := decoded(res)
					right := body == strings.Repeat(url(p, v), 20)
					if res.Header.Get("Cache-Control") == "no-store" {
						right = strings.HasPrefix(body, "/resources/"+id(p).String())
					}
					if err != nil || !right {
						t.Errorf("%s: %v, %.200q", url(p, v), err, body)
					}
				}
			})
		}
		all.Wait()
		require.LessOrEqual(t, h.MemoryInUse(), 30_000)
		require.LessOrEqual(t, h.Entries(), projects*(versions+1))
		require.NoError(t, h.Close())
	}
}
