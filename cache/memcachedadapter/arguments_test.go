package memcachedadapter_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/mosparo/go-cluster/cache/memcachedadapter"
)

// A programmer's mistake panics where it is made, with the argument's name.
func TestArguments(t *testing.T) {
	servers, err := memcachedadapter.NewServers([]memcachedadapter.Server{{Host: "a"}})
	require.NoError(t, err)
	for _, c := range []struct {
		says string
		call func()
	}{
		{"memcachedadapter: New: client is nil", func() { memcachedadapter.New(nil, nil) }},
		{"memcachedadapter: WithItemLimit: bytes is negative", func() { memcachedadapter.WithItemLimit(-1) }},
		{"memcachedadapter: WithMaxDecodedSize: bytes is negative", func() { memcachedadapter.WithMaxDecodedSize(-1) }},
		{"memcachedadapter: ClientOptions: Timeout is negative", func() { servers.Client(memcachedadapter.ClientOptions{Timeout: -1}) }},
		{"memcachedadapter: ClientOptions: ConnectTimeout is negative", func() { servers.Client(memcachedadapter.ClientOptions{ConnectTimeout: -1}) }},
		{"memcachedadapter: ClientOptions: IdleConns is negative", func() { servers.Client(memcachedadapter.ClientOptions{IdleConns: -1}) }},
	} {
		require.PanicsWithValue(t, c.says, c.call)
	}
	client := servers.Client(memcachedadapter.ClientOptions{})
	a := memcachedadapter.New(client, servers, memcachedadapter.WithLogger(nil), memcachedadapter.WithItemLimit(0))
	require.Equal(t, memcachedadapter.New(client, servers).MaxValueSize(), a.MaxValueSize())
}
