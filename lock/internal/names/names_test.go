package names_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/mosparo/go-cluster/lock/internal/names"
)

func TestEncode_IsReversibleAndSafe(t *testing.T) {
	seen := map[string]string{}
	for _, n := range []string{"a", "A", "a.b", ".a", "{a}", "a%2E", "a\x00", "ä", "/", "..", strings.Repeat("\xff", names.Max)} {
		e := names.Encode(n)
		require.NotContains(t, seen, e)
		seen[e] = n
		require.False(t, strings.ContainsAny(e, "{}/ \x00*?[]\\:"), e)
		back, ok := names.Decode(e)
		require.True(t, ok)
		require.Equal(t, n, back)
	}
	for _, bad := range []string{"%", "%4", "%zz", "%41", ".x", "{"} {
		_, ok := names.Decode(bad)
		require.False(t, ok, bad)
	}
}
