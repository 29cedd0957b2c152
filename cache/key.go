package cache

import (
	"context"
	"errors"
	"time"

	"github.com/mosparo/go-cluster/cache/internal/phpstring"
	"github.com/mosparo/go-cluster/cache/php"
)

// Key is the name of an entry together with the Go type of its value, which
// is stored as PHP's serialize() writes it and read from that or igbinary:
//
//	const NextCleanup cache.Key[time.Time] = "mosparoNextCleanup"
//
// With a pointer, any, slice or map type, a stored null is nil instead of [ErrNull].
type Key[T any] string

// Get returns the value of the key. Errors: [ErrNotFound] (absent), [ErrNull]
// (a stored null, unless T is a pointer, any, slice or map), [*DecodeError],
// [ErrTooLarge], and those of the adapter.
func (k Key[T]) Get(ctx context.Context, p *Pool) (T, error) {
	start := p.start()
	var v T
	raw, err := p.get(ctx, string(k))
	if err == nil {
		v, err = k.decode(p, raw[0])
	}
	p.observe(ctx, OpGet, string(k), err, start)
	return v, err
}

// Set stores the value; ttl 0 means no expiry.
func (k Key[T]) Set(ctx context.Context, p *Pool, v T, ttl time.Duration) error {
	return Write(ctx, p, k.With(v, ttl))
}

// SetNull stores a PHP null, which mosparo treats as "not set".
func (k Key[T]) SetNull(ctx context.Context, p *Pool, ttl time.Duration) error {
	return Write(ctx, p, k.WithNull(ttl))
}

// Delete removes the entry; an absent one is no error.
func (k Key[T]) Delete(ctx context.Context, p *Pool) error {
	return p.Delete(ctx, string(k))
}

// decode turns stored bytes (nil = absent) into a value.
func (k Key[T]) decode(p *Pool, raw []byte) (T, error) {
	var none T
	if raw == nil {
		return none, opError("get", string(k), ErrNotFound)
	}
	if err := p.checkSize(raw); err != nil {
		return none, opError("get", string(k), err)
	}
	var v T
	switch target := any(&v).(type) { // without an allocation for v
	case *[]byte:
		if text, ok := phpstring.Bytes(raw); ok { // the adapter keeps no reference to raw
			*target = text
			return v, nil
		}
	case *string:
		if text, ok := phpstring.Bytes(raw); ok {
			*target = string(text)
			return v, nil
		}
	case *time.Time:
		if t, ok := php.Time(raw); ok {
			*target = t
			return v, nil
		}
	}
	return k.value(raw)
}

// value decodes bytes that are there, and copies what it takes of them.
func (k Key[T]) value(raw []byte) (T, error) {
	var v, none T
	if php.IsNull(raw) && !nullable(&v) {
		return none, opError("get", string(k), ErrNull)
	}
	if err := php.Unmarshal(raw, &v); err != nil {
		return none, &DecodeError{Key: string(k), Err: err}
	}
	return v, nil
}

// Result is the outcome of one key of a [Read].
type Result[T any] struct {
	Value T
	// Err is nil, or what [Key.Get] would have returned for this key.
	Err error
}

// Present reports whether there is a value, so that Err is nil: it is false for an
// absent key, for every error, and for a stored null, unless T is a type whose null is
// nil; see [Key].
func (r Result[T]) Present() bool { return r.Err == nil }

// Missing reports whether the key is absent or a stored null with [ErrNull], which
// mosparo treats alike, as opposed to a failure.
func (r Result[T]) Missing() bool {
	return errors.Is(r.Err, ErrNotFound) || errors.Is(r.Err, ErrNull)
}
