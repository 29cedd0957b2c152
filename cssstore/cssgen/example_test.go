package cssgen_test

import (
	"context"
	"fmt"

	"github.com/mosparo/go-cluster/cache"
	"github.com/mosparo/go-cluster/cache/memoryadapter"
	"github.com/mosparo/go-cluster/cssstore"
	"github.com/mosparo/go-cluster/cssstore/cachestore"
	"github.com/mosparo/go-cluster/cssstore/cssgen"
	"github.com/mosparo/go-cluster/cssstore/design"
	"github.com/mosparo/go-cluster/lock"
	"github.com/mosparo/go-cluster/lock/memorylocker"
)

// defaults are the settings of projects that were never changed; usually they come from a
// projectdb.DB.
type defaults struct{}

func (defaults) Rows(context.Context, cssstore.UUID) ([]design.Row, error) { return nil, nil }

func Example() {
	ctx := context.Background()
	pool := cache.NewPool(memoryadapter.New()) // envconfig/connect gives a node its own
	locker := lock.New(memorylocker.New())
	defer locker.Close()
	load := func() (cssgen.Build, error) { // cssgen.FromPublic reads mosparo's
		return cssgen.Build{Base: design.NewBase("/build/base.css", []byte(".mosparo__container{}")), Version: "1.5.4"}, nil
	}
	g := cssgen.New(cachestore.New(pool, cachestore.WithLocker(locker)), pool, locker, cssgen.Inputs{Settings: defaults{}, LoadBuild: load})

	r, err := g.Warm(ctx, cssstore.Project{UUID: cssstore.UUID{1}})
	fmt.Println(string(r.CSS), err)
	// Output: .mosparo__01000000-0000-0000-0000-000000000000{} <nil>
}
