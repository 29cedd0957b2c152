package gocachestore_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/mosparo/go-cluster/cache/gocachestore"
)

// A programmer's mistake panics where it is made, with the argument's name.
func TestArguments(t *testing.T) {
	for _, c := range []struct {
		says string
		call func()
	}{
		{"gocachestore: New: a is nil", func() { gocachestore.New(nil) }},
		{"gocachestore: NewAdapter: s is nil", func() { gocachestore.NewAdapter(nil) }},
		{"gocachestore: WithCopyTTL: d is negative", func() { gocachestore.WithCopyTTL(-1) }},
		{"gocachestore: WithMaxValueSize: bytes is negative", func() { gocachestore.WithMaxValueSize(-1) }},
	} {
		require.PanicsWithValue(t, c.says, c.call)
	}
}
