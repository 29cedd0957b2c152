package gocachestore

import (
	"context"
	"errors"
	"time"

	"github.com/mosparo/go-cluster/cache"
)

// The operations of a [Store] beside those of a [cache.Pool].
const (
	OpInvalidate cache.Op = "invalidate"
	OpClear      cache.Op = "clear"
)

// WithObserver lets f see every call of the store, in the form in which a
// [cache.Pool] reports. [cache.Event.Key] is the key in the shared cache, with
// the prefix of the store; it is empty for [OpInvalidate], [OpClear] and a key that
// cannot be stored. Refused keys, values and tags have the result "invalid".
// Without one (the default, and nil) nothing is measured.
func WithObserver(f cache.Observer) Option { return func(s *Store) { s.observer = f } }

// start returns the current time, or zero if there is no observer.
func (s *Store) start() (at time.Time) {
	if s.observer != nil {
		at = time.Now()
	}
	return at
}

// observe is deferred to report a call to the observer, with a nil key if it has none.
func (s *Store) observe(ctx context.Context, op cache.Op, key any, start time.Time, err *error) {
	if s.observer == nil {
		return
	}
	k, invalid := s.key(key)
	if invalid != nil {
		k = ""
	}
	e := cache.NewEvent(op, k, start, *err)
	var wrongType *TypeError
	var wrongTag *TagError
	if errors.As(*err, &wrongType) || errors.As(*err, &wrongTag) {
		e.Result = "invalid"
	}
	s.observer(ctx, e)
}
