package dsn

import (
	"errors"
	"fmt"
)

// Error reports an address that PHP refuses, or that this module refuses although PHP can
// use it; then it unwraps to [errors.ErrUnsupported]. It does not contain the address,
// which may contain a password. For operators, "What can go wrong" in
// examples/deploy/README.md says what to do.
type Error struct {
	// Kind is "Redis", "memcached" or "database", or "cache" for an address that is
	// neither a Redis nor a memcached DSN.
	Kind string
	// Part is the setting of a database that is wrong: "driver", "host", "user", "path"
	// or "TLS"; empty for other kinds.
	Part string
	// Err says what is wrong.
	Err error
}

// Error implements error.
func (e *Error) Error() string {
	switch {
	case e.Part != "":
		return fmt.Sprintf("%s %s: %v", e.Kind, e.Part, e.Err)
	case errors.Is(e.Err, errors.ErrUnsupported):
		return fmt.Sprintf("%s DSN: %v", e.Kind, e.Err)
	}
	return fmt.Sprintf("invalid %s DSN: %v", e.Kind, e.Err)
}

// Unwrap returns Err.
func (e *Error) Unwrap() error { return e.Err }
