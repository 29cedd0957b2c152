package csshttp_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"

	"github.com/mosparo/go-cluster/cache"
	"github.com/mosparo/go-cluster/cache/memoryadapter"
	"github.com/mosparo/go-cluster/cssstore"
	"github.com/mosparo/go-cluster/cssstore/cachestore"
	"github.com/mosparo/go-cluster/cssstore/csshttp"
)

// projects is the list of a cluster with one project; usually a projectdb.DB
// reads it from mosparo's database.
type projects struct{}

func (projects) Projects(context.Context) ([]cssstore.Project, error) {
	return []cssstore.Project{{UUID: cssstore.UUID{1}, Hash: cssstore.Hash{2}}}, nil
}

// A node mounts the handler below /resources/ of its own mux, beside whatever
// else it serves, and closes it after the server.
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
