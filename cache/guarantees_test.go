package cache_test

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/mosparo/go-cluster/cache"
	"github.com/mosparo/go-cluster/cache/fileadapter"
	"github.com/mosparo/go-cluster/cache/memcachedadapter"
	"github.com/mosparo/go-cluster/cache/memoryadapter"
	"github.com/mosparo/go-cluster/cache/redisadapter"
)

// The package documentation lists the abilities that the adapters have.
func TestDoc_ListsTheAbilitiesOfEachAdapter(t *testing.T) {
	text, err := os.ReadFile("doc.go")
	require.NoError(t, err)
	found := regexp.MustCompile(`(?s)//\t(\w+adapter)\n(?:[^\n]+\n)+?//\t    abilities +([^\n]+)\n`).FindAllStringSubmatch(string(text), -1)
	listed := map[string]string{}
	for _, m := range found {
		listed[m[1]] = regexp.MustCompile(` \([^)]*\)`).ReplaceAllString(m[2], "")
	}
	adapters := map[string]cache.Adapter{
		"redisadapter": (*redisadapter.Adapter)(nil), "memcachedadapter": (*memcachedadapter.Adapter)(nil),
		"fileadapter": (*fileadapter.Adapter)(nil), "memoryadapter": (*memoryadapter.Adapter)(nil),
	}
	require.Len(t, listed, len(adapters))
	for name, a := range adapters {
		require.Equal(t, abilities(a), listed[name], name)
	}
}

// abilities returns the optional interfaces of an adapter, but for Limiter, which all have.
func abilities(a cache.Adapter) string {
	var all []string
	add := func(ok bool, name string) {
		if ok {
			all = append(all, name)
		}
	}
	_, clearer := a.(cache.Clearer)
	_, expirer := a.(cache.Expirer)
	_, lister := a.(cache.Lister)
	_, pinger := a.(cache.Pinger)
	_, pruner := a.(cache.Pruner)
	add(clearer, "Clearer")
	add(expirer, "Expirer")
	add(lister, "Lister")
	add(pinger, "Pinger")
	add(pruner, "Pruner")
	return strings.Join(all, ", ")
}
