package memcachedlocker

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/bradfitz/gomemcache/memcache"

	"github.com/mosparo/go-cluster/lock"
)

// classify gives a server's or network's error the names of package lock.
// gomemcache passes on what the server says as text only.
func classify(err error) error {
	switch {
	case err == nil, errors.Is(err, lock.ErrUnavailable), errors.Is(err, memcache.ErrCacheMiss), errors.Is(err, context.Canceled):
		return err
	case strings.Contains(err.Error(), "CLIENT_ERROR unauthenticated"):
		return fmt.Errorf("%w: %w: the server wants user and password: %w", lock.ErrUnavailable, lock.ErrUnauthorized, err)
	case strings.Contains(err.Error(), "CLIENT_ERROR authentication failure"):
		return fmt.Errorf("%w: %w: the server refuses user and password: %w", lock.ErrUnavailable, lock.ErrUnauthorized, err)
	case strings.Contains(err.Error(), "SERVER_ERROR out of memory"):
		return fmt.Errorf("%w: the server is out of memory: %w", lock.ErrUnavailable, err)
	}
	return fmt.Errorf("%w: %w", lock.ErrUnavailable, err)
}
