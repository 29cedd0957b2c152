package cache

import (
	"fmt"
	"time"
)

// CheckItems is what every adapter does before it sends a Set, so that a
// refused item leaves all earlier values in place: it returns an [*OpError]
// with [ErrInvalidTTL] for a negative lifetime and with [ErrTooLarge] for a
// value of more than maxValue bytes (0 = no limit).
func CheckItems(items []Item, maxValue int) error {
	for i := range items {
		switch it := &items[i]; {
		case it.TTL < 0:
			return &OpError{Op: "set", Keys: []string{it.Key}, Err: fmt.Errorf("%w: %v", ErrInvalidTTL, it.TTL)}
		case maxValue > 0 && len(it.Value) > maxValue:
			return &OpError{Op: "set", Keys: []string{it.Key}, Err: fmt.Errorf("%w: %d bytes, limit %d", ErrTooLarge, len(it.Value), maxValue)}
		}
	}
	return nil
}

// ItemKeys are the keys of items, for an [*OpError].
func ItemKeys(items []Item) []string {
	keys := make([]string, len(items))
	for i := range items {
		keys[i] = items[i].Key
	}
	return keys
}

// Seconds is a lifetime in whole seconds, rounded up: the resolution of
// Symfony's adapters. 0 stays 0 (no expiry), anything above is at least 1.
func Seconds(ttl time.Duration) int64 {
	s := int64(ttl / time.Second)
	if ttl%time.Second > 0 {
		s++
	}
	return s
}
