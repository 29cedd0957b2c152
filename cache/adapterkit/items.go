package adapterkit

import (
	"fmt"
	"time"

	"github.com/mosparo/go-cluster/cache"
)

// CheckItems validates items before a Set. Adapters call it first, so that a
// refused item leaves all earlier values in place. It returns a
// [*cache.OpError] with [cache.ErrInvalidTTL] for a negative lifetime and with
// [cache.ErrTooLarge] for a value of more than maxValue bytes (0 = no limit).
func CheckItems(items []cache.Item, maxValue int) error {
	for i := range items {
		switch it := &items[i]; {
		case it.TTL < 0:
			return Error("set", []string{it.Key}, fmt.Errorf("%w: %v", cache.ErrInvalidTTL, it.TTL))
		case maxValue > 0 && len(it.Value) > maxValue:
			return Error("set", []string{it.Key}, fmt.Errorf("%w: %d bytes, limit %d", cache.ErrTooLarge, len(it.Value), maxValue))
		}
	}
	return nil
}

// Keys returns the keys of items.
func Keys(items []cache.Item) []string {
	keys := make([]string, len(items))
	for i := range items {
		keys[i] = items[i].Key
	}
	return keys
}

// Seconds returns a lifetime in whole seconds, rounded up: the resolution of
// Symfony's adapters. 0 stays 0 (no expiry), anything above is at least 1.
func Seconds(ttl time.Duration) int64 {
	s := int64(ttl / time.Second)
	if ttl%time.Second > 0 {
		s++
	}
	return s
}

// NonEmpty returns value, or nil for an empty one, which counts as absent.
func NonEmpty(value []byte) []byte {
	if len(value) == 0 {
		return nil
	}
	return value
}
