package filestore_test

import (
	"context"
	"fmt"
	"os"

	"github.com/mosparo/go-cluster/cssstore"
	"github.com/mosparo/go-cluster/cssstore/filestore"
)

func Example() {
	ctx := context.Background()
	resources, err := os.MkdirTemp("", "resources") // usually /var/www/mosparo/public/resources
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(resources)
	store := filestore.New(resources)

	r := cssstore.Resource{Project: cssstore.UUID{1}, Hash: cssstore.Hash{2}, CSS: []byte(".mosparo__x {}")}
	if err := store.Put(ctx, r); err != nil {
		fmt.Println(err)
		return
	}
	r, err = store.Get(ctx, r.Project)
	fmt.Println(string(r.CSS), r.Settled, err)
	// Output: .mosparo__x {} true <nil>
}
