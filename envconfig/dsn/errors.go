package dsn

import (
	"errors"
	"fmt"
)

// Error is an address that Symfony refuses, or one that this module refuses
// although PHP can use it: then it unwraps to [errors.ErrUnsupported]. It never
// holds the address itself, which may contain a password.
type Error struct {
	// Kind is "Redis", "memcached", or "cache" for an address that is neither.
	Kind string
	Err  error
}

func (e *Error) Error() string {
	if errors.Is(e.Err, errors.ErrUnsupported) {
		return fmt.Sprintf("%s DSN: %v", e.Kind, e.Err)
	}
	return fmt.Sprintf("invalid %s DSN: %v", e.Kind, e.Err)
}

func (e *Error) Unwrap() error { return e.Err }
