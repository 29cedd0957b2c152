package cachestore_test

import (
	"context"
	"fmt"

	"github.com/mosparo/go-cluster/cache"
	"github.com/mosparo/go-cluster/cache/memoryadapter"
	"github.com/mosparo/go-cluster/cssstore"
	"github.com/mosparo/go-cluster/cssstore/cachestore"
	"github.com/mosparo/go-cluster/lock"
	"github.com/mosparo/go-cluster/lock/memorylocker"
)

func Example() {
	ctx := context.Background()
	pool := cache.NewPool(memoryadapter.New()) // envconfig/connect opens a node's own
	locker := lock.New(memorylocker.New())
	defer locker.Close()
	store := cachestore.New(pool, cachestore.WithLocker(locker))

	r := cssstore.Resource{Project: cssstore.UUID{1}, Hash: cssstore.Hash{2}, CSS: []byte(".mosparo__x {}")}
	if err := store.Put(ctx, r); err != nil {
		fmt.Println(err)
		return
	}
	r, err := store.Get(ctx, r.Project)
	fmt.Println(string(r.CSS), r.Settled, err)
	// Output: .mosparo__x {} true <nil>
}
