package adapterkit

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/mosparo/go-cluster/cache"
)

// Error returns the [*cache.OpError] of an operation on keys, of which it
// keeps a copy.
func Error(op string, keys []string, err error) error {
	return &cache.OpError{Op: op, Keys: slices.Clone(keys), Err: err}
}

// sentinels are the conditions of package cache that an error of a client
// library can stand for.
var sentinels = []error{
	cache.ErrClosed, cache.ErrUnauthorized, cache.ErrReadOnly, cache.ErrFull, cache.ErrTooLarge,
	cache.ErrInvalidTTL, cache.ErrUnavailable,
}

// Classify joins the sentinel of package cache that an error stands for.
// sentinel finds it; it returns nil for an error that it does not know, which
// then means that the cache cannot be used now: [cache.ErrUnavailable]. nil,
// an error that has a sentinel already, and the cancellation of a context come
// back as they are.
func Classify(err error, sentinel func(error) error) error {
	if err == nil || errors.Is(err, context.Canceled) {
		return err
	}
	for _, s := range sentinels {
		if errors.Is(err, s) {
			return err
		}
	}
	s := sentinel(err)
	if s == nil {
		s = cache.ErrUnavailable
	}
	return fmt.Errorf("%w: %w", s, err)
}

// Failures collects what failed of a request for several keys. The zero value
// is empty. It is not safe for concurrent use.
type Failures struct {
	keys []string
	errs []error
}

// Add notes that a key failed, unless err is nil. Errors with the same text
// are kept once.
func (f *Failures) Add(key string, err error) {
	if err == nil {
		return
	}
	f.keys = append(f.keys, key)
	if !slices.ContainsFunc(f.errs, func(e error) bool { return e.Error() == err.Error() }) {
		f.errs = append(f.errs, err)
	}
}

// Error returns the [*cache.OpError] of the operation, nil if nothing failed.
func (f *Failures) Error(op string) error {
	switch len(f.errs) {
	case 0:
		return nil
	case 1:
		return &cache.OpError{Op: op, Keys: f.keys, Err: f.errs[0]}
	}
	return &cache.OpError{Op: op, Keys: f.keys, Err: errors.Join(f.errs...)}
}
