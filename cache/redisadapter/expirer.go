package redisadapter

import (
	"context"
	"math"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/mosparo/go-cluster/cache"
	"github.com/mosparo/go-cluster/cache/adapterkit"
)

var _ cache.Expirer = (*Adapter)(nil)

// GetWithTTL implements [cache.Expirer] in one round trip.
func (a *Adapter) GetWithTTL(ctx context.Context, key string) (value []byte, ttl time.Duration, err error) {
	keys := []string{key}
	defer recoverAs("get", keys, &err)
	if err := a.state.Check(ctx); err != nil {
		return nil, 0, adapterkit.Error("get", keys, err)
	}
	var get *redis.StringCmd
	var left *redis.IntCmd // the client's own PTTL overflows
	_, pipeErr := a.client.Pipelined(ctx, func(p redis.Pipeliner) error {
		get, left = p.Get(ctx, key), redis.NewIntCmd(ctx, "pttl", key)
		return p.Process(ctx, left)
	})
	v, err := get.Bytes()
	if err = ignoreMiss(err); err == nil {
		err = left.Err()
	}
	if err == nil {
		err = pipelineErr[redis.Cmder](pipeErr, get, left)
	}
	if err != nil {
		return nil, 0, adapterkit.Error("get", keys, classify(ctx, err))
	}
	switch ms := left.Val(); {
	case len(v) == 0, ms == gone, ms == 0:
		return nil, 0, nil
	case ms == none:
		return v, 0, nil
	case ms > math.MaxInt64/int64(time.Millisecond):
		return v, math.MaxInt64, nil // longer than a Duration can say
	default:
		return v, time.Duration(ms) * time.Millisecond, nil
	}
}

// What PTTL answers for a key without lifetime, and for one that ended
// between the two commands.
const none, gone = -1, -2
