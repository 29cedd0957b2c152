package connect_test

import (
	"context"
	"fmt"
	"log"
	"os"

	"github.com/mosparo/go-cluster/cache/memoryadapter"
	"github.com/mosparo/go-cluster/cleanup/cleanuptest"
	"github.com/mosparo/go-cluster/cssstore"
	"github.com/mosparo/go-cluster/cssstore/cachestore"
	"github.com/mosparo/go-cluster/cssstore/csshttp"
	"github.com/mosparo/go-cluster/cssstore/filestore"
	"github.com/mosparo/go-cluster/cssstore/mirror"
	"github.com/mosparo/go-cluster/envconfig"
	"github.com/mosparo/go-cluster/envconfig/connect"
	"github.com/mosparo/go-cluster/lock/memorylocker"
)

// uuids converts a list of projects for package mirror, as the method UUIDs of a
// projectdb.DB does for mosparo's database.
func uuids(list csshttp.Projects) func(context.Context) ([]cssstore.UUID, error) {
	return func(ctx context.Context) ([]cssstore.UUID, error) {
		projects, err := list.Projects(ctx)
		if err != nil {
			return nil, err
		}
		all := make([]cssstore.UUID, len(projects))
		for i, p := range projects {
			all[i] = p.UUID
		}
		return all, nil
	}
}

// A node that copies the prepared CSS of the shared cache into files, from which a web
// server on the same host serves it.
func ExampleNode_mirror() {
	dir, err := os.MkdirTemp("", "resources") // mosparo's public/resources
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	settings, err := envconfig.FromEnviron([]string{"MOSPARO_PREPARE_CSS_FILES_IN_SHARED_CACHE=1"})
	if err != nil {
		log.Fatal(err)
	}
	css := cssstore.Resource{Project: cssstore.UUID{1}, Hash: cssstore.Hash{2}, CSS: []byte(".form{}")}
	ctx := context.Background()
	node, err := connect.Open(ctx, settings, // a cluster's own parts need no options
		connect.WithCache(memoryadapter.New()), connect.WithLock(memorylocker.New()), connect.WithDatabase(cleanuptest.NewFake()),
		connect.WithProjects(projects{{UUID: css.Project, Hash: css.Hash}}))
	if err != nil {
		log.Fatal(err)
	}
	defer node.Close()
	shared := cachestore.New(node.Pool, cachestore.WithLocker(node.Locker))
	if err := shared.Put(ctx, css); err != nil { // as another node has
		log.Fatal(err)
	}

	files := filestore.New(dir, filestore.WithLocker(node.Locker))
	m := mirror.New(mirror.Stores{Source: shared, Target: files}, uuids(node.Projects))
	found, err := m.Sync(ctx) // once; m.Run(ctx) goes on until ctx ends
	for _, d := range found {
		fmt.Println(d.Kind, d.Project)
	}
	copied, err2 := files.Get(ctx, css.Project)
	fmt.Println(string(copied.CSS), err, err2)
	// Output:
	// missing 01000000-0000-0000-0000-000000000000
	// .form{} <nil> <nil>
}
