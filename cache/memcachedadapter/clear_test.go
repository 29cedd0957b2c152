package memcachedadapter_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/mosparo/go-cluster/cache"
)

// A server does not list an entry that it moves at that moment, as it does with
// entries that were read.
func TestClear_RemovesEntriesThatTheServerMoves(t *testing.T) {
	a := open(t, start(t, 1))
	for round := range 10 {
		var keys []string
		for i := range 20 {
			keys = append(keys, fmt.Sprintf("mosparoRound%d-%d", round, i))
			require.NoError(t, a.Set(t.Context(), cache.Item{Key: keys[i], Value: []byte("N;")}))
		}
		for range 2 {
			_, err := a.Get(t.Context(), keys...)
			require.NoError(t, err)
		}
		n, err := a.Clear(t.Context())
		require.NoError(t, err)
		require.Equal(t, len(keys), n)
		left, err := a.Get(t.Context(), keys...)
		require.NoError(t, err)
		require.Equal(t, make([][]byte, len(keys)), left)
	}
}
