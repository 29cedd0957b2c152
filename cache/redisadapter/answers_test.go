package redisadapter

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/mosparo/go-cluster/cache"
)

// answer is an error of a server.
type answer string

func (a answer) Error() string { return string(a) }

func (answer) RedisError() {}

// The words of servers that Debian no longer has, and those that a server
// closes the connection after.
func TestClassified_KnowsTheAnswersOfOtherServers(t *testing.T) {
	for text, want := range map[string]error{
		"ERR invalid password":                                                     cache.ErrUnauthorized,
		"ERR Client sent AUTH, but no password is set":                             cache.ErrUnauthorized,
		"ERR AUTH <password> called without any password configured":               cache.ErrUnauthorized,
		"DENIED Redis is running in protected mode because":                        cache.ErrUnauthorized,
		"ERR string exceeds maximum allowed size (proto-max-bulk-len)":             cache.ErrTooLarge,
		"ERR Protocol error: invalid bulk length":                                  cache.ErrTooLarge,
		"OOM command not allowed when used memory > 'maxmemory'.":                  cache.ErrFull,
		"CLUSTERDOWN The cluster is down":                                          cache.ErrUnavailable,
		"ERR max number of clients reached":                                        cache.ErrUnavailable,
		"EXECABORT Transaction discarded because of: OOM command not allowed when": cache.ErrFull,
	} {
		err := classify(t.Context(), fmt.Errorf("dial: %w", answer(text)))
		require.ErrorIs(t, err, want, text)
		require.ErrorIs(t, err, answer(text))
	}
}
