package redisadapter_test

import (
	"testing"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"github.com/mosparo/go-cluster/cache/redisadapter"
)

// A programmer's mistake panics where it is made, with the argument's name.
func TestArguments(t *testing.T) {
	for _, c := range []struct {
		says string
		call func()
	}{
		{"redisadapter: New: client is nil", func() { redisadapter.New(nil) }},
		{"redisadapter: New: client is nil", func() { redisadapter.New((*redis.Client)(nil)) }},
		{"redisadapter: WithMaxValueSize: bytes is negative", func() { redisadapter.WithMaxValueSize(-1) }},
	} {
		require.PanicsWithValue(t, c.says, c.call)
	}
}
