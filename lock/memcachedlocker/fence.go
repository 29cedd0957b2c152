package memcachedlocker

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/bradfitz/gomemcache/memcache"

	"github.com/mosparo/go-cluster/lock"
)

// fence is the last fence of a name and whom it was for.
type fence struct {
	Fence uint64     `json:"fence"`
	Token lock.Token `json:"token"`
}

// fenceLifetime is that of the counter.
const fenceLifetime = longest

// drawFence returns the fence of a claim that holds the name, which is a new
// one unless its token has one.
func (b *Backend) drawFence(ctx context.Context, name string, c lock.Claim) (uint64, error) {
	if c.Unfenced {
		return 0, nil
	}
	for range attempts {
		last, item, err := b.lastFence(ctx, name)
		missing := errors.Is(err, memcache.ErrCacheMiss)
		switch {
		case err != nil && !missing:
			return 0, classify(err)
		case last.Token == c.Token:
			return last.Fence, nil
		}
		next := fence{Fence: max(last.Fence+1, uint64(max(time.Now().UnixMicro(), 0))), Token: c.Token}
		value, err := json.Marshal(next)
		if err != nil {
			return 0, err
		}
		if missing {
			item = &memcache.Item{Key: b.fenceKey(name)}
		}
		item.Value, item.Expiration = value, fenceLifetime
		err = b.call(ctx, func() error {
			if missing {
				return b.client.Add(item)
			}
			return b.client.CompareAndSwap(item)
		})
		switch {
		case err == nil:
			return next.Fence, nil
		case errors.Is(err, memcache.ErrNotStored), errors.Is(err, memcache.ErrCASConflict), errors.Is(err, memcache.ErrCacheMiss):
			continue // a holder who lost the lock has drawn one in between
		default:
			return 0, classify(err)
		}
	}
	return 0, fmt.Errorf("%w: other processes draw fences all the time", lock.ErrUnavailable)
}

// lastFence reads the counter. One that cannot be is no counter.
func (b *Backend) lastFence(ctx context.Context, name string) (f fence, item *memcache.Item, err error) {
	err = b.call(ctx, func() (err error) {
		item, err = b.client.Get(b.fenceKey(name))
		return err
	})
	if err == nil && (json.Unmarshal(item.Value, &f) != nil || f.Fence >= math.MaxInt64 || !f.Token.IsValid()) {
		f = fence{}
	}
	return f, item, err
}
