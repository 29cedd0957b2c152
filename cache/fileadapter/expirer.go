package fileadapter

import (
	"context"
	"math"
	"time"

	"github.com/mosparo/go-cluster/cache/adapterkit"
)

// GetWithTTL implements [cache.Expirer].
func (a *Adapter) GetWithTTL(ctx context.Context, key string) ([]byte, time.Duration, error) {
	err := a.state.Check(ctx)
	var value []byte
	var expiry int64
	if err == nil {
		value, expiry, err = a.read(key)
	}
	if err != nil {
		return nil, 0, adapterkit.Error("get", []string{key}, err)
	}
	if value == nil || expiry == 0 {
		return value, 0, nil
	}
	left := expiry - time.Now().Unix()
	if left > math.MaxInt64/int64(time.Second) {
		return value, math.MaxInt64, nil // longer than a Duration can say
	}
	// It was not expired when it was read.
	return value, max(time.Until(time.Unix(expiry, 0)), 1), nil
}
