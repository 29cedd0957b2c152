package cssstoretest_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/mosparo/go-cluster/cssstore"
	"github.com/mosparo/go-cluster/cssstore/cssstoretest"
)

func ExampleConformance() {
	test := func(t *testing.T) {
		cssstoretest.Conformance(t, func(*testing.T) cssstore.Store {
			return cssstoretest.NewFake() // yours
		})
	}
	_ = test // func TestStore_Conformance(t *testing.T) in a file of your own
}

// A test of code that has to cope with a store that is down.
func ExampleFake() {
	ctx := context.Background()
	store := cssstoretest.NewFake()
	project := cssstore.UUID{1}
	err := store.Put(ctx, cssstore.Resource{Project: project, Hash: cssstoretest.HashOf("a design"), CSS: []byte(".a {}")})
	if err != nil {
		fmt.Println(err)
		return
	}
	down := errors.New("connection refused")
	store.Fail(down)
	_, err = store.Get(ctx, project) // your code
	fmt.Println(errors.Is(err, down))

	store.Fail(nil)
	r, err := store.Get(ctx, project)
	fmt.Println(string(r.CSS), err, store.Calls("get"))
	// Output:
	// true
	// .a {} <nil> 2
}
