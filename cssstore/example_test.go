package cssstore_test

import (
	"context"
	"fmt"

	"github.com/mosparo/go-cluster/cache"
	"github.com/mosparo/go-cluster/cache/memoryadapter"
	"github.com/mosparo/go-cluster/cssstore"
	"github.com/mosparo/go-cluster/cssstore/cachestore"
	"github.com/mosparo/go-cluster/cssstore/design"
)

func Example() {
	ctx := context.Background()
	var store cssstore.Store = cachestore.New(cache.NewPool(memoryadapter.New())) // or a filestore

	project, err := cssstore.ParseUUID("51b9091d-8e8b-482b-a8f1-d930e8da931e")
	if err != nil {
		fmt.Println(err)
		return
	}
	r, err := design.Prepare(project, nil, []byte(".mosparo__container { color: var(--mosparo-text-color, rgb(0, 0, 0)) }"))
	if err != nil {
		fmt.Println(err)
		return
	}
	if err := store.Put(ctx, r); err != nil {
		fmt.Println(err)
		return
	}
	r, err = store.Get(ctx, project)
	fmt.Println(r.Hash, r.Settled, err)
	fmt.Printf("%s\n", r.CSS)
	// Output:
	// 147a432c541ffb177b27afb330b961c25593198172d8f09f0119da97e03ffb8e true <nil>
	// .mosparo__51b9091d-8e8b-482b-a8f1-d930e8da931e { color: rgb(0, 0, 0) }
}
