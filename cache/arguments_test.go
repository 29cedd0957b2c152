package cache_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/mosparo/go-cluster/cache"
	"github.com/mosparo/go-cluster/cache/memoryadapter"
)

// A programmer's mistake panics where it is made, with the argument's name.
func TestArguments(t *testing.T) {
	for _, c := range []struct {
		says string
		call func()
	}{
		{"cache: NewPool: a is nil", func() { cache.NewPool(nil) }},
		{"cache: WithMaxValueSize: bytes is negative", func() { cache.WithMaxValueSize(-1) }},
	} {
		require.PanicsWithValue(t, c.says, c.call)
	}
	require.NotPanics(t, func() { cache.NewPool(memoryadapter.New(), cache.WithLogger(nil), cache.WithObserver(nil)) })
}
