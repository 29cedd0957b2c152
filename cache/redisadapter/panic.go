package redisadapter

import (
	"fmt"

	"github.com/mosparo/go-cluster/cache"
	"github.com/mosparo/go-cluster/cache/adapterkit"
)

// recoverAs turns a panic into an error. It is deferred.
func recoverAs(op string, keys []string, err *error) {
	if r := recover(); r != nil {
		*err = adapterkit.Error(op, keys, panicError(r))
	}
}

// panicError returns the [cache.ErrUnavailable] of a panic of go-redis, which
// allocates what a reply announces. go-redis itself drops the connection.
func panicError(r any) error {
	return fmt.Errorf("%w: go-redis panicked: %v", cache.ErrUnavailable, r)
}
