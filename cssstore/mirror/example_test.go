package mirror_test

import (
	"context"
	"fmt"

	"github.com/mosparo/go-cluster/cssstore"
	"github.com/mosparo/go-cluster/cssstore/cssstoretest"
	"github.com/mosparo/go-cluster/cssstore/mirror"
)

func Example() {
	ctx := context.Background()
	// Usually a cachestore, which all nodes share, and a filestore on this node's disk.
	shared, local := cssstoretest.NewFake(), cssstoretest.NewFake()
	projects := func(context.Context) ([]cssstore.UUID, error) { return []cssstore.UUID{{1}}, nil }
	m := mirror.New(mirror.Stores{Source: shared, Target: local}, projects)

	r := cssstore.Resource{Project: cssstore.UUID{1}, Hash: cssstore.Hash{2}, CSS: []byte(".mosparo__x {}")}
	if err := shared.Put(ctx, r); err != nil {
		fmt.Println(err)
		return
	}
	drift, err := m.Sync(ctx) // a node calls Run
	fmt.Println(len(drift), drift[0].Kind, err)
	r, err = local.Get(ctx, r.Project)
	fmt.Println(string(r.CSS), err)
	// Output:
	// 1 missing <nil>
	// .mosparo__x {} <nil>
}
