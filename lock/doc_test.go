package lock_test

import (
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/mosparo/go-cluster/lock"
	"github.com/mosparo/go-cluster/lock/filelocker"
	"github.com/mosparo/go-cluster/lock/memcachedlocker"
	"github.com/mosparo/go-cluster/lock/memorylocker"
	"github.com/mosparo/go-cluster/lock/redislocker"
)

// The table of the package documentation has what the backends say of themselves.
func TestDoc_HasThePropertiesOfEachBackend(t *testing.T) {
	text, err := os.ReadFile("doc.go")
	require.NoError(t, err)
	backends := map[string]lock.Backend{
		"memorylocker": memorylocker.New(), "redislocker": (*redislocker.Backend)(nil),
		"filelocker": (*filelocker.Backend)(nil), "memcachedlocker": (*memcachedlocker.Backend)(nil),
	}
	for name, b := range backends {
		m := regexp.MustCompile(`//\t` + name + `\n((?://\t    [^\n]+\n)+)`).FindSubmatch(text)
		require.NotNil(t, m, name)
		entry := strings.Join(strings.Fields(strings.ReplaceAll(string(m[1]), "//", "")), " ")
		p := b.Properties()
		require.Contains(t, entry, fmt.Sprintf("TTL at least %v", p.MinTTL), name)
		if p.Margin > 0 {
			require.Contains(t, entry, fmt.Sprintf("the margin is %v", p.Margin), name)
		}
		require.Equal(t, !p.Exclusive, strings.Contains(entry, "exclusion best effort"), name)
		require.Equal(t, !p.Fencing, strings.Contains(entry, "fences best effort"), name)
		_, lists := b.(lock.Lister)
		require.Equal(t, lists, strings.HasSuffix(entry, "operators list, break"), name)
		_, breaks := b.(lock.Breaker)
		require.Equal(t, breaks, strings.HasSuffix(entry, "break"), name)
		require.Equal(t, p.Shared, strings.Contains(entry, "between processes"), name)
	}
}
