package memoryadapter_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/mosparo/go-cluster/cache/memoryadapter"
)

// A programmer's mistake panics where it is made, with the argument's name.
func TestArguments(t *testing.T) {
	for _, c := range []struct {
		says string
		call func()
	}{
		{"memoryadapter: WithMaxValueSize: bytes is negative", func() { memoryadapter.WithMaxValueSize(-1) }},
	} {
		require.PanicsWithValue(t, c.says, c.call)
	}
}
