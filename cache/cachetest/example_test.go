package cachetest_test

import (
	"testing"

	"github.com/mosparo/go-cluster/cache"
	"github.com/mosparo/go-cluster/cache/cachetest"
	"github.com/mosparo/go-cluster/cache/memoryadapter"
)

// The test of an adapter: each rule is a subtest.
func ExampleConformance() {
	test := func(t *testing.T) {
		cachetest.Conformance(t, func(*testing.T) cache.Adapter {
			return memoryadapter.New(memoryadapter.WithOwned(cachetest.KeyPatterns()...)) // yours
		}, cachetest.WithMaxKeyLength(250))
	}
	_ = test // func TestConformance(t *testing.T) in a file of your own
}
