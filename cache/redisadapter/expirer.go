package redisadapter

import (
	"context"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/mosparo/go-cluster/cache"
)

var _ cache.Expirer = (*Adapter)(nil)

// GetWithTTL implements [cache.Expirer] in one round trip.
func (a *Adapter) GetWithTTL(ctx context.Context, key string) ([]byte, time.Duration, error) {
	keys := []string{key}
	if err := a.usable(ctx); err != nil {
		return nil, 0, opError("get", keys, err)
	}
	var get *redis.StringCmd
	var left *redis.DurationCmd
	_, _ = a.client.Pipelined(ctx, func(p redis.Pipeliner) error { // each command has its own error
		get, left = p.Get(ctx, key), p.PTTL(ctx, key)
		return nil
	})
	v, err := get.Bytes()
	if err = missed(err); err == nil {
		err = left.Err()
	}
	if err != nil {
		return nil, 0, opError("get", keys, classified(ctx, err))
	}
	switch ttl := left.Val(); {
	case len(v) == 0, ttl == gone, ttl == 0:
		return nil, 0, nil
	case ttl == none:
		return v, 0, nil
	default:
		return v, ttl, nil
	}
}

// What PTTL answers for a key without lifetime, and for one that ended
// between the two commands.
const none, gone = time.Duration(-1), time.Duration(-2)
