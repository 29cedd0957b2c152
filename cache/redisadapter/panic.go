package redisadapter

import (
	"fmt"

	"github.com/mosparo/go-cluster/cache"
)

// recovered, deferred, makes an error of a panic.
func recovered(op string, keys []string, err *error) {
	if r := recover(); r != nil {
		*err = opError(op, keys, panicked(r))
	}
}

// panicked is [cache.ErrUnavailable] for a panic of go-redis, which believes
// whatever a reply claims. go-redis itself drops the connection.
func panicked(r any) error {
	return fmt.Errorf("%w: go-redis panicked: %v", cache.ErrUnavailable, r)
}
