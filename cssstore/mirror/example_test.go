package mirror_test

import (
	"context"
	"fmt"
	"os"

	"github.com/mosparo/go-cluster/cache"
	"github.com/mosparo/go-cluster/cache/memoryadapter"
	"github.com/mosparo/go-cluster/cssstore"
	"github.com/mosparo/go-cluster/cssstore/cachestore"
	"github.com/mosparo/go-cluster/cssstore/filestore"
	"github.com/mosparo/go-cluster/cssstore/mirror"
)

// projects lists one project; usually it is the method UUIDs of a projectdb.DB.
func projects(context.Context) ([]cssstore.UUID, error) {
	return []cssstore.UUID{{1}}, nil
}

// A node copies what is in the shared cache to files for its web server.
func Example() {
	ctx := context.Background()
	resources, err := os.MkdirTemp("", "resources") // usually /var/www/mosparo/public/resources
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(resources)
	shared := cachestore.New(cache.NewPool(memoryadapter.New())) // envconfig/connect opens a node's own
	files := filestore.New(resources)
	m := mirror.New(mirror.Stores{Source: shared, Target: files}, projects)

	r := cssstore.Resource{Project: cssstore.UUID{1}, Hash: cssstore.Hash{2}, CSS: []byte(".mosparo__x {}")}
	if err := shared.Put(ctx, r); err != nil {
		fmt.Println(err)
		return
	}
	drift, err := m.Sync(ctx) // once; a node calls Run
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, d := range drift {
		fmt.Println(d.Project, d.Kind)
	}
	r, err = files.Get(ctx, r.Project)
	fmt.Println(string(r.CSS), err)
	// Output:
	// 01000000-0000-0000-0000-000000000000 missing
	// .mosparo__x {} <nil>
}

// An operator compares the shared cache with mosparo's database.
func ExampleCheck() {
	ctx := context.Background()
	store := cachestore.New(cache.NewPool(memoryadapter.New()))
	stored := []cssstore.Project{{UUID: cssstore.UUID{1}, Hash: cssstore.Hash{2}}} // usually from a projectdb.DB

	hashes := map[cssstore.UUID]cssstore.Hash{}
	for _, p := range stored {
		hashes[p.UUID] = p.Hash
	}
	drift, err := mirror.Check(ctx, store, hashes)
	for _, d := range drift {
		fmt.Println(d.Project, d.Kind)
	}
	fmt.Println(err)
	// Output:
	// 01000000-0000-0000-0000-000000000000 missing
	// <nil>
}

func ExampleRemoveOrphans() {
	ctx := context.Background()
	store := cachestore.New(cache.NewPool(memoryadapter.New()))
	deleted := cssstore.Resource{Project: cssstore.UUID{9}, Hash: cssstore.Hash{2}, CSS: []byte(".mosparo__x {}")}
	if err := store.Put(ctx, deleted); err != nil {
		fmt.Println(err)
		return
	}
	removed, err := mirror.RemoveOrphans(ctx, store, projects)
	fmt.Println(removed, err)
	// Output: [09000000-0000-0000-0000-000000000000] <nil>
}
