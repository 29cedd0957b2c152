package csshttp_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"sync"

	"github.com/mosparo/go-cluster/cache"
	"github.com/mosparo/go-cluster/cache/memoryadapter"
	"github.com/mosparo/go-cluster/cssstore"
	"github.com/mosparo/go-cluster/cssstore/cachestore"
	"github.com/mosparo/go-cluster/cssstore/cssgen"
	"github.com/mosparo/go-cluster/cssstore/csshttp"
	"github.com/mosparo/go-cluster/cssstore/design"
	"github.com/mosparo/go-cluster/lock"
	"github.com/mosparo/go-cluster/lock/memorylocker"
)

// projects is the list of a cluster with one project; usually a projectdb.DB
// reads it from mosparo's database.
type projects struct{}

func (projects) Projects(context.Context) ([]cssstore.Project, error) {
	return []cssstore.Project{{UUID: cssstore.UUID{1}, Hash: cssstore.Hash{2}}}, nil
}

// A node mounts the handler on /resources/ of its mux, and closes it after the server.
func Example() {
	store := cachestore.New(cache.NewPool(memoryadapter.New())) // envconfig/connect gives a node its cache and lock
	err := store.Put(context.Background(), cssstore.Resource{Project: cssstore.UUID{1}, Hash: cssstore.Hash{2}, CSS: []byte(".mosparo{}")})
	if err != nil {
		fmt.Println(err)
		return
	}
	css := csshttp.New(store, projects{}) // with csshttp.WithTrustedProxies behind a proxy, csshttp.WithPublic for the logo
	defer css.Close()

	mux := http.NewServeMux()
	mux.Handle("/resources/", css)
	server := httptest.NewServer(mux)
	defer server.Close()

	res, err := http.Get(server.URL + "/resources/01000000-0000-0000-0000-000000000000.css") // follows the redirect
	if err != nil {
		fmt.Println(err)
		return
	}
	defer res.Body.Close()
	fmt.Println(res.Status, res.Header.Get("Content-Type"), res.Header.Get("Cache-Control"))
	// Output: 200 OK text/css; charset=UTF-8 max-age=31536000, public
}

func ExampleWithObserver() {
	var mu sync.Mutex
	requests := map[string]int{} // or a counter of your metrics, with the labels op and result
	store := cachestore.New(cache.NewPool(memoryadapter.New()))
	css := csshttp.New(store, projects{}, csshttp.WithObserver(func(_ context.Context, e csshttp.Event) {
		mu.Lock()
		defer mu.Unlock()
		requests[e.Op+" "+e.Result]++
	}))
	defer css.Close()

	for _, path := range []string{"/resources/logo.svg", "/resources/01000000-0000-0000-0000-000000000000.css", "/resources/other"} {
		css.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, path, nil))
	}
	fmt.Println(requests)
	// Output: map[current redirect:1 logo hit:1 unknown not_found:1]
}

// settings are those of projects that were never changed; usually they come from the
// same projectdb.DB as the list of projects.
type settings struct{}

func (settings) Rows(context.Context, cssstore.UUID) ([]design.Row, error) { return nil, nil }

// A node prepares CSS that the store does not have. It begins with that when it has
// heard of the other nodes, after 15 seconds.
func ExampleWithGenerator() {
	pool := cache.NewPool(memoryadapter.New()) // envconfig/connect gives a node its cache and lock
	locker := lock.New(memorylocker.New())
	defer locker.Close()
	store := cachestore.New(pool, cachestore.WithLocker(locker))
	generator := cssgen.New(store, pool, locker, cssgen.Inputs{
		Settings:  settings{},
		LoadBuild: cssgen.FromPublic("/var/www/mosparo/public", "1.5.4"),
	})
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { _ = generator.Run(ctx) }) // returns the cause of ctx
	defer running.Wait()
	defer cancel()

	css := csshttp.New(store, projects{}, csshttp.WithGenerator(generator))
	defer css.Close()
	http.Handle("/resources/", css)
	// Output:
}
