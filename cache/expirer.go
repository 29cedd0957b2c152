package cache

import (
	"context"
	"time"
)

// Expirer is an optional ability of an [Adapter]: it tells how much of an
// entry's lifetime is left, so that a copy of it elsewhere ends no later.
// memcached cannot tell.
type Expirer interface {
	// GetWithTTL returns the value of one key (nil for an absent one, as Get
	// does) and what is left of its lifetime, 0 for an entry without one.
	GetWithTTL(ctx context.Context, key string) (value []byte, ttl time.Duration, err error)
}
