package gocachestore

import (
	"errors"
	"fmt"
	"reflect"

	"github.com/mosparo/go-cluster/cache"
	"github.com/mosparo/go-cluster/cache/adapterkit"
	"github.com/mosparo/go-cluster/cache/internal/phpstring"
	"github.com/mosparo/go-cluster/cache/php"
)

// codec turns gocache's values into stored bytes and back.
type codec struct {
	encode func(key string, value any) ([]byte, error)
	decode func(key string, raw []byte) (any, error)
}

// errEmpty: Symfony takes an empty value for a miss, so it cannot be kept.
var errEmpty = errors.New("an empty value counts as absent in this cache")

// plain stores bytes as they are.
var plain = codec{
	encode: func(key string, value any) ([]byte, error) {
		raw, ok := bytesOf(value)
		switch {
		case !ok:
			return nil, &TypeError{Key: key, Got: fmt.Sprintf("%T", value), Want: "[]byte or string; gocache's marshaler and WithPHPValues take others"}
		case len(raw) == 0:
			return nil, adapterkit.Error("set", []string{key}, errEmpty)
		}
		return raw, nil
	},
	decode: func(_ string, raw []byte) (any, error) { return raw, nil },
}

// bytesOf is the text of a value; the bytes may be shared with it.
func bytesOf(value any) ([]byte, bool) {
	switch v := value.(type) {
	case []byte:
		return v, true
	case string:
		return []byte(v), true
	}
	return nil, false
}

// WithPHPValues stores values of type T as PHP's serialize() writes them and
// reads what PHP nodes have written, as [cache.Key] does, for a gocache
// cache.New[T] over the store. A stored null is a miss, as it is for mosparo;
// what is no T is a [*cache.DecodeError].
func WithPHPValues[T any]() Option {
	return func(s *Store) { s.codec = codec{encode: encodePHP[T], decode: decodePHP[T]} }
}

func encodePHP[T any](key string, value any) ([]byte, error) {
	v, ok := value.(T)
	if !ok {
		return nil, &TypeError{Key: key, Got: fmt.Sprintf("%T", value), Want: reflect.TypeFor[T]().String()}
	}
	raw, err := php.Marshal(v)
	if err != nil {
		return nil, adapterkit.Error("set", []string{key}, err)
	}
	return raw, nil
}

func decodePHP[T any](key string, raw []byte) (any, error) {
	if php.IsNull(raw) {
		return nil, notFound(key, cache.ErrNull)
	}
	var v T
	if text, ok := any(&v).(*[]byte); ok {
		if b, ok := phpstring.Bytes(raw); ok { // the adapter keeps no reference to raw
			*text = b
			return v, nil
		}
	}
	if err := php.Unmarshal(raw, &v); err != nil {
		return nil, &cache.DecodeError{Key: key, Err: err}
	}
	return v, nil
}
