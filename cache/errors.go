package cache

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// Conditions that callers tell apart with [errors.Is]. The error of the server
// or client library is joined, never replaced; none contains a value or a
// secret. For operators, "What can go wrong" in examples/deploy/README.md says what to
// do about them.
var (
	// ErrNotFound: the key is absent or expired.
	ErrNotFound = errors.New("not found")
	// ErrNull: the key holds a stored PHP null. mosparo treats it like an
	// absent key, yet it is not the same: a node wrote it.
	ErrNull = errors.New("value is null")
	// ErrTooLarge: the value exceeds a limit; an earlier value stays.
	ErrTooLarge = errors.New("value too large")
	// ErrUnauthorized: the cache refuses our credentials, lacks them, or the
	// account or the file mode does not permit the operation.
	ErrUnauthorized = errors.New("not authorized")
	// ErrUnavailable: the cache cannot be reached, is loading, or did not answer in
	// time. Whether a write took effect is unknown.
	ErrUnavailable = errors.New("cache unavailable")
	// ErrReadOnly: the server is a replica or refuses writes.
	ErrReadOnly = errors.New("cache is read-only")
	// ErrFull: the server is out of memory or the disk is full.
	ErrFull = errors.New("cache is full")
	// ErrInvalidTTL: a negative lifetime, or one the backend cannot express.
	ErrInvalidTTL = errors.New("invalid lifetime")
	// ErrClosed: the adapter was closed.
	ErrClosed = errors.New("cache is closed")
)

// OpError is the failure of one cache operation. It unwraps to the sentinels
// of this package and to the error of the client library.
type OpError struct {
	// Op is the operation: "get", "set", "delete", "clear", ….
	Op string
	// Keys are those that the failure concerns.
	Keys []string
	Err  error
}

func (e *OpError) Error() string {
	var b strings.Builder
	b.WriteString("cache: ")
	b.WriteString(e.Op)
	for i, k := range e.Keys {
		if i == 3 {
			fmt.Fprintf(&b, " and %d more", len(e.Keys)-i)
			break
		}
		b.WriteByte(' ')
		b.WriteString(strconv.Quote(k))
	}
	b.WriteString(": ")
	b.WriteString(e.Err.Error())
	return b.String()
}

func (e *OpError) Unwrap() error { return e.Err }

// opError returns the [*OpError] of one key. It allocates once, since a key that is absent
// is an error as well, and the most frequent one.
func opError(op, key string, err error) error {
	e := &struct {
		OpError
		key [1]string
	}{key: [1]string{key}}
	e.OpError = OpError{Op: op, Keys: e.key[:], Err: err}
	return &e.OpError
}

// DecodeError says that the key holds bytes that are not a PHP value, or a value of
// another type than the one asked for. PHP treats undecodable bytes as a miss; those
// of a [php.ZoneError] it may be able to decode.
type DecodeError struct {
	Key string
	// Err is usually a *php.SyntaxError (with the offset) or a *php.TypeError.
	Err error
}

func (e *DecodeError) Error() string {
	return fmt.Sprintf("cache: value of %q: %v", e.Key, e.Err)
}

func (e *DecodeError) Unwrap() error { return e.Err }

// KeyError says that the key is not a valid PSR-6 key.
type KeyError struct {
	Key    string
	Reason string
}

func (e *KeyError) Error() string {
	return fmt.Sprintf("cache: key %q: %s", e.Key, e.Reason)
}

// reserved are the characters that PSR-6 does not allow in a key.
const reserved = `{}()/\@:`

// ValidateKey returns a [*KeyError] unless key is a non-empty string without
// any of {}()/\@: — the keys that PSR-6 and Symfony accept.
func ValidateKey(key string) error {
	if key == "" {
		return &KeyError{Key: key, Reason: "must not be empty"}
	}
	if i := strings.IndexAny(key, reserved); i >= 0 {
		return &KeyError{Key: key, Reason: "contains the reserved character " + strconv.Quote(key[i:i+1])}
	}
	return nil
}
