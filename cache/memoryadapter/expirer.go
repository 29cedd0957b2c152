package memoryadapter

import (
	"context"
	"time"

	"github.com/mosparo/go-cluster/cache"
)

var _ cache.Expirer = (*Adapter)(nil)

// GetWithTTL implements [cache.Expirer].
func (a *Adapter) GetWithTTL(ctx context.Context, key string) ([]byte, time.Duration, error) {
	if err := ctx.Err(); err != nil {
		return nil, 0, opError("get", []string{key}, err)
	}
	a.mu.RLock()
	defer a.mu.RUnlock()
	if a.closed {
		return nil, 0, opError("get", []string{key}, cache.ErrClosed)
	}
	e, ok := a.entries[key]
	now := time.Now()
	if !ok || e.expired(now) || e.value == nil {
		return nil, 0, nil
	}
	if e.expires.IsZero() {
		return bytesOf(e.value), 0, nil
	}
	return bytesOf(e.value), e.expires.Sub(now), nil
}
